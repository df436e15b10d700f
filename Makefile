# The two commands a fresh machine needs: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LINKS  := build/links

.PHONY: help setup demo models docs test check lint types layers format clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.ready  ## Create the environment and install everything that the project needs

$(VENV)/.ready: pyproject.toml .ci/setup .ci/system-packages
	PYTHON=$(PYTHON) bash .ci/setup $(VENV)
	@touch $@

demo: setup  ## Run the main job: improve a workflow with the embedded model, and prove it
	bash .ci/demo $(VENV)

models: setup  ## Fetch the models and servers that the tests use (into the user's cache)
	bash .ci/models $(VENV)

docs: setup  ## Build the documentation, strictly, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

test: setup check models  ## Run every check and every test
	$(BIN)/python -m pytest

check: setup lint types layers  ## Lint, format, types, layers, spelling, dead code

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell $$(git ls-files '*.md' '*.py' '*.toml' Makefile)
	$(BIN)/vulture

# agents/, envs/ and prompts/ are installed inside tracegraph: a tree of links shows them to
# the tools that read files instead of importing them.
$(LINKS): $(wildcard tracegraph/*) pyproject.toml
	rm -rf $@ && mkdir -p $@/tracegraph
	ln -s $(CURDIR)/tracegraph/* $(CURDIR)/agents $(CURDIR)/envs $(CURDIR)/prompts $@/tracegraph/

types: $(LINKS)
	cd $(LINKS) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache -p tracegraph

layers: $(LINKS)
	cd $(LINKS) && PYTHONPATH=. $(CURDIR)/$(BIN)/lint-imports --config $(CURDIR)/pyproject.toml --no-cache

format:  ## Format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:  ## Remove everything that was generated
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
