# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many leases a mount has."""

from __future__ import annotations

from . import errors
from .errors import RequestError
from .parts import Parts

LOOKUP = "sys/leases/lookup/"
IRREVOCABLE = "sys/leases/count"
CAPABILITY = "list, sudo"
_MAX_DEPTH = 8


def count_leases(parts: Parts, mount: str) -> dict[str, int] | None:
    """Leases by role below the mount's prefix (``issue/NAME`` and ``sign/NAME`` together); None with a problem.

    One LIST for each prefix that has leases: they have no dates here, a certificate's lease ends with it.
    """
    by_role: dict[str, int] = {}
    prefixes = [""]
    try:
        for _depth in range(_MAX_DEPTH):
            found = list(parts.transport.map(lambda prefix: _list(parts, mount + prefix), prefixes))
            deeper = []
            for prefix, keys in zip(prefixes, found):
                leases = sum(not key.endswith("/") for key in keys)
                if leases:
                    role = prefix.rstrip("/").rpartition("/")[2]
                    by_role[role] = by_role.get(role, 0) + leases
                deeper += [prefix + key for key in keys if key.endswith("/")]
            prefixes = deeper
            if not prefixes:
                break
    except RequestError as error:
        parts.problems.append(error.problem("leases"))
        return None
    return by_role


def _list(parts: Parts, path: str) -> list[str]:
    try:
        keys: list[str] = parts.transport.listing(LOOKUP + path, namespace=parts.namespace)["keys"]
    except RequestError as error:
        if error.kind == errors.FORBIDDEN:
            error.capability = CAPABILITY
            error.reason = f"permission denied: the token needs {CAPABILITY} on {error.path}"
        raise
    return keys


def count_irrevocable(parts: Parts) -> dict[str, int] | None:
    """Irrevocable leases by the accessor of their mount, of a whole namespace. Raises RequestError."""
    data = parts.transport.read(IRREVOCABLE, namespace=parts.namespace, query={"type": "irrevocable"})
    return {str(accessor): int(count) for accessor, count in (data.get("counts") or {}).items()}
