#!/bin/sh
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs every check, shows the output of those that fail, and fails if any did. ONLY="ruff mypy" chooses.

set -u

failed=
log=build/lint
mkdir -p "$log"

check() {
    name=$1
    shift
    if [ -n "${ONLY:-}" ] && ! echo " $ONLY " | grep -q " $name "; then
        return
    fi
    start=$(date +%s)
    if "$@" >"$log/$name.txt" 2>&1; then
        verdict=ok
    else
        verdict=FAILED
        failed="$failed $name"
        cat "$log/$name.txt"
    fi
    echo "$name: $verdict ($(($(date +%s) - start)) s)"
}

build_and_import() {
    rm -rf build/artifact
    ansible-galaxy collection build --force --output-path build/artifact || return
    # In a folder of its own, because it leaves its result in the working directory.
    (cd build/artifact && GALAXY_IMPORTER_CONFIG=$OLDPWD/tests/tools/galaxy-importer.cfg \
        python -m galaxy_importer.main ./*.tar.gz)
}

changelog() {
    antsibull-changelog lint && antsibull-changelog lint-changelog-yaml --strict changelogs/changelog.yaml
}

check ruff ruff check .
check ruff-format ruff format --check .
check mypy mypy
check shellcheck shellcheck .ci/run tests/tools/*.sh
check yamllint yamllint --strict .
check ansible-lint ansible-lint
check documentation antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
check changelog changelog
check galaxy-importer build_and_import
check reuse reuse lint
check sanity python -m tests.tools.sanity

if [ -n "$failed" ]; then
    echo "preflight: lint failed:$failed (see $log)" >&2
    exit 1
fi
