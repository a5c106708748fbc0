#!/bin/sh
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# find_python.sh VERSION prints the path of an interpreter, or says in one line what is missing.
#
# "3.11+" is the newest at hand (or the one that $PYTHON names), "3.12" just that one, from the PATH or from pyenv.

set -eu

wanted=$1

fail() {
    echo "preflight: $1" >&2
    exit 1
}

# A pyenv shim may exist and refuse to run, so each candidate is tried.
working_python() {
    "$1" -c 'import sys; sys.stdout.write(sys.executable)' 2>/dev/null
}

version_of() {
    "$1" -c 'import sys; sys.stdout.write("%d.%d" % sys.version_info[:2])'
}

find_at_least_311() {
    seen=
    set -- python3.13 python3.12 python3.11 python3
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for candidate in "$@"; do
        path=$(working_python "$candidate") || continue
        if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            echo "$path"
            return
        fi
        seen="$seen; found $path, which is $(version_of "$path")"
    done
    fail "needs Python 3.11 or newer${seen:-; found none${PYTHON:+ at $PYTHON}}. Install one, or name it: make ... PYTHON=/path/to/python3.12"
}

find_exactly() {
    pyenv_versions=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}/versions
    for candidate in "python$wanted" "$pyenv_versions/$wanted".*/bin/python; do
        path=$(working_python "$candidate") || continue
        if [ "$(version_of "$path")" = "$wanted" ]; then
            echo "$path"
            return
        fi
    done
    fail "needs Python $wanted: it is not on the PATH and not in $pyenv_versions. Get it: pyenv install $wanted"
}

case $wanted in
    3.11+) find_at_least_311 ;;
    *) find_exactly ;;
esac
