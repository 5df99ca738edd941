#!/usr/bin/env bash
# Installs what lungrt needs of the system, where it is missing and apt-get is there.
#
# Usage: tools/system_packages.sh GROUP...
#   core   a C++20 compiler, zlib, and venv and headers of the Python that PYTHON names (python3)
#   tests  GoogleTest, Google Benchmark, pkg-config, LuaJIT; GDCM and CLI11 for lungrt-native, ITK
#          for the example that uses it; dicom3tools and PixelMed's validator, which judge DICOM
#          results; Chromium, in which pages are opened, and npm for the viewer in them
#   viewer npm
#   docs   Doxygen
#   fuzz   Clang with libFuzzer
set -euo pipefail

python=${PYTHON:-python3}
missing=() names=()

# need NAME PACKAGE... -- COMMAND...: PACKAGEs of Debian are missing unless COMMAND succeeds.
need() {
  local name=$1 packages=()
  shift
  while [ "$1" != -- ]; do packages+=("$1") && shift; done
  shift
  "$@" >/dev/null 2>&1 && return
  names+=("$name") && missing+=("${packages[@]}")
}

# want NAME PACKAGE... -- COMMAND...: the same of what lungrt builds without: only apt-get is asked.
want() { if command -v apt-get >/dev/null; then need "$@"; fi; }

# Whether these headers can be included.
# No pipe: with pipefail, a compiler that ends before it has read its input would count as failed.
headers() {
  c++ -std=c++20 -x c++ -E - "${include_folders[@]}" < <(printf '#include <%s>\n' "$@")
}
include_folders=()

python_has_headers() {
  "$python" -c 'import sysconfig as s, sys, os
sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))'
}

for group in "$@"; do
  case $group in
    core)
      need "a C++20 compiler" g++ make -- headers string
      need zlib zlib1g-dev -- headers zlib.h
      need "Python's venv" python3-venv -- "$python" -c "import ensurepip, venv"
      need "Python's headers" python3-dev -- python_has_headers
      ;;
    tests)
      need GoogleTest libgtest-dev -- headers gtest/gtest.h
      need "Google Benchmark" libbenchmark-dev -- headers benchmark/benchmark.h
      need pkg-config pkg-config -- command -v pkg-config
      want LuaJIT luajit -- command -v luajit
      want npm npm -- command -v npm
      want Chromium chromium -- command -v chromium
      for folder in /usr/include/ITK-5* /usr/include/gdcm-3*; do include_folders+=("-I$folder"); done
      want "GDCM and CLI11" libgdcm-dev libcli11-dev -- headers CLI/CLI.hpp gdcmVersion.h
      want ITK libinsighttoolkit5-dev -- headers itkVersion.h
      include_folders=()
      want dicom3tools dicom3tools -- command -v dciodvfy
      want Java default-jre-headless -- command -v java
      want "PixelMed's validator" libpixelmed-java -- test -f /usr/share/java/pixelmed.jar
      ;;
    viewer) need npm npm -- command -v npm ;;
    docs) need Doxygen doxygen -- command -v doxygen ;;
    fuzz) need "Clang 16" clang-16 libclang-rt-16-dev -- command -v clang++-16 ;;
    *)
      echo "$0: unknown group '$group', expected core, tests, viewer, docs or fuzz" >&2
      exit 2
      ;;
  esac
done

[ ${#missing[@]} -gt 0 ] || exit 0
listed=$(printf ', %s' "${names[@]}")
if ! command -v apt-get >/dev/null; then
  echo "Not found: ${listed:2}. Please install them (Debian's packages: ${missing[*]}), then repeat." >&2
  exit 1
fi
echo "Installing ${listed:2}"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
