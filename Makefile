# Each target does all its own set-up. VENV=…, PYTHON=python3.12 and DJANGO=52|61 choose what it runs in, ARGS=… is
# handed on: `make demo ARGS=--once`, `make test ARGS="-k inbox"`.
VENV ?= .venv
export VENV PYTHON DJANGO
PY = $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help demo test check faults bench docs format messages

help:
	@echo "make demo    tocsin on this machine, with a mailbox, a webhook and people to notify"
	@echo "make test    all tests, on SQLite and on PostgreSQL"
	@echo "make check   lint, format, types, imports, migrations, changelog"
	@echo "make faults  what it survives, at length: minutes more than make test takes for it"
	@echo "make bench   against peers and limits; writes bench/RESULTS.md"
	@echo "make docs    the documentation, into site/"
	@echo "make messages  brings the translations up to date with what the code says"
	@echo "make format  lets ruff write what make check asks for"

demo:
	@sh scripts/setup.sh demo
	@$(VENV)/bin/tocsin demo $(ARGS)

test:
	@sh scripts/setup.sh test
	@sh scripts/services.sh
	@sh scripts/test.sh $(ARGS)

check:
	@sh scripts/setup.sh check
	@sh scripts/check.sh

faults:
	@sh scripts/setup.sh test
	@TOCSIN_LONG=1 $(PY) -m pytest -q -n 2 -m faults $(ARGS) tests/faults

bench:
	@sh scripts/setup.sh test
	@$(PY) -m bench $(ARGS)

docs:
	@sh scripts/setup.sh docs
	@$(PY) -m mkdocs build --quiet --strict $(ARGS)

messages:
	@sh scripts/setup.sh check
	@$(PY) scripts/messages.py

format:
	@sh scripts/setup.sh check
	@$(PY) -m ruff check --quiet --fix
	@$(PY) -m ruff format --quiet
