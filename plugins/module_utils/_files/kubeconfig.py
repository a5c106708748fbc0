# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig: the certificates of its users and clusters, and nothing of its keys, tokens and passwords.

The format is Kubernetes' client-go tools/clientcmd/api/v1/types.go.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple

from .document import DocumentError, load_document
from .names import absolute

# A kubeconfig of 1,000 clusters has some 4 MB; PyYAML without its C library takes seconds for one.
MAX_BYTES = 8 * 1024 * 1024

# Section, the mapping's name in an entry, and the key of the certificate and of the private key in it.
_SECTIONS = (
    ("users", "user", "client-certificate", "client-key"),
    ("clusters", "cluster", "certificate-authority", None),
)


class Entry(NamedTuple):
    """One user or cluster. ``position`` is ``users/NAME`` or ``clusters/NAME``; of embedded data, a file and a
    problem at most one is there; private_key says that a key is embedded or referred to."""

    position: str
    data: bytes | None
    file: str | None
    problem: str | None
    private_key: bool


def read_kubeconfig(data: bytes, path: str) -> list[Entry]:
    """The users and clusters of the kubeconfig at an absolute path that have a certificate or a private key.

    Raises DocumentError with the reason, which quotes nothing of the file.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"it has {len(data)} bytes; as a kubeconfig at most {MAX_BYTES} are read")
    document = load_document(data)
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise DocumentError("it is not a kubeconfig: a mapping with kind: Config is expected")
    if not any(section in document for section in ("users", "clusters", "contexts")):
        raise DocumentError("it is not a kubeconfig: it has neither users nor clusters nor contexts")
    directory = path[: path.rfind("/") + 1]
    entries = []
    for section, inner, certificate, key in _SECTIONS:
        rows = document.get(section)
        if not isinstance(rows, list):
            if rows is not None:
                entries.append(Entry(section, None, None, "a list is expected", False))
            continue
        for number, row in enumerate(rows, start=1):
            entry = _read_row(row, f"{section}/", number, inner, certificate, key, directory)
            if entry is not None:
                entries.append(entry)
    return entries


def _read_row(
    row: Any, prefix: str, number: int, inner: str, certificate: str, key: str | None, directory: str
) -> Entry | None:
    """One row {name, user|cluster: {...}}; None where it holds neither certificate nor key."""
    body = (row.get(inner) or {}) if isinstance(row, dict) else None
    if not isinstance(body, dict):
        return Entry(f"{prefix}{number}", None, None, f"a mapping with name and {inner} is expected", False)
    name = row.get("name")
    position = prefix + (name if isinstance(name, str) and name else str(number))
    private_key = key is not None and bool(body.get(f"{key}-data") or body.get(key))
    embedded, file = body.get(f"{certificate}-data"), body.get(certificate)
    if embedded:  # it overrides the file, as for kubectl
        return _embedded(position, embedded, f"{certificate}-data", private_key)
    if isinstance(file, str) and file:
        return Entry(position, None, absolute(file if file.startswith("/") else directory + file), None, private_key)
    return Entry(position, None, None, None, True) if private_key else None


def _embedded(position: str, value: Any, key: str, private_key: bool) -> Entry:
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        return Entry(position, None, None, f"{key} is not base64", private_key)
    return Entry(position, data, None, None, private_key)
