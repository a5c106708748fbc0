# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mount that an enforcing module is to change: is it there, is it of type pki, and is it in the right cluster?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._audit.policy import OptionError
from . import errors
from .durations import normalise
from .errors import RequestError
from .server import HEALTH, product_of, state_failure
from .transport import Transport

NAMES = {"openbao": "OpenBao", "vault": "Vault"}


@dataclass(frozen=True)
class Target:
    """A PKI mount as ``pki/``, and its server for people (``OpenBao 2.7.2``)."""

    transport: Transport
    mount: str
    server: str
    visible: bool

    def read(self, path: str) -> dict[str, Any]:
        """The settings at a path below the mount, normalised. Raises RequestError, whose words say what is missing."""
        try:
            return normalise(self.transport.read(self.mount + path))
        except RequestError as error:
            raise self._explained(error) from None

    def _explained(self, error: RequestError) -> RequestError:
        reason = error.reason
        if error.kind == errors.FORBIDDEN and not self.visible:
            reason += ", unless nothing is mounted there"
        elif error.kind in errors.ABSENT and "/roles/" in error.path:
            reason = "this role does not exist"
        elif error.kind == errors.UNSUPPORTED or error.kind in errors.ABSENT:
            reason = f"{self.server} has no such path"
        return RequestError(error.kind, error.path, reason, status=error.status, capability=error.capability)


def find_target(transport: Transport, params: Mapping[str, Any]) -> Target:
    """The mount of the options ``mount`` and ``expected_cluster_id``, in two requests.

    Raises OptionError where it is not what they say, and RequestError where the server cannot be asked.
    """
    mount = str(params["mount"]).strip("/")
    if not mount:
        raise OptionError.of("mount", params["mount"], "is no path of a mount; write it as pki")
    status, health = transport.probe(HEALTH)
    failure = state_failure(status, health)
    if failure is not None:
        raise failure
    expected = params.get("expected_cluster_id")
    if expected and health.get("cluster_id") != expected:
        other = health.get("cluster_id")
        raise OptionError.of("expected_cluster_id", expected, f"is not this cluster, which is {other!r}; check the url")
    entry = _entry(transport, mount)
    if entry and entry.get("type") != "pki":
        raise OptionError.of("mount", mount, f"is of type {entry.get('type')}, not pki")
    product = NAMES[product_of({mount: entry}, {"product": None})] if entry else "the server"
    return Target(transport, f"{mount}/", f"{product} {health.get('version') or ''}".strip(), bool(entry))


def _entry(transport: Transport, mount: str) -> dict[str, Any]:
    """The mount as any token sees it that has some right below it; {} where it is not there, or there is no right."""
    try:
        return transport.read(f"sys/internal/ui/mounts/{mount}")
    except RequestError as error:
        if error.kind == errors.FORBIDDEN or error.kind in errors.ABSENT:
            return {}
        raise
