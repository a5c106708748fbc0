# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certificate_audit: files, keystores, kubeconfigs and endpoints of one host into one inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .._audit.contract import Domain
from .._audit.policy import OptionError
from .._tls.collect import collect_endpoints
from .._tls.target import Endpoint, parse_endpoint, parse_endpoint_file
from .._x509.domain import RULES, judge, rows
from .._x509.facts import container_of, is_served
from .._x509.inventory import Inventory
from .._x509.library import CRYPTOGRAPHY
from .._x509.rotators import ROTATORS
from .collect import collect_files, collect_kubeconfigs
from .names import Patterns
from .reading import SeenFiles

MAX_TIMEOUT = 86400
"""A day. Sockets take no more than some centuries, and nobody waits for them."""
MAX_CONNECTIONS = 4096
"""Each is a thread."""


def collect(params: Mapping[str, Any], now: datetime) -> Inventory:
    """All targets of the module's options, looked at. Raises OptionError for bad input before the first of them."""
    _check_numbers(params)
    endpoints = _endpoints(params)
    if not (endpoints or params["paths"] or params["kubeconfigs"]):
        raise OptionError(
            "paths, kubeconfigs, endpoints, endpoints_path: they name nothing; name what is to be audited"
        )
    rotators = _rotators(params)
    inventory = Inventory(rotator=_rotator(params, params["rotator"]))
    passwords = params["passwords"] or []
    seen = SeenFiles()
    collect_files(
        params["paths"] or [],
        inventory,
        include=params["include"] or [],
        exclude=params["exclude"] or [],
        max_depth=params["max_depth"],
        max_bytes=params["max_bytes"],
        passwords=passwords,
        seen=seen,
    )
    collect_kubeconfigs(
        params["kubeconfigs"] or [], inventory, max_bytes=params["max_bytes"], passwords=passwords, seen=seen
    )
    collect_endpoints(
        endpoints,
        inventory,
        timeout=params["timeout"],
        max_connections=params["max_connections"],
        ca_path=params["ca_path"],
        passwords=[each["password"] for each in passwords],
    )
    name_rotators(inventory, rotators)
    return inventory


def _check_numbers(params: Mapping[str, Any]) -> None:
    for option, least, most in (("timeout", 0.001, MAX_TIMEOUT), ("max_connections", 1, MAX_CONNECTIONS)):
        value = params[option]
        if not least <= value <= most:  # not a number is refused as well
            raise OptionError.of(option, value, f"is out of range; give {least:g} to {most}")


def _rotator(params: Mapping[str, Any], rotator: str | None) -> str | None:
    """The rotator, if it is one whose window is known."""
    known = {**ROTATORS, **(params["rotator_windows"] or {})}
    if rotator is not None and rotator not in known:
        fix = f"is not known; use one of {', '.join(known)}, or give its window in rotator_windows"
        raise OptionError.of("rotator", rotator, fix)
    return rotator


def _rotators(params: Mapping[str, Any]) -> list[tuple[Patterns, str]]:
    """The option ``rotators``. Raises OptionError for the first entry that is wrong."""
    entries = params["rotators"] or []
    return [(Patterns([each["path"]], option="rotators"), str(_rotator(params, each["rotator"]))) for each in entries]


def name_rotators(inventory: Inventory, rotators: Sequence[tuple[Patterns, str]]) -> None:
    """The tool that renews a file, by its path. It goes before the rotator of the whole task."""
    for certificate in inventory.certificates.values() if rotators else ():
        files = [container_of(location) for location in certificate.locations if not is_served(location)]
        for patterns, rotator in rotators:
            if any(map(patterns.match, files)):
                certificate.rotator = rotator
                break


def _endpoints(params: Mapping[str, Any]) -> list[Endpoint]:
    """Those of both options. Raises OptionError for the first that is wrong."""
    endpoints = [parse_endpoint(value) for value in params["endpoints"] or []]
    path = params["endpoints_path"]
    if path:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                endpoints += parse_endpoint_file(stream.read(), option="endpoints_path")
        except OSError as error:
            raise OptionError.of("endpoints_path", path, f"cannot be read: {error.strerror}") from None
    for endpoint in endpoints:
        _rotator(params, endpoint.rotator)
    return endpoints


DOMAIN = Domain(
    module="certificate_audit",
    settings=RULES.settings(),
    collect=collect,
    dump=Inventory.to_evidence,
    load=Inventory.from_evidence,
    judge=judge,
    certificates=rows,
    libraries=(CRYPTOGRAPHY,),
)
