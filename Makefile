# One door for people and for CI. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run dev test sweep check bench audit lock runtime development browser

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m
PYTEST := $(RUN) pytest -n auto --maxprocesses 4 --dist worksteal

help: ## List what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: runtime ## Install, migrate, build and serve the program on one port
	@$(RUN) loyalty_app.build
	@exec $(BIN)/loyalty serve

dev: development ## Serve with hot reload
	@exec $(RUN) loyalty_app.build dev

test: development browser ## Run the whole suite: rules, both databases, and the built program in a real browser
	@$(RUN) loyalty_app.build
	@$(PYTEST) --ignore tests/journeys
	@# Apart: a browser keeps an event loop running in its process, and other tests start their own.
	@$(PYTEST) tests/journeys

sweep: development browser ## Look at every page in every language, at every width, in light and dark; a part of the tests
	@$(RUN) loyalty_app.build
	@$(PYTEST) tests/journeys -m sweep

check: development ## Lint, format, types, import contracts, migrations in step
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(RUN) tests.check_migrations

bench: development ## Run the benchmark suite
	@$(RUN) loyalty_app.build
	@$(RUN) tests.bench

audit: development ## Ask the public advisory databases about every package of the Python and the npm lock
	@failed=; \
	$(RUN) pip_audit --strict --no-deps --disable-pip --progress-spinner off --vulnerability-service osv \
		--requirement requirements-dev.lock || failed=1; \
	PATH="$(CURDIR)/$(BIN):$$PATH" npm audit --audit --prefix reflex.lock --package-lock-only || failed=1; \
	[ -z "$$failed" ] || { echo "A package has a known vulnerability, or a database did not answer: see above." >&2; exit 1; }

COMPILE := $(RUN) uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

lock: development ## Pin the newest acceptable versions of everything, without download addresses
	@$(COMPILE) --upgrade --group installer --output-file requirements-uv.lock
	@$(COMPILE) --upgrade pyproject.toml --group dev --output-file requirements-dev.lock
	@# The runtime lock starts from the development lock, so that a package has one version in both.
	@cp requirements-dev.lock requirements.lock
	@$(COMPILE) pyproject.toml --output-file requirements.lock

runtime development:
	@$(PYTHON) install.py $@

browser: development
	@$(RUN) tests.browser
