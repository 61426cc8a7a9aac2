# Each target makes .venv first where it is missing or older than what it is made from.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?=
# A file of tests stays with one worker; those that take longest come first (tests/conftest.py).
PLAN := --dist loadfile --no-loadscope-reorder
# $(call debian,PROGRAM,PACKAGES): installs Debian's packages when run as root without the program.
debian = if ! command -v $(1) >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; fi
NO_NODE := this needs Node.js and its npm (https://nodejs.org), which check the JavaScript of the studio
# Once, and not in each process that tests start, also where PYTHONDONTWRITEBYTECODE is set.
COMPILE := -m compileall -q bearkit

.PHONY: help demo studio test test-fast coverage lint style bench screenshots clean

help:
	@echo "make demo     the whole loop on bird photographs, in about half a minute"
	@echo "make studio   the same in the browser"
	@echo "make test     every test (installs Debian's chromium and nodejs when run as root without them)"
	@echo "make test-fast  most of what a change can break, in two minutes (no browser, nothing slow)"
	@echo "make coverage what test-fast reaches: the total, and the files of which it reaches least"
	@echo "make lint     ruff, mypy, which package may import which, and the studio's JavaScript"
	@echo "make style    ruff rewrites what it can"
	@echo "make screenshots  pictures of the studio, in docs/screens"
	@echo "make bench    side by side with fastai; takes some minutes"

$(VENV)/.installed: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

demo: $(VENV)/.installed
	$(BIN)/bearkit demo $(ARGS)

studio: $(VENV)/.installed
	$(BIN)/bearkit studio $(ARGS)

test-fast: $(VENV)/.installed-dev
	@$(BIN)/python $(COMPILE)
	$(BIN)/python -m pytest -n 2 $(PLAN) -m "not slow and not browser" $(ARGS)

test: $(VENV)/.installed-dev
	@$(call debian,chromium,chromium)
	@$(call debian,node,nodejs npm)
	@$(BIN)/python $(COMPILE)
	$(BIN)/python -m pytest -n 3 $(PLAN) $(ARGS)

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 $(PLAN) -m "not slow and not browser" --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report --sort=cover | sed -n 1,17p
	@$(BIN)/coverage report --format=total | sed 's/^/total: /; s/$$/ % of lines and branches/'

node_modules/.installed: package.json package-lock.json
	@$(call debian,npm,nodejs npm)
	@command -v npm >/dev/null || { echo "$(NO_NODE)" >&2; exit 1; }
	npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	touch $@

lint: $(VENV)/.installed-dev node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports > /dev/null || { $(BIN)/lint-imports; exit 1; }
	node_modules/.bin/tsc --project .
	node_modules/.bin/oxlint --quiet

screenshots: $(VENV)/.installed-dev
	$(BIN)/python docs/make_screenshots.py

style: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv-fastai/.installed: benchmarks/requirements-fastai.txt
	test -x .venv-fastai/bin/python || $(PYTHON) -m venv .venv-fastai
	.venv-fastai/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-fastai.txt
	touch $@

bench: $(VENV)/.installed-dev .venv-fastai/.installed
	$(BIN)/python -m benchmarks.against_fastai $(ARGS)

clean:
	rm -rf $(VENV) .venv-fastai node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
