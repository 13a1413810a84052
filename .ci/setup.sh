# shellcheck shell=bash disable=SC2034,SC2154
# Shared by examples/quickstart.sh and tests/run.sh; sourced, not run. Expects $root, the repository.

build_packages="g++ cmake ninja-build ccache pkg-config libboost-dev libyaml-cpp-dev nlohmann-json3-dev
  libsqlite3-dev libre2-dev libcli11-dev libfmt-dev libssl-dev libeigen3-dev git python3 python3-venv
  python3-sklearn"

# Clones in different folders share what was compiled before.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '%s\n' "== $*" >&2; }
die() { printf '%s\n' "error: $*" >&2; exit 1; }

# install_missing PACKAGE...: installs those that are not there yet; does nothing when all are.
install_missing() {
  local package missing=() super=()
  command -v apt-get >/dev/null ||
    die "this script installs Debian packages, and this machine has no apt-get; install these yourself: $*"
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || die "run as root, or install sudo; missing packages: ${missing[*]}"
    super=(sudo)
  fi
  say "installing ${missing[*]}"
  # Package lists may be absent on a fresh machine, or too old to match the servers.
  "${super[@]}" apt-get update -qq </dev/null ||
    die "cannot read the package lists; is there a network? missing packages: ${missing[*]}"
  "${super[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
    --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
    die "cannot install ${missing[*]}"
}

# use_debian_python: puts .venv first on PATH, a virtual environment over the system's Python, so that
# it does not matter which Python is first otherwise. Debian's packages (scikit-learn) show through.
use_debian_python() {
  local venv=$root/.venv
  if ! "$venv/bin/python" -c 'import sklearn' 2>/dev/null; then
    say "making $venv"
    rm -rf "$venv"
    /usr/bin/python3 -m venv --system-site-packages --without-pip "$venv"
    "$venv/bin/python" -c 'import sklearn' || die "$venv/bin/python cannot import sklearn (package python3-sklearn)"
  fi
  export PATH=$venv/bin:$PATH
}

# build PRESET [cmake option...] -- [target...]: configures when needed and builds.
build() {
  local preset=$1 options=() version
  shift
  while [[ $# -gt 0 && $1 != -- ]]; do options+=("$1"); shift; done
  [[ $# -eq 0 ]] || shift
  version=$(cmake --version | sed -n '1s/[^0-9]*//p')
  [[ $(printf '%s\n' 3.25 "$version" | sort -V | head -n 1) == 3.25 ]] ||
    die "CMake 3.25 or newer is needed, found $version (Debian 12 and Ubuntu 24.04 have it)"
  if ! (cd "$root" && cmake --preset "$preset" "${options[@]}" >"$root/build/$preset.configure.log" 2>&1); then
    cat "$root/build/$preset.configure.log" >&2
    die "cannot configure the preset $preset"
  fi
  say "building $preset"
  if [[ $# -gt 0 ]]; then
    cmake --build "$root/build/$preset" --target "$@" >&2
  else
    cmake --build "$root/build/$preset" >&2
  fi
}
