# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and inventories for tests of rules: values, without any cryptography."""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.contract import run
from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._files.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.sre.preflight.plugins.module_utils._x509.domain import RULES, judge
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def certificate(name: str = "leaf.example.com", **values: Any) -> Certificate:
    """A 100-day leaf in the middle of its life at NOW, with whatever ``values`` say otherwise.

    ``issuer`` may be another such certificate.
    """
    issuer = values.pop("issuer", "CN=Some CA")
    defaults: dict[str, Any] = {
        "subject": f"CN={name}",
        "serial_number": "01",
        "not_before": NOW - 50 * DAY,
        "not_after": NOW + 50 * DAY,
        "is_ca": False,
        "self_issued": False,
        "names": (name,),
        "subject_key_identifier": hashlib.sha256(name.encode()).hexdigest()[:40],
        "authority_key_identifier": None,
    }
    if isinstance(issuer, Certificate):
        defaults.update(issuer=issuer.subject, authority_key_identifier=issuer.subject_key_identifier)
    else:
        defaults.update(issuer=issuer)
    merged = {**defaults, **values}
    merged.setdefault("fingerprint_sha256", hashlib.sha256(repr(sorted(merged.items())).encode()).hexdigest())
    return Certificate(**merged)


def authority(name: str = "Some CA", **values: Any) -> Certificate:
    """A self-issued CA of ten years around NOW."""
    defaults = {
        "issuer": f"CN={name}",
        "is_ca": True,
        "self_issued": True,
        "names": (name,),
        "not_before": NOW - 1825 * DAY,
        "not_after": NOW + 1825 * DAY,
    }
    return certificate(name, **{**defaults, **values})


def _unseen(seen: Certificate) -> Certificate:
    """A copy without locations, so that one certificate can be put into several inventories."""
    copied = copy(seen)
    copied.locations = []
    return copied


def stored(*certificates: Certificate, path: str = "/etc/ssl/one.pem", key: bool = False) -> Inventory:
    """An inventory of one file with these certificates."""
    inventory = Inventory()
    add_file(inventory, path, *certificates, key=key)
    return inventory


def add_file(inventory: Inventory, path: str, *certificates: Certificate, key: bool = False) -> None:
    """One more file."""
    target = inventory.add_target("path", path)
    inventory.evaluated(target)
    for position, each in enumerate(certificates, 1):
        place = f"{path}#{position}" if len(certificates) > 1 else path
        inventory.add_certificate(_unseen(each), place, target=target)
    if key or len(certificates) > 1:
        fingerprints = [each.fingerprint_sha256 for each in certificates]
        inventory.add_source(path, kind="file", target=target, certificates=fingerprints, private_key=key)


def add_endpoint(inventory: Inventory, location: str, *certificates: Certificate, trust: Any = None) -> None:
    """An endpoint ``tls://host:port`` that serves this chain, leaf first."""
    target = inventory.add_target("endpoint", location)
    inventory.evaluated(target)
    for position, each in enumerate(certificates, 1):
        place = f"{location}#{position}" if position > 1 else location
        inventory.add_certificate(_unseen(each), place, target=target)
    inventory.add_source(
        location,
        kind="endpoint",
        target=target,
        certificates=[each.fingerprint_sha256 for each in certificates],
        private_key=False,
        host=location.partition("://")[2].rpartition(":")[0],
        server_name=None,
        trust=trust,
    )


def judged(
    inventory: Inventory, rule: str, *, now: datetime = NOW, include_passes: bool = False, **options: Any
) -> list[dict[str, Any]]:
    """The findings of one rule, as JSON."""
    policy = Policy.from_options(RULES.settings(), options)
    findings = judge(inventory, policy, now, Coverage(), include_passes, only=frozenset({rule}))
    return [finding.to_json() for finding in findings]


def counted(inventory: Inventory, rule: str, *, now: datetime = NOW, **options: Any) -> dict[str, int]:
    """One rule's verdicts by status, without the zeros."""
    coverage = Coverage()
    policy = Policy.from_options(RULES.settings(), options)
    list(judge(inventory, policy, now, coverage, False, only=frozenset({rule})))
    return {status: count for status, count in coverage.rules[rule].items() if count}


def bundle_of(inventory: Inventory, *, now: datetime = NOW, **options: Any) -> str:
    """What certificate_audit returns with bundle=true on a host with this inventory."""
    domain = replace(DOMAIN, collect=lambda params, started: inventory)
    result = run(domain, {**options, "bundle": True}, check_mode=False, clock=lambda: now)
    return str(result["bundle"])
