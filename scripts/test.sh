#!/bin/sh
# All tests on SQLite, then those that use the database again on PostgreSQL. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE  # hundreds of tests start a Python, and each would compile all that it imports
STATUS=0
for vendor in sqlite postgresql; do
    code=0
    TOCSIN_TEST_DATABASE=$vendor "${VENV:-.venv}/bin/python" -m pytest -q -n "${WORKERS:-2}" --dist worksteal \
        -o faulthandler_timeout=120 "$@" </dev/null || code=$?
    case $code in
        0 | 5) ;;  # 5: no test fits, as when the arguments name one that needs no database
        *) STATUS=$code ;;
    esac
done
exit "$STATUS"
