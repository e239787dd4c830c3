# Everything a reader of this repository runs. `make` alone lists it.
#
# Needs Python 3.11 or 3.12, Node 20 or newer with npm, git and make; installs the rest inside this folder.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup tools hunt nightly test bench zoo lint format clean

BIN := .venv/bin
PYTHON ?=
# The locked one; on a platform without it, what is on PATH.
forge := PATH="$(CURDIR)/build/bin:$$PATH" forge

# Arguments of the hunt, all optional: make hunt SECONDS=60 SEED=1 WORKERS=2
hunt_arguments := $(if $(ENGINE),--engine '$(ENGINE)') $(if $(FAULT),--fault '$(FAULT)') \
	$(if $(SECONDS),--seconds '$(SECONDS)') $(if $(SEED),--seed '$(SEED)') \
	$(if $(WORKERS),--workers '$(WORKERS)') $(if $(PRICES),--prices '$(PRICES)') $(ARGS)
zoo_arguments := $(if $(FAULT),--fault '$(FAULT)') $(if $(SECONDS),--seconds-per-fault '$(SECONDS)') $(if $(SEEDS),--seeds '$(SEEDS)') \
	$(if $(JSON),--json '$(JSON)') $(ARGS)

# $(call prepare,OPTIONS): nothing if all is in place, else the set-up, with the first Python that fits and really
# runs (version managers leave commands behind that do not).
fits := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
prepare = $(BIN)/python -I -S tools/setup.py --ready $(1) 2>/dev/null || { \
	for python in $(PYTHON) python3.12 python3.11 python3 python; do \
	if "$$python" -c '$(fits)' >/dev/null 2>&1; then exec "$$python" tools/setup.py $(1); fi; done; \
	echo 'setup: Python 3.11 or 3.12 is missing: install one of them, or name it with make PYTHON=...' >&2; exit 1; }

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: ## install what is locked, put the compiler in place, compile
	@$(call prepare)

tools:
	@$(call prepare,--tools)

hunt: setup ## hunt the sound engine, then a planted fault (ENGINE= FAULT= SECONDS= SEED= WORKERS= PRICES=)
	@$(BIN)/python tools/first_hunt.py $(hunt_arguments)

nightly: setup ## hunt for an hour on from the night before, in nightly/ (SECONDS= SEED= WORKERS=)
	@$(BIN)/python tools/nightly.py $(hunt_arguments)

test: setup ## run all tests, a file to each core at a time (ARGS="-k name")
	@$(BIN)/ape test -n auto --dist loadfile $(ARGS)

bench: setup ## measure the hunt beside raw revm, forge and Ape
	@$(BIN)/python benchmarks/run.py $(ARGS)

zoo: setup ## hunt every planted fault (FAULT= SECONDS= SEEDS= JSON=)
	@$(BIN)/ape underwater zoo $(zoo_arguments)

lint: tools ## check style, types, layers and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(forge) fmt --check
	$(forge) fmt --check --root benchmarks/forge

format: tools ## format Python and Solidity
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(forge) fmt
	$(forge) fmt --root benchmarks/forge

clean: ## remove everything that the commands above made, except saved cases
	rm -rf .venv node_modules build .build contracts/.cache *.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
