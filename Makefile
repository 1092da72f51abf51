# `make help` lists the targets. The virtual environment is made when first needed.

VENV ?= .venv
PYTHON ?=
# One more than the cores that a small machine has: many tests wait for a process or a disk.
PYTEST_WORKERS ?= 3
PYTEST_ARGS ?=

export VENV PYTHON

BIN := $(VENV)/bin
SETUP := @scripts/setup
TYPED := $(wildcard src tests benchmarks)
PYTEST := $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-nightly bench bench-relay lint format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: ## a relay and two clients in conversation on this machine (KEEP=1 keeps their files)
	$(SETUP) run
	@$(BIN)/python -m e2etherapy.cli.demo $(if $(KEEP),--keep)

test: lint ## everything that must pass before a merge
	@echo '==> pytest'
	@$(PYTEST)

test-nightly: ## the tests with many more examples, and those marked nightly
	$(SETUP) test
	@echo '==> pytest (nightly)'
	@E2ETHERAPY_TEST_PROFILE=nightly $(PYTEST)

bench: ## measure (JSON=1 prints JSON)
	$(SETUP) bench
	@$(BIN)/python -m benchmarks $(if $(JSON),--json)

bench-relay: ## measure what concerns the relay; ends with one line of JSON if JSON=1
	$(SETUP) bench
	@$(BIN)/python -m benchmarks --relay $(if $(JSON),--summary)

lint: ## style, types and the rules on imports
	$(SETUP) test
	@echo '==> ruff check'
	@$(BIN)/python -m ruff check .
	@echo '==> ruff format --check'
	@$(BIN)/python -m ruff format --check .
	@echo '==> mypy'
	@$(BIN)/python -m mypy $(TYPED)
	@echo '==> lint-imports'
	@$(BIN)/lint-imports --no-logo

format: ## rewrite the sources in the common style
	$(SETUP) test
	@$(BIN)/python -m ruff check --fix-only .
	@$(BIN)/python -m ruff format .

clean: ## remove the virtual environment, caches and builds
	@scripts/setup clean
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
