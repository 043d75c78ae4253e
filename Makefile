# make quickstart   a lab in the browser and five generations trained on real handwritten digits, in a few minutes
# make test         the fast tests; makes .venv first
# make test-slow    the tests that train, build the wheel and follow every documented command
# make check        format, lint, types, imports
# make lab          the browser lab on the networks that ship and on everything below runs/

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help quickstart test test-slow check lab clean

help:
	@sed -n '/^$$/q; s/^# //p' Makefile

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A stamp is older than what it was made from as soon as a dependency changes; the code itself is installed editable.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[dev]'
	touch $(VENV)/.demo $@

$(VENV): $(VENV)/.dev

quickstart: $(VENV)/.demo
	$(BIN)/python demo/quickstart.py

# One thread a process: the processes are what runs in parallel. A file's tests stay together and share what they trained.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not slow' --numprocesses $(JOBS) --dist loadfile

test-slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow --numprocesses $(JOBS) --dist loadfile

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_arrows.py

lab: $(VENV)/.demo
	$(BIN)/lit-cnns demo runs

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache
