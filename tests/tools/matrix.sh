#!/bin/sh
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the tests that go through ansible-core on every supported one, then what runs on managed hosts on the oldest of
# them. What speaks to servers without Ansible in between is the same on all: `make test` and `make test-full` run it.
# ONLY="2.16 managed" chooses.

set -eu

requirements=tests/requirements
through_ansible="tests/unit tests/integration/docs tests/integration/lab tests/integration/modules tests/integration/playbooks"
workers="-n auto --dist loadscope --no-loadscope-reorder"
failed=

wanted() {
    [ -z "${ONLY:-}" ] || echo " $ONLY " | grep -q " $1 "
}

# A failure does not hide what the rest of the matrix says.
tests_in() {
    environment=$1
    shift
    # shellcheck disable=SC2086 # a list of options
    PATH="$PWD/$environment/bin:$PATH" "$environment/bin/python" -m pytest -q $workers "$@" || failed="$failed $environment"
}

# on_core VERSION_OF_ANSIBLE_CORE VERSION_OF_PYTHON
on_core() {
    wanted "$1" || return 0
    environment=build/venvs/core-$1-python-$2
    tests/tools/venv.sh "$environment" "$2" "$requirements/core-$1.txt" "$requirements/test.txt"
    echo "== ansible-core $1 on Python $2"
    # shellcheck disable=SC2086 # a list of paths
    tests_in "$environment" -m "not full and not bench and not fuzz" $through_ansible
}

on_managed_host() {
    wanted managed || return 0
    environment=build/venvs/managed-python-3.9
    tests/tools/venv.sh "$environment" 3.9 "$requirements/managed.txt"
    echo "== managed host: Python 3.9, cryptography 36, no ansible-core"
    tests_in "$environment" tests/unit/plugins/module_utils
}

# on_older_client NAME TESTS...: what full.txt has in its newest major version only
on_older_client() {
    wanted "$1" || return 0
    environment=build/venvs/$1
    tests/tools/venv.sh "$environment" 3.11+ "$requirements/core-2.19.txt" "$requirements/test.txt" "$requirements/$1.txt"
    echo "== $1"
    shift
    tests_in "$environment" -m full "$@"
}

on_core 2.16 3.11
on_core 2.19 3.11
on_core 2.21 3.13
on_managed_host
on_older_client kubernetes-36 tests/integration/kubernetes

[ -z "$failed" ] || { echo "preflight: tests failed in:$failed" >&2; exit 1; }
