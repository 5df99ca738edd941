# The front door: `make help` lists the targets. Each installs what it needs and is safe to repeat.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Two builds, each in a folder of its own: everything, for development and tests, and the core
# alone, which is all that a first diagnosis needs.
BUILD      := build/python
DEMO_BUILD := build/demo
EDITABLE    = $(PIP) --no-build-isolation --editable
DEFINE     := --config-settings=cmake.define.

# A newer compiler warns of more: that stops continuous integration, never somebody's first build.
WARNINGS_AS_ERRORS ?= $(if $(CI),ON,OFF)

# The ONNX Runtime engine needs headers that its Python package lacks; off builds without it.
ONNXRUNTIME ?= on

# What `make demo` runs on: trained checkpoints and a chest CT (a folder of DICOM files, .mhd,
# .nii.gz, ...), or, where one of them is missing, the default models and a phantom.
REFERENCE    ?= ../shared/reference
SEGMENTATION ?= $(firstword $(wildcard $(REFERENCE)/checkpoints/seg_*.state))
NODULE       ?= $(firstword $(wildcard $(REFERENCE)/checkpoints/cls_*.state))
CT           ?= $(firstword $(wildcard $(REFERENCE)/ct/LIDC-IDRI-0001))

CXX_SOURCES = $(shell git ls-files 'cpp/*.h' 'cpp/*.c' 'cpp/*.cpp' 'cpp/*.cu' 'cpp/*.cuh' \
	'python/bindings/*.h' 'python/bindings/*.cpp' 'tests/*.h' 'tests/*.cpp' 'docs/*.cpp')

# That share the Python tests, most of which keep one core busy.
TEST_PROCESSES ?= 2

FINETUNE = $(BIN)/lungrt train malignancy --data "$(REFERENCE)/crops" --finetune "$(NODULE)" \
	--epochs 20 --samples-per-epoch 96 --optimizer adam --lr 0.001

.DEFAULT_GOAL := help
.PHONY: help headers setup build compile core core-with-torch data demo demo-phantom \
	train-defaults finetune test test-cpp test-python lint types format bench bench-ops docs \
	sanitize sanitize-threads fuzz stress orders distributions nightly viewer clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-17s %s\n", $$1, $$2}'

$(BIN)/python:
	PYTHON=$(PYTHON) tools/system_packages.sh core
	$(PYTHON) -m venv $(VENV)

# What compiles the core. Only the engines on LibTorch need torch to be compiled.
$(VENV)/.core-requirements: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) numpy scikit-build-core pybind11 nlohmann-json cmake ninja
	touch $@

$(VENV)/.requirements: $(VENV)/.core-requirements
	tools/system_packages.sh tests docs
	$(PIP) torch
	touch $@

headers:
	@if [ "$(ONNXRUNTIME)" = on ]; then \
	  $(PYTHON) tools/onnxruntime_headers.py build/onnxruntime/include; fi

setup: build  ## compile everything into .venv, for development and tests

build: headers $(VENV)/.requirements
	$(EDITABLE) '.[test,lint,docs]' --config-settings=build-dir=$(BUILD) \
	  $(DEFINE)LUNGRT_BUILD_TESTS=ON $(DEFINE)LUNGRT_BUILD_BENCHMARKS=ON \
	  $(DEFINE)LUNGRT_BUILD_STATIC=ON $(DEFINE)LUNGRT_BUILD_IO=AUTO \
	  $(DEFINE)LUNGRT_ENGINE_ONNXRUNTIME=$(ONNXRUNTIME) \
	  $(DEFINE)LUNGRT_WARNINGS_AS_ERRORS=$(WARNINGS_AS_ERRORS)
	touch $(VENV)/.complete

SITE_PACKAGES = $(firstword $(wildcard $(VENV)/lib/python3*/site-packages))

compile:  ## after an edit of C++: compile, and update the module in .venv
	$(BIN)/cmake --build $(BUILD)
	$(BIN)/cmake --install $(BUILD) --component python --prefix $(SITE_PACKAGES) >/dev/null

# The core with its native engine. Where `make setup` has compiled everything, that serves as well,
# and a developer's environment stays as it is.
ifneq ($(wildcard $(VENV)/.complete),)
core core-with-torch: build
else
CORE = --config-settings=build-dir=$(DEMO_BUILD) $(DEFINE)LUNGRT_CUDA=OFF \
	$(DEFINE)LUNGRT_ENGINE_TORCHSCRIPT=OFF $(DEFINE)LUNGRT_ENGINE_AOTINDUCTOR=OFF \
	$(DEFINE)LUNGRT_ENGINE_ONNXRUNTIME=OFF

core: $(VENV)/.core-requirements
	@echo "Compiling lungrt's core, which takes about two minutes"
	$(EDITABLE) '.[phantom,evaluation]' $(CORE)

core-with-torch: $(VENV)/.core-requirements
	@echo "Installing PyTorch and compiling lungrt's core, which takes about three minutes"
	$(EDITABLE) '.[torch,onnx]' $(CORE)
endif

data:
	@if [ -z "$(SEGMENTATION)" ] || [ -z "$(NODULE)" ] || [ -z "$(CT)" ]; then \
	  echo "This needs two trained checkpoints and a chest CT, e.g. the .state files of the public code of"; \
	  echo "'Deep Learning with PyTorch' (part 2) and a CT of LIDC-IDRI (The Cancer Imaging Archive); then"; \
	  echo "  make $(MAKECMDGOALS) SEGMENTATION=seg.state NODULE=cls.state CT=folder-of-dicom-files"; exit 1; fi

ifneq ($(and $(SEGMENTATION),$(NODULE),$(CT)),)
demo: core-with-torch  ## export checkpoints and diagnose a CT (SEGMENTATION= NODULE= CT=)
	$(BIN)/lungrt export --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" \
	  --output demo/bundle --force
	$(BIN)/lungrt diagnose "$(CT)" --bundle demo/bundle --output demo/report.json
else
demo: demo-phantom
endif

# Two of the phantom's nodules are malignant, so that every figure of the evaluation is defined.
PHANTOM = --seed 3 --size 99x240x240 --nodule 18:spiculated --nodule 14:lobulated:chest-wall \
	--nodule 12:spiculated:vessel --nodule 10 --nodule 8:calcified

demo-phantom: core  ## diagnose a synthetic chest by the default models
	rm -rf demo/phantom demo/phantom-reports
	$(BIN)/lungrt phantom $(PHANTOM) --output demo/phantom
	mkdir -p demo/phantom-reports
	@# The evaluation knows a report's scan by the name of the file.
	scan=$$(echo demo/phantom/subset0/*.mhd) && $(BIN)/lungrt diagnose $$scan --candidates \
	  --output demo/phantom-reports/$$(basename $$scan .mhd).json
	$(BIN)/lungrt evaluate --reports demo/phantom-reports --data demo/phantom \
	  --output demo/phantom.html

train-defaults: setup  ## train the default models again (about an hour)
	$(BIN)/python tools/train_defaults.py

finetune: data setup  ## fine-tune a malignancy classifier, score it, diagnose the CT
	@mkdir -p build/finetune
	$(FINETUNE) --finetune-depth 1 --cross-validate 5 --report build/finetune/depth-1.json
	$(FINETUNE) --finetune-depth 2 --cross-validate 5 --report build/finetune/depth-2.json
	$(FINETUNE) --finetune-depth 2 --leave-out 0 --validation-share 0 --test-share 0 \
	  --output build/finetune/malignancy.state --log-dir build/finetune/logs
	$(BIN)/lungrt export --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" \
	  --malignancy build/finetune/malignancy.state --output build/finetune/bundle --force
	$(BIN)/lungrt diagnose "$(CT)" --bundle build/finetune/bundle --output build/finetune/report.json

test: setup lint docs test-cpp test-python  ## run everything that continuous integration checks

test-cpp: build
	$(BIN)/ctest --test-dir $(BUILD) --output-on-failure --parallel $(TEST_PROCESSES)

test-python: build
	@# Where npm is absent, tests of the viewer are skipped, or fail in continuous integration.
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory viewer; fi
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --no-loadscope-reorder

lint:  ## check formatting, style, types and the width of prose
	@$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python tools/check_prose.py
	@tools/stub.sh $(BIN) | diff -u $(STUB) - || { echo "$(STUB): run make format"; exit 1; }
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(MAKE) --no-print-directory types

STUB = python/lungrt/_core.pyi

types:
	@rm -rf build/types && mkdir -p build/types/lungrt
	@ln -s $(CURDIR)/python/lungrt/* $(CURDIR)/export build/types/lungrt/
	$(BIN)/mypy

format:  ## rewrite sources the way lint wants them
	$(BIN)/clang-format -i $(CXX_SOURCES)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	tools/stub.sh $(BIN) >build/stub.pyi && mv build/stub.pyi $(STUB)

docs: build  ## build the documentation: build/docs/index.html
	rm -rf build/docs build/doxygen && mkdir -p build/docs
	doxygen docs/Doxyfile
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

bench: data setup  ## measure every engine; rewrites docs/speed.md, its picture and the figures
	$(BIN)/lungrt export --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" --output build/bench/bundle --force
	$(BIN)/lungrt compile build/bench/bundle --size 512x512 --size 128x128
	$(BIN)/lungrt bench build/bench/bundle "$(CT)" --segmentation "$(SEGMENTATION)" --nodule "$(NODULE)" \
	  --output docs/benchmark.svg --output build/bench/benchmark.json --output build/bench/benchmark.csv \
	  --profile lung --markdown docs/speed.md $(BENCH_OPTIONS)
	$(BIN)/python tools/speed_figures.py

VIEWER = python/lungrt/html_report/niivue.js

viewer: $(VIEWER)  ## fetch the viewer of `lungrt diagnose --viewer` by npm

$(VIEWER): viewer/package-lock.json tools/viewer.sh licenses/niivue.txt
	tools/system_packages.sh viewer
	tools/viewer.sh

bench-ops: build  ## measure pre- and post-processing (Google Benchmark)
	$(BUILD)/cpp/lungrt_bench $(BENCH_OPTIONS)

sanitize: setup  ## run the C++ tests under address and UB sanitizers
	$(BIN)/cmake --preset asan && $(BIN)/cmake --build --preset asan && $(BIN)/ctest --preset asan

sanitize-threads: setup  ## run the C++ tests under the thread sanitizer
	$(BIN)/cmake --preset tsan && $(BIN)/cmake --build --preset tsan && $(BIN)/ctest --preset tsan

fuzz: setup  ## run libFuzzer programs, SECONDS=60 each (TARGETS= for some)
	tools/system_packages.sh fuzz
	$(BIN)/cmake --preset fuzz && $(BIN)/cmake --build --preset fuzz
	tools/fuzz.sh build/fuzz $(or $(SECONDS),60) $(TARGETS)

stress: setup  ## threads, kill -9, memory over RUNS=1000 runs of each engine
	LUNGRT_STRESS_RUNS=$(or $(RUNS),1000) $(BIN)/python -m pytest -m nightly tests/python/stress -rP

distributions: setup  ## compile the sdist, build projects against an installed lungrt
	$(BIN)/python -m pytest -m nightly tests/install tests/wheels

orders: setup  ## diagnose the reference CTs in all 48 orders of their voxels
	$(BIN)/python -m pytest -m nightly tests/parity

nightly: sanitize sanitize-threads fuzz stress orders distributions  ## what is too long for test

clean:  ## remove what was built, keep the environment
	rm -rf build demo docs/reference/generated
