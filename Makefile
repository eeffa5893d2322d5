# Two commands: `make app` runs the web app, `make test` checks everything.

PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: app test lint types unit js browser golden picture clean

app: .venv/app
	$(BIN)/optviz app --port $(PORT)

test: lint types js unit

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/test
	$(BIN)/pyright

js:
	@command -v node >/dev/null || { echo "make test needs Node 20 or newer (on Debian: apt-get install nodejs)" >&2; exit 1; }
	node --test tests/js/*.test.mjs

unit: browser
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# Finds an installed Chrome or Chromium, or installs one; the browser tests are never skipped.
browser: .venv/test
	$(BIN)/python tests/browser.py

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "optviz needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv || { echo "on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

.venv/app: .venv/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/test: .venv/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

# The picture in the README.
picture: .venv/app
	$(BIN)/optviz race ravine -O sgd -O momentum -O nesterov -O adagrad -O rmsprop -O adadelta -O adam -O adamw --out docs/race.png

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache
