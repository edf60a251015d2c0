# One door for people and for CI. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run dev test check bench lock

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m
INSTALLED := .venv/installed

help: ## List what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: $(INSTALLED) ## Install, migrate, build and serve the program on one port
	@$(RUN) loyalty_app.build
	@exec $(BIN)/loyalty serve

dev: $(INSTALLED) ## Serve with hot reload
	@exec $(RUN) loyalty_app.build dev

test: $(INSTALLED) ## Run the whole suite: rules, both databases, and the built program in a real browser
	@$(RUN) loyalty_app.build
	@$(RUN) pytest -n auto --maxprocesses 4 --dist worksteal --ignore tests/journeys
	@# Apart: a browser keeps an event loop running in its process, and other tests start their own.
	@$(RUN) pytest -n auto --maxprocesses 4 --dist worksteal tests/journeys

check: $(INSTALLED) ## Lint, format, types, import contracts, migrations in step
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(RUN) tests.check_migrations

bench: $(INSTALLED) ## Run the benchmark suite
	@$(RUN) loyalty_app.build
	@$(RUN) tests.bench

lock: $(INSTALLED) ## Pin the newest acceptable versions of everything, without download addresses
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-emit-find-links \
		--no-emit-index-url --no-header pyproject.toml --group dev --output-file requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "This needs Python 3.11 or newer as python3; name another with PYTHON=, for example: make run PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing; this takes a minute the first time."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)
