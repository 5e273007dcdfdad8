# The commands of the house: `make help` lists them. Prerequisite: apt-get install -y make python3-venv git

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PORT ?= 8080
VAR := $(abspath $(or $(ECABINET_VAR),var))
BIN := .venv/bin
PROCESSES := $(shell n=$$(nproc); echo $$((n < 4 ? n + 1 : 4)))
FLASK := FLASK_APP=run:app $(BIN)/flask
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes
PIP_COMPILE := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/*.po))

# Empty files whose names carry the sum of what was installed: another requirement or Python is another name.
sum = $(shell { $(PYTHON) -VV || :; cat $(1); } 2> /dev/null | sha256sum | cut -c 1-16)
RUNTIME := .venv/runtime-$(call sum,requirements.txt)
DEVELOPMENT := .venv/development-$(call sum,requirements.txt requirements-realtime.txt requirements-dev.txt)
BENCHMARKS := .venv/benchmarks-$(call sum,requirements.txt requirements-realtime.txt requirements-dev.txt requirements-bench.txt)

PYTHON_OK = import sys, venv, ensurepip; print(sys.version_info >= (3, 11) or '')
PYTHON_MISSING = Python 3.11 or newer with venv is missing: as root, apt-get install -y make python3-venv git

define WELCOME

e-Cabinet, demo: http://127.0.0.1:$(PORT)  (Ctrl-C stops it)
Accounts: thutuong, tv02 … tv26, chunhiem, chuyenvien, vanthu, thutruong.bkhcn, khachmoi, kiemtoan, quantri
Password of all: Ecabinet@2019   PIN of all signing keys: 240619

endef
export WELCOME

.PHONY: help run cluster test test-full lint bench screenshots migration docs translations requirements vendor-check clean python

help: ## Show this list
	@grep -hE '^[a-z-]+( [a-z-]+)*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: $(RUNTIME) $(CATALOGUES) $(VAR)/secret_key ## Serve the demo on http://127.0.0.1:8080 (PORT=… for another port)
	@if (exec 3<> /dev/tcp/127.0.0.1/$(PORT)) 2> /dev/null; then \
		echo "Port $(PORT) is in use; stop what listens there or take another one: make run PORT=8081" >&2; exit 1; fi
	@umask 077; export ECABINET_DEMO=1 ECABINET_VAR="$(VAR)" PORT="$(PORT)" ECABINET_SECRET_KEY="$$(cat "$(VAR)/secret_key")"; \
	$(FLASK) demo prepare; echo "$$WELCOME"; exec $(BIN)/python run.py

cluster: $(DEVELOPMENT) $(CATALOGUES) ## Rehearse a production on this machine (CLUSTER_ONCE=1 ends after the replay)
	@scripts/test-needs
	@exec $(BIN)/python -m deploy.cluster --folder "$(VAR)/cluster" --port "$${CLUSTER_PORT:-0}" $(if $(filter 1,$(CLUSTER_ONCE)),--once)

$(VAR)/secret_key: | $(RUNTIME)
	@umask 077; mkdir -p "$(VAR)"; $(BIN)/python -c "import secrets; print(secrets.token_urlsafe(48))" > "$@"

test: $(DEVELOPMENT) $(CATALOGUES) ## Install what the tests need, check the code, run every test
	@scripts/test-needs
	@$(MAKE) lint
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadscope --no-loadscope-reorder

test-full: export ECABINET_TEST_FULL = 1
test-full: test $(BENCHMARKS) ## The same with every repetition of every test; then measure into docs/measurements.md
	@scripts/bench-needs
	@$(BIN)/python -m benchmarks --document docs/measurements.md

lint: $(DEVELOPMENT) ## ruff, mypy and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(BENCHMARKS) $(CATALOGUES) ## Measure against the anchors; table and var/bench.json
	@scripts/test-needs
	@scripts/bench-needs
	@mkdir -p "$(VAR)"; ECABINET_VAR="$(VAR)" $(BIN)/python -m benchmarks

screenshots: $(DEVELOPMENT) $(CATALOGUES) ## Photograph the screens into docs/screenshots/
	@scripts/test-needs
	@$(BIN)/python scripts/screenshots.py

migration: $(RUNTIME) ## Write a migration from the models: make migration m="poll: visibility"
	@[ -n "$(m)" ] || { echo 'Say what changes: make migration m="poll: visibility"' >&2; exit 1; }
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	export ECABINET_VAR="$$scratch" ECABINET_DATABASE="sqlite:///$$scratch/head.db" ECABINET_SECRET_KEY="$$(printf '%040d' 0)"; \
	$(FLASK) db upgrade; $(FLASK) db migrate -m "$(m)"

docs: $(RUNTIME) ## Write the pages that come from the code: docs/workflows/
	@$(FLASK) docs

translations: $(RUNTIME) ## Bring the Vietnamese catalogue up to date with the code; name what it lacks
	@$(BIN)/python scripts/translations.py
	@$(MAKE) $(CATALOGUES)

%.mo: %.po | $(RUNTIME)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

requirements: $(DEVELOPMENT) ## Pin requirements*.in with hashes into requirements*.txt
	@$(PIP_COMPILE) --output-file requirements.txt requirements.in
	@$(PIP_COMPILE) --output-file requirements-realtime.txt requirements-realtime.in
	@$(PIP_COMPILE) --output-file requirements-dev.txt requirements-dev.in
	@$(PIP_COMPILE) --output-file requirements-bench.txt requirements-bench.in

vendor-check: ## Compare the files taken from other projects with their sums
	@cd app/static/vendor && sha256sum --check --strict --quiet sha256sums && echo "The vendored files are unchanged."

clean: ## Remove .venv, compiled catalogues and caches; var/ with its data stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis $(CATALOGUES)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	$(if $(shell $(PYTHON) -c "$(PYTHON_OK)" 2> /dev/null),@:,$(error $(PYTHON_MISSING)))

# A virtual environment of another Python is started afresh, others are brought up to date.
$(RUNTIME): | python
	@echo "Installing the requirements into .venv …"
	@[ "$$($(BIN)/python -VV 2> /dev/null || true)" = "$$($(PYTHON) -VV)" ] || $(PYTHON) -m venv --clear .venv
	@$(PIP_INSTALL) --requirement requirements.txt
	@rm -f .venv/runtime-*; touch $@

$(DEVELOPMENT): $(RUNTIME)
	@echo "Installing what the tests need into .venv …"
	@$(PIP_INSTALL) --requirement requirements-realtime.txt
	@$(PIP_INSTALL) --requirement requirements-dev.txt
	@rm -f .venv/development-*; touch $@

$(BENCHMARKS): $(DEVELOPMENT)
	@echo "Installing what the benchmarks measure against into .venv …"
	@$(PIP_INSTALL) --requirement requirements-bench.txt
	@rm -f .venv/benchmarks-*; touch $@
