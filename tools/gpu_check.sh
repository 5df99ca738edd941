#!/usr/bin/env bash
# Builds, tests and measures the CUDA code on a machine with a GPU, which needs no internet access:
#
#   tools/gpu_check.sh prepare FOLDER --checkpoints DIR --ct DIR [--ct DIR ...] [--golden DIR]
#   tools/gpu_check.sh run FOLDER
#
# `prepare` runs on a machine with internet access and fills FOLDER with everything that the GPU
# machine may lack: headers of nlohmann-json, zlib, GoogleTest's sources, Python wheels, the
# checkpoints, the CTs as arrays and, for a machine without nvcc, the CUDA core of this build.
#
# `run` runs on the GPU machine. It needs Python 3.10 or newer with a CUDA build of torch, CMake,
# Ninja, pybind11 and scikit-build-core. It exports the bundles there, because artifacts of one
# torch may not load in another. It prints the tests' results, a table that compares the time of
# each kernel with the least time that its memory traffic takes, and the median times of whole
# diagnoses. FOLDER/results keeps all of this.
set -euo pipefail
ROOT="$(cd "$(dirname "$0")/.." && pwd)"

usage() {
  sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
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
    fail "GoogleTest's sources are not in $GTEST_SOURCE; install libgtest-dev or set GTEST_SOURCE"
  cp -r "$GTEST_SOURCE" "$FOLDER/googletest"
  mkdir -p "$FOLDER"/prefix/{include,lib}
  cp /usr/include/{zlib,zconf}.h "$FOLDER/prefix/include/" &&
    cp -L "$(c++ -print-file-name=libz.so)" "$FOLDER/prefix/lib/" ||
    fail "zlib was not found; install zlib1g-dev"
  # Packages that lungrt and its GPU tests need in addition to torch and NumPy.
  "$python" -m pip download --quiet --no-deps --only-binary=:all: \
    --python-version "${TARGET_PYTHON:-3.12}" --platform manylinux_2_28_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --constraint "$ROOT/constraints.txt" --dest "$FOLDER/wheels" \
    SimpleITK typer rich click shellingham markdown-it-py mdurl pygments annotated-doc \
    safetensors onnx onnxscript onnx_ir ml_dtypes protobuf scipy \
    pytest pluggy iniconfig packaging hypothesis sortedcontainers psutil
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
  if ! command -v nvcc >/dev/null && [ ! -x /usr/local/cuda/bin/nvcc ] &&
    [ -z "${CUDACXX:-}" ]; then
    echo "gpu_check: nvcc was not found; the prebuilt CUDA core in $FOLDER/prebuilt is used"
    cuda=OFF
  fi
  cmake -S "$FOLDER/googletest" -B "$FOLDER/build/googletest" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_GMOCK=OFF -DCMAKE_INSTALL_PREFIX="$FOLDER/prefix" >"$RESULTS/build.log"
  cmake --build "$FOLDER/build/googletest" --target install >>"$RESULTS/build.log"
  CMAKE_PREFIX_PATH="$FOLDER/prefix" "$python" -m pip install --quiet --no-index --no-deps \
    --no-build-isolation \
    --config-settings=build-dir="$FOLDER/build/lungrt" \
    --config-settings=cmake.define.LUNGRT_BUILD_TESTS=ON \
    --config-settings=cmake.define.LUNGRT_CUDA=$cuda \
    --config-settings=cmake.define.LUNGRT_ENGINE_AOTINDUCTOR=OFF \
    --config-settings=cmake.define.LUNGRT_NLOHMANN_JSON_INCLUDE="$FOLDER/include" \
    "$ROOT" >>"$RESULTS/build.log" 2>&1 ||
    { tail -40 "$RESULTS/build.log" >&2; fail "the build failed; its log is $RESULTS/build.log"; }
  BUILT=$FOLDER/build/lungrt
  CORE=$BUILT/cpp/liblungrt_cuda.so
  BENCH=$BUILT/cpp/bench/cuda/lungrt_cuda_bench
  DEVICE_TESTS=$BUILT/tests/cpp/lungrt_device_tests
  if [ $cuda = OFF ]; then
    CORE=$FOLDER/prebuilt/liblungrt_cuda.so
    BENCH=$FOLDER/prebuilt/lungrt_cuda_bench
    # The same program; LUNGRT_CUDA_CORE tells it which core to test.
    DEVICE_TESTS=$BUILT/tests/cpp/lungrt_fake_device_tests
    [ -f "$CORE" ] ||
      fail "no nvcc, and no CUDA core in $FOLDER/prebuilt; build lungrt before you run prepare"
    local print_package='import importlib.util as u
print(u.find_spec("lungrt").submodule_search_locations[0])'
    cp "$CORE" "$("$python" -c "$print_package")/"
  fi
}

run() {
  FOLDER=$(cd "$FOLDER" && pwd)
  RESULTS=$FOLDER/results
  mkdir -p "$RESULTS"
  build
  local failed=0 python=$FOLDER/venv/bin/python
  echo "== kernels on the GPU compared with the CPU's operators"
  LUNGRT_CUDA_CORE=$CORE "$DEVICE_TESTS" 2>&1 | tee "$RESULTS/kernels.log" || failed=1
  if grep -q SKIPPED "$RESULTS/kernels.log"; then failed=1; fi
  echo "== engines on the GPU compared with golden files and the CPU"
  (cd "$ROOT" && LUNGRT_GPU_CHECK=$FOLDER "$python" -m pytest -m gpu \
    tests/parity/test_cuda_path.py -p no:cacheprovider) 2>&1 | tee "$RESULTS/parity.log" || failed=1
  echo "== time of each kernel, and the least time that its memory traffic takes"
  "$BENCH" | tee "$RESULTS/kernels.csv" | column -s, -t || failed=1
  echo "== whole diagnoses, median seconds"
  "$python" "$ROOT/tools/gpu_pipeline.py" measure "$FOLDER" \
    --output "$RESULTS/pipeline.json" || failed=1
  [ $failed = 0 ] || fail "something above failed; the logs are in $RESULTS"
}

case $COMMAND in
  prepare) prepare "$@" ;;
  run) run ;;
  *) usage ;;
esac
