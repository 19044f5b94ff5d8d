# make help

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
WITH_DATABASE := $(PYTHON) -m ops.cluster run --
# A process that is given no settings takes production's.
MANAGE := DJANGO_SETTINGS_MODULE=$(or $(DJANGO_SETTINGS_MODULE),config.settings.dev) $(WITH_DATABASE) $(PYTHON) manage.py
TEMPLATES := templates platform
LINTED := platform accounts vault services tests ops bench manage.py
T ?= tests
export PYTHONPATH := $(CURDIR)/platform:$(CURDIR)
.PHONY: help demo test setup manage shell reset quality format bench messages lock assets picture

help:  ## what each command does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo:  ## prepare everything, serve the fictional city and walk the tour; stays until Ctrl-C (HOST=, PORT=, DEMO_PUBLIC=yes for others)
	@ops/setup
	@exec $(PYTHON) -m ops.launch

test:  ## prepare everything, run the linters and the whole suite; T=tests/vault runs a part, without linters
	@ops/setup tests
	@$(if $(filter tests,$(T)),$(MAKE) --no-print-directory quality)
	@$(PYTHON) -m pytest -n auto --dist loadgroup $(T)

setup:  ## system packages, virtual environment, PostgreSQL, static files; tests' tools too
	@ops/setup tests

manage:  ## a Django command: make manage CMD="verify_journal"
	@$(MANAGE) $(CMD)

shell:  ## Django's shell, on the embedded database
	@$(MANAGE) shell

reset:  ## forget the embedded database and everything else under var/
	@$(PYTHON) -m ops.cluster reset

quality:  ## lint, format (templates too), types, import contracts
	@$(PYTHON) -m ruff check --quiet $(LINTED)
	@$(PYTHON) -m ruff format --check --quiet $(LINTED)
	@.venv/bin/djangofmt --quiet --check $(TEMPLATES)
	@$(PYTHON) -m mypy $(LINTED)
	@.venv/bin/lint-imports

format:  ## rewrite the code and the templates as the linters want them
	@$(PYTHON) -m ruff check --fix --quiet $(LINTED) || true
	@$(PYTHON) -m ruff format $(LINTED)
	@.venv/bin/djangofmt $(TEMPLATES)

bench:  ## the benchmarks, each against its peer, on a database of its own; BENCH="gate journal" runs a part
	@ops/setup tests
	@$(PYTHON) -m ops.bench $(BENCH)

messages:  ## collect the texts to translate, compile the catalogues, list what has no English yet
	@$(PYTHON) -m ops.messages

lock:  ## resolve requirements*.in again, for Python 3.11 to 3.13
	@.venv/bin/uv pip compile -q --custom-compile-command "make lock" --universal --python-version 3.11 --override overrides.txt requirements.in -o requirements.txt
	@.venv/bin/uv pip compile -q --custom-compile-command "make lock" --universal --python-version 3.11 --override overrides.txt requirements-dev.in -o requirements-dev.txt

picture:  ## take the pictures of docs/tour.md and the README from the demonstration
	@ops/setup tests
	@$(PYTHON) -m ops.picture

assets:  ## compile the style sheet and copy the vendored files (needs npm)
	@frontend/build.sh
