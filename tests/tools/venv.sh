#!/bin/sh
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# venv.sh DIRECTORY VERSION REQUIREMENTS...
#
# Makes the virtual environment DIRECTORY with the pinned REQUIREMENTS, unless it already is exactly that.
# VERSION is what find_python.sh understands.

set -eu

tools=$(dirname "$0")
directory=$1
version=$2
shift 2
installed=$directory/preflight-installed.txt

# What the environment is made from. It is compared as a whole: a moved folder or an edited pin makes it anew.
recipe() {
    echo "$(cd "$(dirname "$directory")" && pwd)/$(basename "$directory") $version"
    cat tests/requirements/constraints.txt "$@"
}

is_current() {
    [ -f "$installed" ] && recipe "$@" | cmp -s - "$installed" && "$directory/bin/python" -c ''
}

is_right_python() {
    case $version in
        3.11+) "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ;;
        *) "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" ;;
    esac
}

make_environment() {
    # An environment of the right Python is kept and updated, because somebody may be at work in it.
    if is_right_python "$directory/bin/python" 2>/dev/null; then
        return
    fi
    python=$("$tools/find_python.sh" "$version")
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "preflight: $python lacks the modules venv and ensurepip. Get them: apt-get install python3-venv" >&2
        exit 1
    fi
    "$python" -m venv --clear "$directory"
}

install() {
    for file in "$@"; do
        set -- "$@" -r "$file"
        shift
    done
    "$directory/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@"
}

is_current "$@" && exit 0
mkdir -p build "$(dirname "$directory")"
if command -v flock >/dev/null; then # two runs of make must not install into one environment at once
    exec 9>"build/$(basename "$directory").lock"
    flock 9
    is_current "$@" && exit 0
fi
echo "Setting up $directory ..." >&2
rm -f "$installed"
make_environment
install "$@"
recipe "$@" >"$installed"
