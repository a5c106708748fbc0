# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target sets up what it needs; `make help` lists them. PYTHON=/path/to/python3.12 chooses the interpreter.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

requirements := tests/requirements
collection := build/collections/ansible_collections/sre/preflight
bin := .venv/bin
lint := build/venvs/lint/bin
FUZZ := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.py)))
# As many as tests/conftest.py says; the tests of one file stay together, and so do the servers that they share.
workers := -n auto --dist loadscope --no-loadscope-reorder
BENCH := $(basename $(notdir $(wildcard tests/bench/bench_*.py)))

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
export PYTHONPATH := $(CURDIR)/build/collections:$(CURDIR)
export PYTHON
# Hundreds of processes import the collection: without their caches each would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-lint link audit remediate test test-full matrix lint sanity bench fuzz changelog docs-charts docs-rules clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | sort | while read -r target text; do printf '%-12s %s\n' "$$target" "$$text"; done

setup: link
	@tests/tools/venv.sh .venv 3.11+ $(requirements)/core-2.19.txt $(requirements)/test.txt

setup-lint: link
	@tests/tools/venv.sh build/venvs/lint 3.11+ $(requirements)/core-2.19.txt $(requirements)/lint.txt

# Ansible and Python find the collection only below ansible_collections/NAMESPACE/NAME.
link:
	@[ -e $(collection)/galaxy.yml ] || { mkdir -p $(dir $(collection)) && ln -sfn ../../../.. $(collection); }

audit: setup ## audit the embedded lab, or your own hosts: make audit INVENTORY=hosts.yml [ARGS=...]
ifdef INVENTORY
	@PATH="$(CURDIR)/$(bin):$$PATH" $(bin)/python -m ansible playbook -i "$(INVENTORY)" playbooks/audit.yml \
	    -e preflight_report_directory="$(CURDIR)/build/report" $(ARGS)
else
	@PATH="$(CURDIR)/$(bin):$$PATH" $(bin)/python -m tests.lab.audit $(ARGS)
endif

remediate: setup ## audit the embedded lab, carry out the plan, and audit again
	@PATH="$(CURDIR)/$(bin):$$PATH" $(bin)/python -m tests.lab.remediate $(ARGS)

test: setup ## unit and integration tests that need only Python; ARGS=tests/unit/... or ARGS='-k name' chooses
	@PATH="$(CURDIR)/$(bin):$$PATH" $(bin)/python -m pytest $(workers) -m "not full and not bench and not fuzz" $(ARGS)

test-full: link ## tests that need a browser and servers of the system, or minutes; says which are missing
	@tests/tools/system_programs.sh
	@tests/tools/venv.sh build/venvs/full 3.11+ $(requirements)/core-2.19.txt $(requirements)/test.txt $(requirements)/full.txt
	@build/venvs/full/bin/python -m tests.lab.servers.build
	@PATH="$(CURDIR)/build/venvs/full/bin:$$PATH" build/venvs/full/bin/python -m pytest $(workers) -m full $(ARGS)

matrix: link ## the tests on every supported ansible-core, managed hosts' on Python 3.9, and those of older clients; ONLY="2.16 managed" chooses
	@tests/tools/matrix.sh

lint: setup-lint ## ruff, mypy, ansible-lint, sanity, documentation, galaxy-importer, changelog, REUSE
	@PATH="$(CURDIR)/$(lint):$$PATH" tests/tools/lint.sh

sanity: setup-lint ## ansible-test sanity alone; ARGS='--test validate-modules' chooses
	@$(lint)/python -m tests.tools.sanity $(ARGS)

bench: setup ## measure, and print tables of medians; BENCH=bench_files chooses
	@tests/tools/venv.sh build/venvs/sslyze 3.11+ $(requirements)/bench.txt
	@case " $(BENCH) " in *" bench_kubernetes "*) tests/tools/venv.sh build/venvs/full 3.11+ \
	    $(requirements)/core-2.19.txt $(requirements)/test.txt $(requirements)/full.txt;; esac
	@for name in $(BENCH); do \
	    bin=$(bin); [ "$$name" != bench_kubernetes ] || bin=build/venvs/full/bin; \
	    echo "== $$name"; PATH="$(CURDIR)/$$bin:$$PATH" $$bin/python tests/bench/$$name.py $(ARGS) || exit; \
	done

fuzz: link ## feed the parsers odd input, the same each time; ARGS=600 explores for so many seconds, FUZZ=fuzz_reader chooses
	@tests/tools/venv.sh build/venvs/fuzz 3.11+ $(requirements)/core-2.19.txt $(requirements)/test.txt $(requirements)/fuzz.txt
	@for name in $(FUZZ); do \
	    echo "== $$name"; PYTHONHASHSEED=0 build/venvs/fuzz/bin/python tests/fuzz/$$name.py $(ARGS) || exit; \
	done

docs-charts: setup ## draw the charts of the docs from the forecast, and from the outage's recorded replay
	@$(bin)/python -m tests.tools.forecast_charts
	@$(bin)/python -m tests.tools.outage_charts

docs-rules: setup ## write docs/rules.md from the rules' registrations
	@$(bin)/python -m tests.tools.rules_reference

changelog: setup-lint ## write CHANGELOG.md from changelogs/fragments and the modules
	@PATH="$(CURDIR)/$(lint):$$PATH" $(lint)/antsibull-changelog release --update-existing --reload-plugins
	@rm changelogs/.plugin-cache.yaml

clean: ## remove all that the targets made
	@rm -rf build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .ansible sre-preflight-*.tar.gz
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
