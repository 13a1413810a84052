#!/usr/bin/env bash
# Installs what the tests need, builds, and runs them. The last line is `N passed, N failed`.
#   tests/run.sh            unit, contract and end-to-end tests of the dev build, Python, examples
#   tests/run.sh --asan     the same tests in a build by Clang with address and undefined-behaviour sanitizers
#   tests/run.sh --tsan     the C++ tests in a build with the thread sanitizer
#   tests/run.sh --clang    compiles everything with Clang, warnings as errors (--asan does it too)
#   tests/run.sh --format   clang-format finds nothing to change; includes point the right way
#   tests/run.sh --tidy     clang-tidy over the product's sources, changed ones first, for seven minutes at most
#   tests/run.sh --fuzz     every fuzzer for 60 seconds
#   tests/run.sh --coverage line coverage of the C++ tests, as a page in build/coverage/report
#   tests/run.sh --all      everything but --clang and --coverage
# Several may be given. Options after -- go to ctest, for example `-- -R Bandit`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/.ci/setup.sh"

test_packages="libgtest-dev libgmock-dev libbenchmark-dev clang clang-tidy clang-format libclang-rt-14-dev python3-pip faketime openssh-client openssh-server"
tidy_seconds=420
fuzz_seconds=60

steps=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --all) steps=(dev asan tsan format tidy fuzz) ;;
    --dev | --asan | --tsan | --clang | --coverage | --format | --tidy | --fuzz) steps+=("${1#--}") ;;
    --) shift; break ;;
    *) die "unknown option $1; the first lines of $0 list them" ;;
  esac
  shift
done
[[ ${#steps[@]} -gt 0 ]] || steps=(dev)
ctest_options=("$@")

mkdir -p "$root/build"
counts=$root/build/test-counts
: >"$counts"
count() { echo "$1 $2" >>"$counts"; }
# one COMMAND...: a check that passes or fails as a whole.
one() { if ("$@"); then count 1 0; else count 0 1; say "failed: $*"; fi; }
# The closing line comes whatever happens; what stopped the script counts as a failure.
finish() {
  local status=$?
  ((status == 0)) || count 0 1
  awk '{p += $1; f += $2} END {print p + 0 " passed, " f + 0 " failed"; exit f > 0 || p == 0}' "$counts" || status=1
  exit "$status"
}

# ctest_of PRESET: runs the C++ tests of a build and counts them.
ctest_of() {
  local report=$root/build/$1/ctest.xml line
  say "C++ tests of $1"
  rm -f "$report"
  (cd "$root/build/$1" && ctest -j "$(nproc)" --output-on-failure --no-tests=error --output-junit "$report" \
    "${ctest_options[@]}" </dev/null) || true
  line=$(sed -n '/<testsuite /,/>/p' "$report" 2>/dev/null | tr '\n' ' ')
  if [[ $line =~ tests=\"([0-9]+)\".*failures=\"([0-9]+)\".*disabled=\"([0-9]+)\".*skipped=\"([0-9]+)\" ]]; then
    count $((BASH_REMATCH[1] - BASH_REMATCH[2] - BASH_REMATCH[3] - BASH_REMATCH[4])) "${BASH_REMATCH[2]}"
  else
    count 0 1
    say "no report of ctest in $report"
  fi
}

# python_suites FOLDER...: unittest suites below tests/, run by $PYTHON or the first Python on PATH.
python_suites() { "${PYTHON:-python3}" "$root/tests/runner.py" --counts "$counts" "$@" </dev/null || true; }

sources() { (cd "$root" && git ls-files -co --exclude-standard '*.h' '*.cc'); }

step_dev() {
  build dev
  ctest_of dev
  say "Python packages"
  # The oldest and the newest Python that can be found beside the system's own.
  local other
  python_suites "$root/tests/python"
  for other in "${HOME:-/root}"/.pyenv/versions/3.{6,13}.*/bin/python; do
    if [[ -x $other ]]; then PYTHON=$other python_suites "$root/tests/python"; fi
  done
  # Real clients, which Debian does not have; the tests that need them say so.
  if ! python3 -c 'import tensorboardX, tensorboard, lightgbm, xgboost' 2>/dev/null; then
    /usr/bin/python3 -m pip --python "$root/.venv/bin/python" --disable-pip-version-check install -q \
      --retries 1 --timeout 10 tensorboardX tensorboard lightgbm xgboost-cpu || say "some clients cannot be installed"
  fi
  say "end-to-end tests"
  HDRIVE_BINARY=$root/build/dev/bin/hdrive python_suites "$root/tests/e2e"
}

step_asan() {
  export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  build asan-ubsan -DHD_BUILD_BENCHMARKS=OFF
  ctest_of asan-ubsan
  say "end-to-end tests with sanitizers"
  # Installing builds the library anew, without sanitizers; one line of MLflow clients says as much as two.
  HDRIVE_BINARY=$root/build/asan-ubsan/bin/hdrive python_suites --without test_install --without MlflowTwo "$root/tests/e2e"
  unset ASAN_OPTIONS UBSAN_OPTIONS
}

step_tsan() {
  build tsan -DHD_BUILD_BENCHMARKS=OFF
  TSAN_OPTIONS=halt_on_error=1 ctest_of tsan
}

step_clang() { one build clang -DHD_BUILD_BENCHMARKS=OFF; }

step_coverage() {
  install_missing gcovr
  build coverage -DHD_BUILD_BENCHMARKS=OFF
  ctest_of coverage
  say "lines that the tests reached"
  mkdir -p "$root/build/coverage/report"
  (cd "$root" && gcovr --root . --object-directory build/coverage --exclude 'tests/' --exclude 'build/' \
    --exclude-unreachable-branches --gcov-ignore-parse-errors --print-summary \
    --html-details build/coverage/report/index.html build/coverage | tail -4)
}

step_format() {
  say "clang-format and the direction of includes"
  one check_format
  one "$root/.ci/check_includes.py"
}
check_format() { (cd "$root" && sources | xargs clang-format --dry-run -Werror); }

step_tidy() {
  say "clang-tidy"
  one check_tidy
}
check_tidy() {
  local end=$((SECONDS + tidy_seconds)) changed all file left=0 bad=0
  [[ -f $root/build/dev/compile_commands.json ]] || build dev || return 1
  changed=$(cd "$root" && git diff --name-only --diff-filter=d HEAD~20 -- '*.cc' 2>/dev/null) || changed=
  all=$(printf '%s\n' "$changed" "$(sources | grep '\.cc$')" |
    awk '/^(engine|samplers|policies|executors|cli)\// && !seen[$0]++')
  for file in $all; do
    grep -q "/$file\"" "$root/build/dev/compile_commands.json" || continue
    if ((SECONDS >= end)); then left=$((left + 1)); continue; fi
    while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || bad=1; done
    (cd "$root" && clang-tidy -p build/dev --quiet --warnings-as-errors='*' "$file" 2>/dev/null) &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n || bad=1; done
  ((left == 0)) || say "clang-tidy: $left files were not reached in $tidy_seconds seconds"
  return $bad
}

step_fuzz() {
  local names name pair
  mapfile -t names < <(cd "$root/tests/fuzz" && basename -s .cc fuzz_*.cc)
  build fuzz -DHD_BUILD_BENCHMARKS=OFF -- "${names[@]}"
  # Two at a time: that is how many processors there are for certain.
  while ((${#names[@]} > 0)); do
    pair=("${names[@]:0:2}")
    names=("${names[@]:2}")
    for name in "${pair[@]}"; do one fuzz "$name" & done
    wait
  done
}
# fuzz NAME: what it finds lies in build/fuzz.
fuzz() {
  local folder folders=("$root/build/fuzz/found/$1")
  say "$1 for $fuzz_seconds seconds"
  mkdir -p "${folders[0]}"
  for folder in "$root/tests/fuzz/corpus/$1" "$root/tests/fuzz/regressions/$1"; do
    if [[ -d $folder ]]; then folders+=("$folder"); fi
  done
  "$root/build/fuzz/tests/fuzz/$1" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 \
    -verbosity=0 -artifact_prefix="$root/build/fuzz/$1-" "${folders[@]}"
}

trap finish EXIT
needed="$build_packages $test_packages"
# shellcheck disable=SC2086  # lists of words
install_missing $needed
use_debian_python
for step in "${steps[@]}"; do
  # A step that cannot go on (its build fails) fails alone; bash heeds `set -e` only outside conditions.
  set +e
  (set -e; "step_$step")
  status=$?
  set -e
  ((status == 0)) || { count 0 1; say "the step $step stopped before its end"; }
done
