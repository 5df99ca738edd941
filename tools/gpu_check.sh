#!/usr/bin/env bash
# Builds, checks and measures the CUDA path on a machine with a GPU, which needs no internet:
#
#   tools/gpu_check.sh prepare FOLDER --checkpoints DIR --ct DIR [--ct DIR ...] [--golden DIR]
#   tools/gpu_check.sh run FOLDER
#
# `prepare`, where there is internet, fills FOLDER with what such a machine may lack: headers of nlohmann-json, GoogleTest's sources, Python
# wheels, the checkpoints, the CTs as arrays, and the CUDA core as it was built here, for a machine without nvcc.
# `run`, on the GPU machine, expects Python 3.10 or newer with torch (CUDA), CMake, Ninja, pybind11 and scikit-build-core; bundles are exported
# there, since artifacts of one torch need not load in another. It prints the tests' results, a table of the kernels
# beside the floor that memory sets, and the medians of whole diagnoses; everything is kept in FOLDER/results.
set -euo pipefail
ROOT="$(cd "$(dirname "$0")/.." && pwd)"

usage() {
  sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
[ $# -ge 2 ] || usage
COMMAND=$1
FOLDER=$2
shift 2

fail() {
  echo "gpu_check: $*" >&2
  exit 1
}

prepare() {
  local python=${PYTHON:-$ROOT/.venv/bin/python} checkpoints="" golden="" cts=()
  while [ $# -gt 0 ]; do
    case $1 in
      --checkpoints) checkpoints=$2 ;;
      --ct) cts+=("$2") ;;
      --golden) golden=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
  [ -n "$checkpoints" ] && [ ${#cts[@]} -gt 0 ] || usage
  mkdir -p "$FOLDER"/{include,wheels,checkpoints,ct,golden,prebuilt}

  local json
  json=$("$python" -c 'import nlohmann_json, os; print(os.path.dirname(nlohmann_json.__file__))') ||
    fail "nlohmann-json is not installed in $python"
  cp -r "$json/include/nlohmann" "$FOLDER/include/"
  [ -d "${GTEST_SOURCE:=/usr/src/googletest}/googletest" ] ||
    fail "GoogleTest's sources are not at $GTEST_SOURCE; install libgtest-dev, or name them in GTEST_SOURCE"
  cp -r "$GTEST_SOURCE" "$FOLDER/googletest"
  # What the package and its GPU tests need there besides torch and NumPy.
  "$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version "${TARGET_PYTHON:-3.12}" \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --constraint "$ROOT/constraints.txt" --dest "$FOLDER/wheels" \
    SimpleITK typer rich click shellingham markdown-it-py mdurl pygments annotated-doc safetensors onnx onnxscript \
    onnx_ir ml_dtypes protobuf scipy pytest pluggy iniconfig packaging hypothesis sortedcontainers psutil
  cp "$checkpoints"/*.state "$FOLDER/checkpoints/"
  [ -z "$golden" ] || cp -r "$golden/." "$FOLDER/golden"
  "$python" "$ROOT/tools/gpu_pipeline.py" convert "$FOLDER/ct" "${cts[@]}"
  for built in cpp/liblungrt_cuda.so cpp/bench/cuda/lungrt_cuda_bench; do
    [ ! -f "$ROOT/build/python/$built" ] ||
      cp "$ROOT/build/python/$built" "$FOLDER/prebuilt/"
  done
  echo "gpu_check: $FOLDER is ready: $(du -sh "$FOLDER" | cut -f1)"
}

build() {
  local python=$FOLDER/venv/bin/python
  [ -x "$python" ] || "${PYTHON:-python3}" -m venv --system-site-packages "$FOLDER/venv"
  "$python" -m pip install --quiet --no-index --no-deps "$FOLDER"/wheels/*.whl
  local cuda=AUTO
  if ! command -v nvcc >/dev/null && [ ! -x /usr/local/cuda/bin/nvcc ] && [ -z "${CUDACXX:-}" ]; then
    echo "gpu_check: no nvcc here, the CUDA core that was carried along is used"
    cuda=OFF
  fi
  cmake -S "$FOLDER/googletest" -B "$FOLDER/build/googletest" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_GMOCK=OFF -DCMAKE_INSTALL_PREFIX="$FOLDER/prefix" >"$RESULTS/build.log"
  cmake --build "$FOLDER/build/googletest" --target install >>"$RESULTS/build.log"
  CMAKE_PREFIX_PATH="$FOLDER/prefix" "$python" -m pip install --quiet --no-index --no-deps --no-build-isolation \
    --config-settings=build-dir="$FOLDER/build/lungrt" \
    --config-settings=cmake.define.LUNGRT_BUILD_TESTS=ON \
    --config-settings=cmake.define.LUNGRT_CUDA=$cuda \
    --config-settings=cmake.define.LUNGRT_ENGINE_AOTINDUCTOR=OFF \
    --config-settings=cmake.define.LUNGRT_NLOHMANN_JSON_INCLUDE="$FOLDER/include" \
    "$ROOT" >>"$RESULTS/build.log" 2>&1 || { tail -40 "$RESULTS/build.log" >&2; fail "the build failed"; }
  BUILT=$FOLDER/build/lungrt
  CORE=$BUILT/cpp/liblungrt_cuda.so
  BENCH=$BUILT/cpp/bench/cuda/lungrt_cuda_bench
  DEVICE_TESTS=$BUILT/tests/cpp/lungrt_device_tests
  if [ $cuda = OFF ]; then
    CORE=$FOLDER/prebuilt/liblungrt_cuda.so
    BENCH=$FOLDER/prebuilt/lungrt_cuda_bench
    DEVICE_TESTS=$BUILT/tests/cpp/lungrt_fake_device_tests  # the same program; the core is named to it
    [ -f "$CORE" ] || fail "there is neither nvcc nor a CUDA core in $FOLDER/prebuilt"
    cp "$CORE" "$("$python" -c 'import importlib.util as u; print(u.find_spec("lungrt").submodule_search_locations[0])')/"
  fi
}

run() {
  FOLDER=$(cd "$FOLDER" && pwd)
  RESULTS=$FOLDER/results
  mkdir -p "$RESULTS"
  build
  local failed=0 python=$FOLDER/venv/bin/python
  echo "== kernels on the device against the CPU's operators"
  LUNGRT_CUDA_CORE=$CORE "$DEVICE_TESTS" 2>&1 | tee "$RESULTS/kernels.log" || failed=1
  if grep -q SKIPPED "$RESULTS/kernels.log"; then failed=1; fi
  echo "== engines on the device against golden files and the CPU"
  (cd "$ROOT" && LUNGRT_GPU_CHECK=$FOLDER "$python" -m pytest -m gpu tests/parity/test_cuda_path.py -p no:cacheprovider) \
    2>&1 | tee "$RESULTS/parity.log" || failed=1
  echo "== each kernel beside its memory floor"
  "$BENCH" | tee "$RESULTS/kernels.csv" | column -s, -t || failed=1
  echo "== whole diagnoses, medians"
  "$python" "$ROOT/tools/gpu_pipeline.py" measure "$FOLDER" --output "$RESULTS/pipeline.json" || failed=1
  [ $failed = 0 ] || fail "something above failed; the logs are in $RESULTS"
}

case $COMMAND in
  prepare) prepare "$@" ;;
  run) run ;;
  *) usage ;;
esac
