# What each command does for whoever types it is told by `make help`.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# The first Python 3.11 or newer that can make an environment; some systems ship one without ensurepip.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then command -v $$python; break; fi; done)

# A version for every interpreter alike (fewest), none of this machine's own settings (no-config), no address in the file.
COMPILE = $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(LOCK_FLAGS)

.DEFAULT_GOAL := help

.PHONY: help
help: ## lists these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- environment

$(INSTALLED): requirements/dev.txt pyproject.toml ide/package-lock.json
	@test -n "$(PYTHON)" || test -x $(BIN)/pip || { \
		echo "Paceline needs Python 3.11 or newer with its venv module; name one by: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "making $(VENV)"; "$(PYTHON)" -m venv --clear $(VENV); }
	@echo "installing the locked packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m server.assets.build
	@touch $@

.PHONY: install ide
install: $(INSTALLED) ## makes .venv from the lock file, with the project in it

ide: $(INSTALLED) ## builds GraphiQL's and the dashboard's files once more, say after npm was installed
	$(BIN)/python -m server.assets.build

# ---- running

.PHONY: run bench evaluate
run: $(INSTALLED) ## serves with demo data on PACELINE_PORT (8000), and prints the URL and tokens
	@$(BIN)/paceline quickstart

bench: $(INSTALLED) ## runs the benchmarks; results go to bench/results/
	$(BIN)/python -m bench

evaluate: $(INSTALLED) ## how good the models are on real data; writes bench/results/evaluation.md
	$(BIN)/python -m bench.evaluation

# ---- tests

TESTS = $(BIN)/pytest -m "not heavy" --numprocesses auto --dist worksteal

.PHONY: test test-covered test-random test-heavy
test: $(INSTALLED) ## runs the tests
	$(TESTS) --durations=40 --durations-min=4

test-covered: $(INSTALLED) ## runs the tests half as long again, and checks how much of the code they run
	$(TESTS) --cov --cov-report=
	$(BIN)/python -m checks.coverage

test-random: $(INSTALLED) ## runs the tests with other random examples than `make test` takes
	PACELINE_TEST_RANDOM=1 $(TESTS)

test-heavy: $(INSTALLED) ## runs the tests that take minutes
	$(BIN)/pytest -m heavy

# ---- checks; `make -k check` goes on after a failure

.PHONY: check check-format check-lint check-types check-imports check-schema check-messages check-migrations check-lock
check: check-format check-lint check-types check-imports check-schema check-messages check-migrations check-lock ## format, lint, types, import rules, snapshot, translations, migrations, lock

check-format: $(INSTALLED)
	$(BIN)/ruff format --check

check-lint: $(INSTALLED)
	$(BIN)/ruff check

check-types: $(INSTALLED)
	$(BIN)/mypy

check-imports: $(INSTALLED)
	$(BIN)/lint-imports --no-logo

check-schema: $(INSTALLED)
	$(BIN)/python -m checks.snapshot

check-messages: $(INSTALLED)
	$(BIN)/python -m checks.messages

check-migrations: $(INSTALLED)
	$(BIN)/python -m migrations.check

check-lock: $(INSTALLED)
	$(BIN)/python -m checks.lock

# ---- generated files

.PHONY: schema messages pictures lock
schema: $(INSTALLED) ## writes schema/schema.graphql anew
	@$(BIN)/python -m checks.snapshot --write

messages: $(INSTALLED) ## brings the translations up to the code, to be filled in; LANGUAGE=fr begins another one
	@$(BIN)/python -m checks.messages --write $(LANGUAGE)

pictures: $(INSTALLED) ## draws the documents' pictures anew, from synthetic series and a demo of a fixed day; the dashboard's with Chromium
	@$(BIN)/python -m examples.pictures docs/images
	@$(BIN)/python -m examples.dashboard_picture docs/images/dashboard.png

# The stamp is no prerequisite: a lock that cannot be installed must still be mendable.
lock: ## compiles requirements/*.txt anew; LOCK_FLAGS=--upgrade takes newer versions
	@test -x $(BIN)/uv || { echo "make install first: the lock is compiled by the environment's own uv" >&2; exit 1; }
	$(COMPILE) pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) pyproject.toml requirements/dev.in --all-extras --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra tracing --constraint requirements/dev.txt --output-file requirements/tracing.txt
	$(COMPILE) requirements/build.in --constraint requirements/dev.txt --output-file requirements/build.txt

.PHONY: clean
clean: ## removes .venv, caches and built files; var/ with its database stays
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* server/assets/static ide/node_modules examples/node_modules
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
