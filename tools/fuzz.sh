#!/usr/bin/env bash
# Runs the libFuzzer programs one after the other, each starting from its committed corpus.
#
# Usage: tools/fuzz.sh BUILD_FOLDER SECONDS [TARGET...]
#
# New inputs are written to BUILD_FOLDER/corpus/TARGET, never to the committed corpus. Inputs that
# crash a target are written to BUILD_FOLDER/findings; the script then exits with 1, after it has
# run every target.
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
  # An input that takes 25 s or 2 GB of memory (e.g. because of a malformed size) is a finding.
  "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 \
    -malloc_limit_mb=1024 -print_final_stats=1 -print_funcs=0 -print_pcs=0 \
    -artifact_prefix="$build/findings/$target-" \
    "${dictionary[@]}" "$build/corpus/$target" "$folder/corpus/$target" || failed+=("$target")
done
if [ ${#failed[@]} != 0 ]; then
  echo "crashes in: ${failed[*]}; their inputs are in $build/findings. Fix each one, add a test" \
    "that fails without the fix, and keep the input as tests/fuzz/corpus/TARGET/found-*" >&2
  exit 1
fi
