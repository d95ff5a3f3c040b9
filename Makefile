# What people do with this repository. `make lab` and `make test` need Python >= 3.11, Node >= 20 and make; the rest they install.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
FRONT_END := $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null) \
             labextension/package.json labextension/tsconfig.json labextension/yarn.lock
SUITES := analysis doctor ipython kernels kernelside models testing stores kills server fuzz browser
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test check wire format slow bench clean system

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

lab: $(VENV)/.lab ## install into .venv and open JupyterLab on the quickstart notebook
	$(BIN)/jupyter lab $(ROOT) notebooks/quickstart.ipynb

test: $(VENV)/.test system ## install what the tests need and run them
	$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --hypothesis-profile ci $(PYTEST)

check: $(VENV)/.test ## format, lint, types, import contract, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

wire: $(VENV)/.test ## write the front end's types anew from the server's
	$(BIN)/python -m jupyter_agent.server.openapi.typescript > labextension/src/api/wire.ts

format: $(VENV)/.test ## let the formatter decide
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

slow: $(VENV)/.test system ## the long runs, one suite after the other, or one: make slow SUITE=fuzz
	$(BIN)/pip install --quiet --editable ".[slow]"
	for suite in $(or $(SUITE),$(SUITES)); do echo "== $$suite"; case $$suite in \
	  fuzz) paths="tests/server/test_server_fuzz.py";; \
	  stores) paths="tests/stores --ignore=tests/stores/test_stores_killed.py";; \
	  kills) paths="tests/stores/test_stores_killed.py";; \
	  server) paths="tests/server --ignore=tests/server/test_server_fuzz.py";; \
	  *) paths="tests/$$suite";; \
	esac; $(BIN)/python -m pytest -m slow --timeout 2700 $$paths $(PYTEST) || exit 1; done

bench: $(VENV)/.test ## every benchmark prints a ratio against a named peer or floor
	for program in benchmarks/*.py; do echo "== $$program"; $(BIN)/python $$program || exit 1; done

system: ## Debian packages that the tests drive (installs them where we are root)
	sh tests/system_packages.sh

clean: ## remove what was built
	rm -rf $(VENV) build dist jupyter_agent/labextension labextension/lib labextension/node_modules

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.lab: $(VENV)/.made pyproject.toml $(FRONT_END)
	rm -rf jupyter_agent/labextension
	$(BIN)/pip install --quiet --editable ".[lab,quickstart]"
	touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml $(FRONT_END)
	rm -rf jupyter_agent/labextension
	$(BIN)/pip install --quiet --editable ".[lab,quickstart,test,check]"
	touch $@ $(VENV)/.lab
