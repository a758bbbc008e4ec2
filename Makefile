# `make help` lists the targets. Variables: PYTHON, XNNPACK_ROOT, XNNPACK_SOURCE_DIR, XNNIR_CACHE, CC, CXX, JOBS.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
JOBS ?= $(shell nproc)
BIN := .venv/bin
CPP_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.cc' '*.cpp' '*.h')
# So that programs of the environment (pyright's node, cmake) are found without activating it.
export CMAKE_EXECUTABLE := $(shell command -v cmake)

# Asserts of the C++ library and of FlatBuffers are on; what is built without optimisation runs too slowly.
SANITIZER_BUILD = cmake -S . -G Ninja -DCMAKE_BUILD_TYPE=Debug -DXNNIR_BUILD_PYTHON=OFF -DXNNIR_BUILD_TOOLS=OFF -DXNNIR_BUILD_SHARED=OFF \
	-DCMAKE_CXX_FLAGS_DEBUG="-O1 -D_GLIBCXX_ASSERTIONS"

# Presets of CMakePresets.json that this machine can run: with all tests, and those that `make test-all` adds.
CROSS ?= linux-aarch64 linux-armv7
CROSS_PROGRAMS ?= linux-armv6 linux-i686

.PHONY: help setup build test test-quick test-all test-cross lit pytest ctest sanitize fuzz lint format bench demo docs \
	install clean clean-venv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## system packages, .venv, XNNPACK, xnnir itself; runs only what is missing
	@$(PYTHON) runtime/third_party/set_up.py

build: setup ## compile everything: runtime, xnn-run, the Python module, C++ tests
	@test -f build/build.ninja || cmake -S . -B build -G Ninja
	@cmake --build build --parallel $(JOBS)

test: build ## lit, pytest and ctest; all of them run, even when one fails
	@$(BIN)/python test/run_all.py

test-quick: build ## the same without whole models
	@$(BIN)/python test/run_all.py --quick

test-all: lint build ## lint, then all tests, those that take minutes too
	@$(BIN)/python test/run_all.py --all
	@$(MAKE) --no-print-directory sanitize
	@$(BIN)/python test/run_cross.py $(CROSS) $(addprefix --programs=,$(CROSS_PROGRAMS))

test-cross: build ## C++ tests and stock's programs as 64- and 32-bit Arm run them, and lesser x86; CROSS=<presets>
	@$(BIN)/python test/run_cross.py $(CROSS)

lit: setup ## the IR tests only
	@$(BIN)/lit -sv test

pytest: setup ## the Python tests only
	@$(BIN)/pytest -n 2 --dist loadgroup -m "not exhaustive and not cross"

ctest: build ## the C++ tests only
	@ctest --test-dir build --output-on-failure --parallel $(JOBS)

sanitize: build/asan/build.ninja build/tsan/build.ninja ## the C++ tests with ASan and UBSan, then with TSan
	@cmake --build build/asan --parallel $(JOBS)
	@ctest --test-dir build/asan --output-on-failure --parallel $(JOBS)
	@cmake --build build/tsan --parallel $(JOBS)
	@ctest --test-dir build/tsan --output-on-failure --parallel $(JOBS)

fuzz: build/asan/build.ninja ## libFuzzer on everything that reads bytes; FUZZ_SECONDS=<for each target>
	@cmake --build build/asan --parallel $(JOBS)
	@$(PYTHON) test/fuzz/fuzz.py --seconds $(or $(FUZZ_SECONDS),60)

build/asan/build.ninja:
	@$(PYTHON) runtime/third_party/set_up.py --only-native --with-sanitizers
	@$(SANITIZER_BUILD) -B build/asan -DXNNIR_SANITIZE=address,undefined -DXNNIR_BUILD_FUZZERS=ON

build/tsan/build.ninja:
	@$(PYTHON) runtime/third_party/set_up.py --only-native --with-sanitizers
	@$(SANITIZER_BUILD) -B build/tsan -DXNNIR_SANITIZE=thread

lint: setup ## ruff, pyright, clang-format; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@clang-format-16 --dry-run -Werror $(CPP_FILES)
	@$(BIN)/pyright

format: setup ## format Python and C++ in place
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@clang-format-16 -i $(CPP_FILES)

demo: build ## MobileNetV2: export, lower, run from Python and C++, compare with eager
	@$(BIN)/python examples/demo.py

bench: build ## latency, lowering, memory, load time, sizes of files and libraries beside ExecuTorch, ONNX Runtime and eager
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.loading
	@$(BIN)/python -m bench.size

docs: setup ## regenerate the IR examples in docs/
	@$(BIN)/python docs/update.py

install: build ## install the C++ library; PREFIX=<folder>, /usr/local otherwise
	@cmake --install build --component cpp --prefix $(or $(PREFIX),/usr/local)

clean: ## remove what was built (not .venv, not the cache of XNNPACK)
	rm -rf build dist xnnir/runtime/_C*.so .venv/.xnnir-editable
	rm -rf .pytest_cache .hypothesis .ruff_cache

clean-venv: clean ## remove .venv as well
	rm -rf .venv
