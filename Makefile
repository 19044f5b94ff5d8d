# make help

.DEFAULT_GOAL := help
SHELL := /bin/sh
# Not PYTHON, with which ops/setup is told what to build the virtual environment.
RUN := .venv/bin/python
WITH_DATABASE := $(RUN) -m ops.cluster run --
# A process that is given no settings takes production's.
MANAGE := DJANGO_SETTINGS_MODULE=$(or $(DJANGO_SETTINGS_MODULE),config.settings.dev) $(WITH_DATABASE) $(RUN) manage.py
TEMPLATES := templates platform
LINTED := platform accounts vault services certification campaigns tests ops bench manage.py
T ?= tests
# A third of the time of tests is waiting, for a process or a browser: one worker more than there are processors.
WORKERS := $(shell expr $$(nproc) + 1)
export PYTHONPATH := $(CURDIR)/platform:$(CURDIR)
# Containers often set it: each process would then compile the whole portal again, which takes half a second.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test otherday setup manage shell reset attacks quality format bench messages lock assets picture release

help:  ## what each command does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo:  ## prepare everything, serve the fictional city and walk the tour; stays until Ctrl-C, or stops after the tour with ONCE=yes (HOST=, PORT=, DEMO_PUBLIC=yes for others)
	@ops/setup
	@exec $(RUN) -m ops.launch $(if $(ONCE),--once)

test:  ## prepare everything, run the linters and the whole suite; T=tests/vault runs a part, after the linters
	@ops/setup tests
	@$(MAKE) --no-print-directory quality
	@$(RUN) -m pytest -n $(WORKERS) --dist loadgroup $(T)

otherday:  ## the suite on another day, once a week: Python, PostgreSQL and Chromium under a moved clock; DAY=2028-02-29T23:30:00, T=tests/vault
	@ops/setup tests
	@$(RUN) -m ops.other_day "$(DAY)" -n $(WORKERS) --dist loadgroup $(T)

attacks:  ## the attacks on consultations, with samples twenty times as large as in `make test`
	@ops/setup tests
	@ATTACK_SAMPLES=20 $(RUN) -m pytest -q -n 0 tests/attacks/campaigns

setup:  ## system packages, virtual environment, PostgreSQL, static files; tests' tools too
	@ops/setup tests

manage: | $(RUN)  ## a Django command: make manage CMD="verify_journal"
	@$(MANAGE) $(CMD)

shell: | $(RUN)  ## Django's shell, on the embedded database
	@$(MANAGE) shell

reset: | $(RUN)  ## forget the embedded database and everything else under var/
	@$(RUN) -m ops.cluster reset

quality: | $(RUN)  ## lint, format (templates too), types, import contracts, licences
	@$(RUN) -m ruff check --quiet $(LINTED)
	@$(RUN) -m ruff format --check --quiet $(LINTED)
	@.venv/bin/djangofmt --quiet --check $(TEMPLATES)
	@$(RUN) -m mypy $(LINTED)
	@.venv/bin/lint-imports
	@.venv/bin/reuse lint --quiet

format: | $(RUN)  ## rewrite the code and the templates as the linters want them
	@$(RUN) -m ruff check --fix --quiet $(LINTED) || true
	@$(RUN) -m ruff format $(LINTED)
	@.venv/bin/djangofmt $(TEMPLATES)

bench:  ## the benchmarks, each against its peer, on a database of its own; BENCH="gate journal" runs a part
	@ops/setup tests
	@$(RUN) -m ops.bench $(BENCH)

messages: | $(RUN)  ## collect the texts to translate, compile the catalogues, list what has no English yet
	@$(RUN) -m ops.messages

lock: | $(RUN)  ## resolve requirements*.in again, for Python 3.11 to 3.13
	@.venv/bin/uv pip compile -q --custom-compile-command "make lock" --universal --python-version 3.11 --override overrides.txt requirements.in -o requirements.txt
	@.venv/bin/uv pip compile -q --custom-compile-command "make lock" --universal --python-version 3.11 --override overrides.txt requirements-dev.in -o requirements-dev.txt
	@.venv/bin/uv pip compile -q --custom-compile-command "make lock" --universal --python-version 3.11 --override overrides.txt requirements-demo.in -o requirements-demo.txt

release: | $(RUN)  ## the archive of this version and its SHA-256, in var/release
	@$(RUN) -m ops.release

picture:  ## take the pictures of docs/tour.md and the README from the demonstration
	@ops/setup tests
	@$(RUN) -m ops.picture

$(RUN):
	@echo 'Nothing is set up here yet: run “make setup” first.' >&2; exit 1

assets:  ## compile the style sheet and copy the vendored files (needs npm)
	@frontend/build.sh
