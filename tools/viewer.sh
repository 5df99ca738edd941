#!/usr/bin/env bash
# Puts NiiVue, the viewer of `lungrt diagnose --viewer`, and the licences of everything in it into
# the Python package. npm brings the versions that viewer/package-lock.json names.
#
# Usage: tools/viewer.sh, in the root of the repository
set -euo pipefail

package=python/lungrt/html_report
if ! command -v npm >/dev/null; then
  echo "npm is not found. Please install it (Debian's package: npm), then repeat make viewer." >&2
  exit 1
fi
rm -rf build/viewer && mkdir -p build/viewer
cp viewer/package.json viewer/package-lock.json build/viewer
(cd build/viewer && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)

modules=build/viewer/node_modules
{
  cat licenses/niivue.txt
  find "$modules" -iname 'license*' -type f | LC_ALL=C sort | while read -r file; do
    folder=$(dirname "${file#"$modules"/}")
    printf '\n---- %s ----\n\n' "$folder"
    cat "$file"
  done
} >"$package/niivue-licenses.txt.new"
mv "$package/niivue-licenses.txt.new" "$package/niivue-licenses.txt"
cp "$modules/@niivue/niivue/dist/niivue.umd.js" "$package/niivue.js.new"
mv "$package/niivue.js.new" "$package/niivue.js"
