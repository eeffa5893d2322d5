# Two commands: `make app` runs the web app, `make test` checks everything.

PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' optviz/__init__.py)

.PHONY: app test lint types unit js browser lowest docs wheel release picture clean

# uv installs far quicker than pip; where it cannot be had, or finds less, pip does it.
define install
$(BIN)/python -m pip install --quiet --disable-pip-version-check uv && \
$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --editable '$(1)' || \
$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '$(1)'
endef

app: .venv/app
	$(BIN)/optviz app --port $(PORT)

test: lint types js unit

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/test
	$(BIN)/pyright

# Without npm's registry the types cannot be checked, and it says so; STRICT=1 then fails.
js: .venv/test
	@test node_modules/.package-lock.json -nt package-lock.json || \
	$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=60000 && touch node_modules/.package-lock.json || \
	{ echo "TypeScript could not be installed: the types of the JavaScript are NOT checked" >&2; test -z "$(STRICT)"; }
	@test ! -d node_modules/typescript || $(BIN)/node node_modules/typescript/bin/tsc --project jsconfig.json
	$(BIN)/node --test tests/js/*.test.mjs

# Three workers for two cores: one of them mostly waits for a browser. tests/conftest.py orders them.
PYTEST := -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

unit: browser
	$(BIN)/python $(PYTEST)

# The lowest versions that pyproject.toml allows, in an environment of their own.
lowest: browser
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/python -m pip install --quiet --disable-pip-version-check uv
	build/lowest/bin/python -m uv pip install --quiet --python build/lowest/bin/python --resolution lowest-direct --editable '.[test]'
	build/lowest/bin/python $(PYTEST)

# Finds an installed Chrome or Chromium, or installs one; the browser tests are never skipped.
browser: .venv/test
	$(BIN)/python tests/browser.py

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "optviz needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv || { echo "on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

.venv/app: .venv/python pyproject.toml
	$(call install,.)
	@touch $@

.venv/test: .venv/python pyproject.toml
	$(call install,.[test])
	@touch $@

.venv/docs: .venv/python pyproject.toml
	$(call install,.[docs])
	@touch $@

# The documentation, in build/site. The variable keeps Material from advertising its successor.
docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# What a user installs, in an environment of its own: the command line runs, outside this folder.
wheel: .venv/test
	rm -rf dist build/wheel
	$(BIN)/python -m hatchling build -d dist
	$(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd build && wheel/bin/optviz --version && wheel/bin/optviz race ravine -O sgd -O adam --out race.html

# Checked, built and tagged; nothing leaves this machine.
release: test wheel
	@test -z "$$(git status --porcelain)" || { echo "commit first: the tree has changes" >&2; exit 1; }
	@grep -q '^## \[$(VERSION)\] - [0-9-]*$$' CHANGELOG.md || { echo "CHANGELOG.md has no dated section for $(VERSION)" >&2; exit 1; }
	git tag --annotate v$(VERSION) --message "optviz $(VERSION)"

# The moving picture in the README.
picture: browser
	$(BIN)/python docs/film.py "$$($(BIN)/python tests/browser.py)"

clean:
	rm -rf .venv node_modules build dist *.egg-info .pytest_cache .ruff_cache
