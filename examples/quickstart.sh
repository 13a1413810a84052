#!/usr/bin/env bash
# From a fresh clone to a finished sweep: installs what is missing (Debian 12, Ubuntu 24.04 or newer; as
# root or with sudo), builds hdrive, tunes the digits example and shows its best child run.
# A second run installs and builds nothing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/.ci/setup.sh"

mkdir -p "$root/build"
# shellcheck disable=SC2086  # a list of words
install_missing $build_packages
use_debian_python
build release -DHD_BUILD_TESTS=OFF -DHD_BUILD_BENCHMARKS=OFF -- hdrive hdrive-agent hdrive-supervisor
export PATH=$root/build/release/bin:$PATH

say "tuning examples/digits: 24 child runs, two at a time"
cd "$root/examples/digits"
metadata=$root/build/quickstart.json
hdrive run submit-hyperdrive -e digits -c digits --hyperdrive-configuration-name hdconfig.yml \
  -t "$metadata" -o none train.py
run=$(sed -n 's/^ *"runId": *"\(HD_[^"_]*\)".*/\1/p' "$metadata" | head -n 1)

say "the best child run"
best=$(hdrive run best -r "$run")
printf '%s\n' "$best"
cat >&2 <<END

Its model: $(sed -n 's/^ *"outputs": *"\(.*\)".*/\1/p' <<<"$best")/model.joblib
More to try in examples/digits, with PATH=$root/build/release/bin:$root/.venv/bin:\$PATH
  hdrive run children -r $run -o table
  hdrive run metrics -r $run
  hdrive run explain -r ${run}_0
END
