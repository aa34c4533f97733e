# Two commands matter: `make demo` and `make test`. They need Python 3.11 or newer with venv, make, and nothing else.
# Another Python: make demo PYTHON=python3.13

PYTHON ?= python3
DEMO_FLAGS ?=
TEST_FLAGS ?=
# Of tests: one process more than processors, each with files of its own. PARALLEL= runs them one after the other
PARALLEL ?= -n auto --dist loadfile --no-loadscope-reorder
BENCH_FLAGS ?= tick
KILLS ?= 200
FAULTS ?= 500
PAGES ?= 1000
FLEETS ?= 4
MESSAGES ?= 5000000

py := .venv/bin/python
# ruff takes a file without a suffix only by name
scripts := tools/need

# in this order, also under `make -j`
.NOTPARALLEL:
.PHONY: demo test setup check lint types generated tools pytest store15 golden docs pictures bench chart chaos flood lock clean

demo: setup  ## six months of an agent that goes quietly bad, the page about it, and the dashboard
	@.venv/bin/bellbuoy demo $(DEMO_FLAGS)

test: setup check tools store15 pytest  ## lint, types, and every test that this machine can run

setup:
	@$(PYTHON) tools/setup.py

check: setup lint types generated  ## ruff, mypy, and whether the generated files are current

lint:
	@$(py) -m ruff check --quiet . $(scripts)
	@$(py) -m ruff format --quiet --check . $(scripts) || { $(py) -m ruff format --check . $(scripts) | head -20; exit 1; }

types:
	@$(py) -m mypy --no-error-summary

generated:
	@$(py) tools/generate.py --check

# In CI tools are brought before the tests, whose time is limited; what could not be brought fails there, by name.
tools:
	@if [ "$(CI)" = true ]; then $(py) tools/need helm kubernetes-validate node chromium >/dev/null || true; fi

pytest:
	@$(py) -m pytest $(PARALLEL) $(TEST_FLAGS)

# The tests of store, signals and ingest a second time, on the older DuckDB that is supported; the long ones by LONG=1.
store15:
	@if there=$$($(py) tools/need duckdb15); then \
	  export PYTHONPATH="$$there"; \
	  $(py) -c "import duckdb as d; assert d.__version__ == '1.5.6', d.__version__" && \
	  $(py) -m pytest -m "store$(if $(LONG),, and not long)" tests/monitor/store tests/monitor/signals tests/monitor/ingest $(PARALLEL) $(TEST_FLAGS); \
	elif [ "$(CI)" = true ]; then exit 1; \
	else echo "NOT RUN  the store's tests on DuckDB 1.5.6"; fi

# Hundreds of kills of the real daemon on a real broker, hundreds of broken stores, pages and weeks in which all is well.
chaos: setup  ## KILLS=200 FAULTS=500 PAGES=1000 FLEETS=4
	@BELLBUOY_KILLS=$(KILLS) BELLBUOY_FAULTS=$(FAULTS) BELLBUOY_PAGES=$(PAGES) BELLBUOY_FLEETS=$(FLEETS) $(py) -m pytest -s --timeout 7200 tests/chaos tests/monitor/ingest/test_ingest_killed.py tests/monitor/store/test_store_damaged.py tests/monitor/quiet/test_quiet_failures.py $(TEST_FLAGS)

flood: setup  ## MESSAGES=5000000 hostile messages among good ones
	@BELLBUOY_FLOOD=$(MESSAGES) $(py) -m pytest -s --timeout 7200 tests/chaos/test_flood.py $(TEST_FLAGS)

golden: setup  ## write the golden files anew; read the difference before you commit it
	@BELLBUOY_GOLDEN=write $(py) -m pytest -m golden -p no:randomly

docs: setup  ## write the generated files anew, then run what the documents say
	@$(py) tools/generate.py
	@$(py) -m pytest -m docs

pictures: setup  ## draw the pictures of docs/pages.md anew, from the golden pages
	@$(py) tools/slack_pictures.py

bench: setup  ## our own numbers on this machine
	@.venv/bin/bellbuoy bench $(BENCH_FLAGS)

chart: setup  ## lint, render and validate the Helm chart
	@$(py) -m pytest tests/helm

# Hashes for every Python and platform, and no address inside: plain pip reads it.
lock:  ## requirements.lock from pyproject.toml (needs uv)
	@uv pip compile --universal --generate-hashes --no-annotate --no-header pyproject.toml --extra test -o requirements.lock

clean:  ## remove all that these commands have made
	@rm -rf .venv .types .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist bellbuoy-demo *.egg-info
