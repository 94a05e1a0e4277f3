.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export VENV PYTHON

.PHONY: help setup demo test test-gpu crash-model check format lock demo-model clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## Install everything that the project needs (idempotent)
	@infra/setup

demo: setup ## Narrate four cameras live through Kafka, Redis and Ray, then print the scores (ARGS="--kill narrator", ARGS=--keep)
	@$(BIN)/flownar demo $(ARGS)

test: check ## Run the checks and the whole test suite (ARGS goes to pytest)
	@$(BIN)/pytest $(ARGS)

test-gpu: ## Run the tests that need a GPU, with the packages that are there (PYTHON=python3)
	@$(PYTHON) -m pytest tests/gpu $(ARGS)

crash-model: setup ## Try to break the commit protocol for 100,000 steps, and find planted bugs (ARGS="--steps 1000000 --seed 7")
	@$(BIN)/python -m tests.crash_model $(ARGS)

check: setup ## Lint, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Format the code and mend what lint can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: setup ## Resolve the dependencies of pyproject.toml again
	@infra/lock

demo-model: setup ## Train the small model of the repository again (about 15 minutes on one H200)
	@$(BIN)/python -m topologies.train --out models/world

clean: ## Remove the virtual environment, caches and outputs
	rm -rf $(VENV) out build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
