#!/usr/bin/env bash
# Runs libFuzzer programs one after the other, each from its committed corpus.
#
# Usage: tools/fuzz.sh BUILD_FOLDER SECONDS [TARGET...]
#
# New inputs go to BUILD_FOLDER/corpus/TARGET, never to the committed corpus; what crashes goes to
# BUILD_FOLDER/findings, and the script ends with 1 then, after every target had its turn.
set -euo pipefail

build=$1
seconds=$2
shift 2
folder=$(cd "$(dirname "$0")/../tests/fuzz" && pwd)
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  mapfile -t targets < <(cd "$folder/corpus" && printf '%s\n' *)
fi

mkdir -p "$build/findings"
failed=()
for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target"
  dictionary=()
  if [ -f "$folder/dictionaries/$target.dict" ]; then
    dictionary=("-dict=$folder/dictionaries/$target.dict")
  fi
  echo "== $target, $seconds s"
  # Malformed sizes must not make allocations of gigabytes: 2 GB are a finding, as are 25 s an input.
  "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 \
    -malloc_limit_mb=1024 -print_final_stats=1 -print_funcs=0 -print_pcs=0 -artifact_prefix="$build/findings/$target-" \
    "${dictionary[@]}" "$build/corpus/$target" "$folder/corpus/$target" || failed+=("$target")
done
if [ ${#failed[@]} != 0 ]; then
  echo "findings in: ${failed[*]}; inputs are in $build/findings. Fix each, with a test that fires," \
    "and keep its input as tests/fuzz/corpus/TARGET/found-*" >&2
  exit 1
fi
