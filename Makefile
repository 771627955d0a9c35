# Every target makes what it needs: the virtual environment is rebuilt when pyproject.toml or what is
# compiled changes.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV ?= .venv
# Python 3.11 first: the newest versions may have no wheel yet of one of the pinned packages.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,\
	$(if $(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(p))))
# cpu or gpu. PyPI's torch for x86-64 Linux brings gigabytes of GPU libraries, so the default also
# looks into the index of CPU builds. With an NVIDIA GPU: make clean serve TORCH_VARIANT=gpu
TORCH_VARIANT ?= cpu
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell grep -o 'torch==[^"]*' pyproject.toml)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: serve
serve: $(RUNTIME) ## Install, migrate the database and serve on 127.0.0.1:8000 (HAMLET_* settings apply)
	@exec $(BIN)/python -m app

# The tests' networks are tiny: more threads would only wait for each other.
.PHONY: test
test: export OMP_NUM_THREADS = 1
test: lint ## Lint, check types and run every test that this machine can run
	$(BIN)/python -m pytest

.PHONY: lint
lint: $(DEV) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(DEV) ## Format the code and repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: train
train: $(DEV) ## Reproduce the shipped weights: make train ARGS="--corpora DIR"
	$(BIN)/python -m training train training/runs/classifier.toml $(ARGS)

.PHONY: evaluate
evaluate: $(DEV) ## Measure the shipped weights and the baselines: make evaluate ARGS="--corpora DIR"
	$(BIN)/python -m training evaluate $(ARGS)

.PHONY: crossval
crossval: $(DEV) ## Leave each corpus out once: make crossval ARGS="--corpora DIR"
	$(BIN)/python -m training crossval $(ARGS)

.PHONY: compare
compare: $(DEV) ## One encoder after the other in the classifier: make compare ARGS="--corpora DIR"
	$(BIN)/python -m training compare $(ARGS)

.PHONY: tasks
tasks: $(DEV) ## Small tasks, each for one network of the course; no corpora, minutes
	$(BIN)/python -m training tasks $(ARGS)

# The scripts in the peers' folder start rspamd, spamd and redis; without it they are left out.
.PHONY: bench
bench: $(DEV) ## Measure speed beside other filters: make bench ARGS="--corpora DIR --peers DIR"
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: screenshot
screenshot: $(DEV) ## Take the picture of the page again, docs/page.png; needs chromium
	$(BIN)/python -m tests.e2e.screenshot docs/page.png

.PHONY: clean
clean: ## Remove the virtual environment and caches; databases and build/training stay
	rm -rf $(VENV) .hypothesis .schemathesis .mypy_cache .pytest_cache .ruff_cache dist
	rm -f model/native/compiled.*
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch goes first and alone: once its build is there, no later step replaces it. Few retries, so
# that a machine which cannot reach the index of CPU builds soon goes on with PyPI.
$(RUNTIME): pyproject.toml hatch_build.py $(wildcard model/native/*.[ch]) | $(BIN)/python
	@echo "Installing the runtime packages into $(VENV); the first time takes a minute or two."
	$(PIP) install --no-deps --retries 1 --timeout 15 \
		$(if $(filter cpu,$(TORCH_VARIANT)),--extra-index-url $(TORCH_CPU_INDEX)) "$(TORCH)"
	$(PIP) install --editable .
	@touch $@

$(DEV): $(RUNTIME)
	$(PIP) install --editable ".[training,dev]"
	@touch $@
