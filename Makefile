# The front door. `make setup` brings everything the other targets need and is safe to repeat.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
BUILD  := build/python

# The ONNX Runtime engine needs headers that its Python package lacks; off builds without it.
ONNXRUNTIME ?= on

# What `make demo` runs on: trained checkpoints and a chest CT (folder of DICOM files, .mhd, .nii.gz, ...), or, where one of
# them is missing, the default models and a phantom.
REFERENCE    ?= ../shared/reference
SEGMENTATION ?= $(firstword $(wildcard $(REFERENCE)/checkpoints/seg_*.state))
NODULE       ?= $(firstword $(wildcard $(REFERENCE)/checkpoints/cls_*.state))
CT           ?= $(firstword $(wildcard $(REFERENCE)/ct/LIDC-IDRI-0001))

CXX_SOURCES = $(shell git ls-files 'cpp/*.h' 'cpp/*.c' 'cpp/*.cpp' 'cpp/*.cu' 'cpp/*.cuh' 'python/bindings/*.h' 'python/bindings/*.cpp' 'tests/*.h' 'tests/*.cpp' 'docs/*.cpp')

# That share the Python tests, most of which keep one core busy.
TEST_PROCESSES ?= 2

FINETUNE = $(BIN)/lungrt train malignancy --data "$(REFERENCE)/crops" --finetune "$(NODULE)" \
	--epochs 20 --draws 96 --optimizer adam --lr 0.001

.DEFAULT_GOAL := help
.PHONY: help system headers setup build data demo demo-phantom train-defaults finetune test test-cpp test-python lint types format bench bench-ops sanitize sanitize-threads docs docs-system fuzz stress nightly clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-17s %s\n", $$1, $$2}'

system:
	@if ! printf '#include <gtest/gtest.h>\n#include <benchmark/benchmark.h>\n' | c++ -std=c++20 -x c++ -E - >/dev/null 2>&1; then \
	  echo "installing a C++ compiler, GoogleTest and Google Benchmark"; \
	  if ! command -v apt-get >/dev/null; then \
	    echo "please install a C++20 compiler, GoogleTest and Google Benchmark, then repeat" >&2; exit 1; fi; \
	  run=; [ "$$(id -u)" = 0 ] || run=sudo; \
	  $$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq g++ make libgtest-dev libbenchmark-dev >/dev/null; fi
	@if command -v apt-get >/dev/null && ! printf '#include <CLI/CLI.hpp>\n#include <itkVersion.h>\n#include <gdcmVersion.h>\n' | \
	    c++ -std=c++20 $(addprefix -I,$(wildcard /usr/include/ITK-5* /usr/include/gdcm-3*)) -x c++ -E - >/dev/null 2>&1; then \
	  echo "installing ITK, GDCM and CLI11, which lungrt-native is built with"; \
	  run=; [ "$$(id -u)" = 0 ] || run=sudo; \
	  $$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends libinsighttoolkit5-dev libgdcm-dev libcli11-dev >/dev/null; fi
	@if ! command -v pkg-config >/dev/null || { command -v apt-get >/dev/null && ! command -v luajit >/dev/null; }; then \
	  echo "installing pkg-config and LuaJIT, for the tests of the installed package and of the C ABI"; \
	  if ! command -v apt-get >/dev/null; then echo "please install pkg-config, then repeat" >&2; exit 1; fi; \
	  run=; [ "$$(id -u)" = 0 ] || run=sudo; \
	  $$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq pkg-config luajit >/dev/null; fi

headers:
	@if [ "$(ONNXRUNTIME)" = on ]; then $(PYTHON) tools/onnxruntime_headers.py build/onnxruntime/include; fi

$(VENV)/.build-requirements: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch numpy scikit-build-core pybind11 nlohmann-json cmake ninja
	touch $@

setup: build  ## environment in .venv, compiled package, everything the other targets need

build: system headers $(VENV)/.build-requirements
	$(PIP) --no-build-isolation --editable '.[test,lint,docs]' \
	  --config-settings=build-dir=$(BUILD) \
	  --config-settings=cmake.define.LUNGRT_BUILD_TESTS=ON \
	  --config-settings=cmake.define.LUNGRT_BUILD_BENCHMARKS=ON \
	  --config-settings=cmake.define.LUNGRT_BUILD_STATIC=ON \
	  --config-settings=cmake.define.LUNGRT_BUILD_IO=AUTO \
	  --config-settings=cmake.define.LUNGRT_WARNINGS_AS_ERRORS=ON \
	  --config-settings=cmake.define.LUNGRT_ENGINE_ONNXRUNTIME=$(ONNXRUNTIME)

data:
	@if [ -z "$(SEGMENTATION)" ] || [ -z "$(NODULE)" ] || [ -z "$(CT)" ]; then \
	  echo "This needs two trained checkpoints and a chest CT, e.g. the .state files of the public code of"; \
	  echo "'Deep Learning with PyTorch' (part 2) and a CT of LIDC-IDRI (The Cancer Imaging Archive); then"; \
	  echo "  make $(MAKECMDGOALS) SEGMENTATION=seg.state NODULE=cls.state CT=folder-of-dicom-files"; exit 1; fi

ifneq ($(and $(SEGMENTATION),$(NODULE),$(CT)),)
demo: setup  ## checkpoints to a bundle, a CT to a diagnosis (SEGMENTATION= NODULE= CT= for your own; else demo-phantom)
	$(BIN)/lungrt export --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" --output demo/bundle --force
	$(BIN)/lungrt diagnose "$(CT)" --bundle demo/bundle --output demo/report.json
else
demo: demo-phantom
endif

demo-phantom: setup  ## the same with nothing at hand: default models, a phantom chest, found against planted nodules
	rm -rf demo/phantom demo/phantom-reports
	$(BIN)/lungrt phantom --seed 7 --nodules 6 --output demo/phantom
	$(BIN)/lungrt export --output demo/phantom-bundle --force
	mkdir -p demo/phantom-reports
	@# A report is its scan's by its name: the file has no UID inside.
	scan=$$(echo demo/phantom/subset0/*.mhd) && $(BIN)/lungrt diagnose $$scan --bundle demo/phantom-bundle --candidates \
	  --output demo/phantom-reports/$$(basename $$scan .mhd).json
	$(BIN)/lungrt evaluate --reports demo/phantom-reports --data demo/phantom --output demo/phantom.html

train-defaults: setup  ## the default models once more, from phantoms made for it (about an hour on two cores)
	$(BIN)/python tools/train_defaults.py

finetune: data setup  ## the nodule classifier to malignancy on rated crops: scores of unseen patients, then the third stage on the CT
	@mkdir -p build/finetune
	$(FINETUNE) --finetune-depth 1 --cross-validate 5 --report build/finetune/depth-1.json
	$(FINETUNE) --finetune-depth 2 --cross-validate 5 --report build/finetune/depth-2.json
	$(FINETUNE) --finetune-depth 2 --leave-out 0 --validation-share 0 --test-share 0 \
	  --output build/finetune/malignancy.state --log-dir build/finetune/logs
	$(BIN)/lungrt export --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" \
	  --malignancy build/finetune/malignancy.state --output build/finetune/bundle --force
	$(BIN)/lungrt diagnose "$(CT)" --bundle build/finetune/bundle --output build/finetune/report.json

test: setup lint docs test-cpp test-python  ## everything that continuous integration checks

test-cpp: build
	$(BIN)/ctest --test-dir $(BUILD) --output-on-failure

test-python: build
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --no-loadscope-reorder

lint:  ## formatting, lint and types
	$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(MAKE) --no-print-directory types

types:
	@rm -rf build/types && mkdir -p build/types/lungrt
	@ln -s $(CURDIR)/python/lungrt/* $(CURDIR)/export build/types/lungrt/
	$(BIN)/mypy

format:  ## rewrites sources the way lint wants them
	$(BIN)/clang-format -i $(CXX_SOURCES)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs-system:
	@if ! command -v doxygen >/dev/null; then \
	  echo "installing Doxygen"; \
	  if ! command -v apt-get >/dev/null; then echo "please install Doxygen, then repeat" >&2; exit 1; fi; \
	  run=; [ "$$(id -u)" = 0 ] || run=sudo; \
	  $$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends doxygen >/dev/null; fi

docs: build docs-system  ## the documentation site, from the sources: build/docs/index.html; warnings are errors
	rm -rf build/docs build/doxygen && mkdir -p build/docs
	doxygen docs/Doxyfile
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

bench: data setup  ## every engine against eager PyTorch on the reference CT; rewrites README's table and picture
	$(BIN)/lungrt export --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" --output build/bench/bundle --force
	$(BIN)/lungrt compile build/bench/bundle --size 512x512 --size 128x128
	$(BIN)/lungrt bench build/bench/bundle "$(CT)" --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" \
	  --output docs/benchmark.svg --output build/bench/benchmark.json --output build/bench/benchmark.csv \
	  --profile lung --markdown README.md $(BENCH_OPTIONS)

bench-ops: build  ## Google Benchmark suite of what lies between the networks
	$(BUILD)/cpp/lungrt_bench $(BENCH_OPTIONS)

sanitize: setup  ## the C++ tests under address and undefined-behaviour sanitizers
	$(BIN)/cmake --preset asan && $(BIN)/cmake --build --preset asan && $(BIN)/ctest --preset asan

sanitize-threads: setup  ## the C++ tests under the thread sanitizer, without LibTorch and ONNX Runtime
	$(BIN)/cmake --preset tsan && $(BIN)/cmake --build --preset tsan && $(BIN)/ctest --preset tsan

fuzz: setup  ## libFuzzer programs with sanitizers, each for SECONDS=60 (TARGETS=... for some)
	@if ! command -v clang++-16 >/dev/null; then \
	  run=; [ "$$(id -u)" = 0 ] || run=sudo; \
	  $$run apt-get update -qq && $$run env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends clang-16 libclang-rt-16-dev >/dev/null; fi
	$(BIN)/cmake --preset fuzz && $(BIN)/cmake --build --preset fuzz
	tools/fuzz.sh build/fuzz $(or $(SECONDS),60) $(TARGETS)

stress: setup  ## 16 threads, kill -9, and memory over RUNS=1000 runs of each engine
	LUNGRT_STRESS_RUNS=$(or $(RUNS),1000) $(BIN)/python -m pytest tests/python/stress -rP

nightly: sanitize sanitize-threads fuzz stress  ## every check that is too long for continuous integration

clean:  ## removes what was built, keeps the environment
	rm -rf build demo docs/reference/generated
