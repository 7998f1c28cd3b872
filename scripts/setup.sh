#!/bin/sh
# Makes the virtual environment that one `make` target needs, and leaves it alone while the pins have not changed.
#
#   sh scripts/setup.sh demo|test|check|docs
#
# VENV (default .venv), PYTHON (default: the newest on the path, 3.11 or later), DJANGO (52 or 61).
# uv does the work where it is there, else venv and pip.
set -eu
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
BIN=$VENV/bin/python

case "${1:-}" in
    demo) GROUPS_WANTED="core server demo build" ;;
    test) GROUPS_WANTED="core server demo build postgres sms apprise webpush celery metrics test" ;;
    check) GROUPS_WANTED="core server demo build postgres sms apprise webpush celery metrics test check" ;;
    docs) GROUPS_WANTED="docs" ;;
    *) echo "usage: setup.sh demo|test|check|docs" >&2; exit 2 ;;
esac

say() { echo "tocsin set-up: $*" >&2; }

usable() {  # a Python that starts, is new enough and has what Python usually has
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys, sqlite3, ssl; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

has_pip_for_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_python() {  # the newest usable one; one that can make virtual environments is preferred
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" || { say "PYTHON=$PYTHON is no Python 3.11 or later."; exit 2; }
        echo "$PYTHON"; return
    fi
    spare=
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        usable "$name" || continue
        if has_pip_for_venv "$name"; then echo "$name"; return; fi
        spare=${spare:-$name}
    done
    echo "$spare"
}

venv_package() {  # Debian splits this off: python3-venv for its own version, python3.X-venv for others
    case "$1" in
        python3.*) [ "$(python3 -c 'import sys; print("python3.%d" % sys.version_info[1])' 2>/dev/null)" = "$1" ] \
            && echo python3-venv || echo "$1-venv" ;;
        *) echo python3-venv ;;
    esac
}

need_ensurepip() {
    has_pip_for_venv "$1" && return
    package=$(venv_package "$1")
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installs $package"
        sh scripts/apt.sh "$package" || { say "$package could not be installed."; exit 2; }
    fi
    has_pip_for_venv "$1" && return
    say "Python cannot make virtual environments here. Run this and try again:"
    echo "    apt-get install -y $package" >&2
    exit 2
}

make_venv() {
    python=$(find_python)
    if command -v uv >/dev/null 2>&1 && uv venv --quiet --python "${python:-3.13}" "$VENV" 2>/dev/null; then
        return
    fi
    if [ -z "$python" ]; then
        say "needs Python 3.11 or later, and found none on the path. On Debian 12 or later, run as root:"
        echo "    apt-get install -y python3 python3-venv" >&2
        exit 2
    fi
    need_ensurepip "$python"
    "$python" -m venv --clear "$VENV"
}

install() {
    if command -v uv >/dev/null 2>&1 && uv pip install --quiet --python "$BIN" "$@" 2>/dev/null; then
        return
    fi
    "$BIN" -m pip --version >/dev/null 2>&1 || "$BIN" -m ensurepip >/dev/null
    "$BIN" -m pip install -qq --disable-pip-version-check --no-input "$@"
}

"$BIN" -c '' 2>/dev/null || { say "makes $VENV"; make_venv; }
[ -n "${DJANGO:-}" ] || DJANGO=$("$BIN" -c 'import sys; print(61 if sys.version_info >= (3, 12) else 52)')

set --
for pins in requirements/*.txt; do
    case $pins in */django*) ;; *) set -- "$@" -c "$pins" ;; esac
done
[ "$GROUPS_WANTED" = docs ] || set -- "$@" -r "requirements/django$DJANGO.txt"
for group in $GROUPS_WANTED; do set -- "$@" -r "requirements/$group.txt"; done

# What was installed, by content: a changed pin, entry point or translation, or another folder, makes another name.
STAMP=$VENV/.pins-$({ pwd; cat requirements/*.txt pyproject.toml "scripts/setup.sh" src/tocsin/locale/*/LC_MESSAGES/*.po; } | cksum | cut -d' ' -f1)-django$DJANGO
DONE=$(cat "$STAMP" 2>/dev/null || true)
for group in $GROUPS_WANTED; do
    case " $DONE " in *" $group "*) ;; *) MISSING=yes ;; esac
done
[ "${MISSING:-no}" = yes ] || exit 0

say "installs the pinned requirements for $GROUPS_WANTED into $VENV"
install "$@"
case " $GROUPS_WANTED " in *" build "*) install --no-deps --no-build-isolation --editable . ;; esac
find "$VENV" -maxdepth 1 -name '.pins-*' ! -path "$STAMP" -exec rm -f {} +
echo "$DONE $GROUPS_WANTED" >"$STAMP"
