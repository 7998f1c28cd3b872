#!/bin/sh
# Everything about the code that can be said without running it. Silent while all is well; goes through to the end.
set -u
cd "$(dirname "$0")/.."
PY=${VENV:-.venv}/bin/python
LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT
STATUS=0

step() {
    name=$1; shift
    "$@" >"$LOG" 2>&1 </dev/null && return
    STATUS=1
    echo "== $name" >&2
    cat "$LOG" >&2
}

step "lint: make format mends much of it" "$PY" -m ruff check --quiet
step "format: make format mends it" "$PY" -m ruff format --check --quiet --output-format concise
step "types" "$PY" -m mypy
step "imports: the river flows downward" "$PY" -c 'from importlinter.cli import lint_imports_command as run; run()'
step "migrations: makemigrations would write one" env PYTHONPATH=. "$PY" -m django makemigrations --check --dry-run \
    --settings tests.settings tocsin
step "migrations: long locks, and what breaks the release before; see CONTRIBUTING.md" env PYTHONPATH=. "$PY" \
    scripts/migrations.py
step "translations: make messages, and fill in what is empty" "$PY" scripts/messages.py --check
made() {  # a page that is made from the code is as the code is now
    PYTHONPATH=. DJANGO_SETTINGS_MODULE=tests.settings "$PY" -m tocsin.cli reference "$1" | diff -u "$2" -
}
step "openapi.json: tocsin reference openapi > docs/reference/openapi.json" made openapi docs/reference/openapi.json
step "changelog: see changelog.d" "$PY" -m towncrier build --draft --version next
[ "$STATUS" = 0 ] && echo "make check: all is well"
exit "$STATUS"
