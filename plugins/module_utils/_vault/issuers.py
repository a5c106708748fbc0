# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The issuers of a mount, their certificates, and their CRLs as served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from .._x509.certificate import Certificate
from .._x509.certificate_reader import read_certificate
from .crl import read_history
from .days import DAY
from .durations import normalise
from .errors import RequestError
from .parts import Parts
from .pem import der_of_pem

_KEPT = (
    "issuer_name",
    "key_id",
    "leaf_not_after_behavior",
    "revocation_signature_algorithm",
    "issuing_certificates",
    "crl_distribution_points",
    "delta_crl_distribution_points",
    "ocsp_servers",
    "enable_aia_url_templating",
    "revoked",
    "revocation_time_rfc3339",
)


class Issuers(NamedTuple):
    """The evidence's ``issuers``, and their certificates by issuer_id."""

    rows: list[dict[str, Any]]
    certificates: dict[str, Certificate]


def read_issuers(parts: Parts, listed: Mapping[str, Any], *, managed_keys: bool) -> Issuers:
    """Each issuer that ``listed`` (LIST issuers) names, read once.

    ``managed_keys``: the product has keys outside its own storage, so whether a root's is one is read too.
    """
    default = _default(parts, listed)
    rows = parts.each("issuers", lambda ref: parts.read(f"issuer/{ref}"), list(listed["keys"]))
    issuers = Issuers([], {})
    for issuer_id, data in rows.items():
        row = _row(issuer_id, data, issuer_id == default)
        try:
            certificate = read_certificate(der_of_pem(data.get("certificate")))
        except ValueError as error:
            parts.problem("issuers", f"{parts.prefix}issuer/{issuer_id}", str(error))
        else:
            row["certificate_fingerprint_sha256"] = certificate.fingerprint_sha256
            issuers.certificates[issuer_id] = certificate
        issuers.rows.append(row)
    if managed_keys:
        _read_keys(parts, issuers)
    return issuers


def _read_keys(parts: Parts, issuers: Issuers) -> None:
    """``key_managed`` of the roots that have a key. The answer describes the key, and does not hold it."""
    roots = {each for each, certificate in issuers.certificates.items() if certificate.self_issued}
    rows = [row for row in issuers.rows if row["issuer_id"] in roots and row["key_id"]]
    ids = sorted({row["key_id"] for row in rows})
    keys = parts.each("issuer_keys", lambda key_id: parts.read(f"key/{key_id}"), ids)
    for row in rows:
        if row["key_id"] in keys:
            row["key_managed"] = bool(keys[row["key_id"]].get("managed_key_id"))


def _default(parts: Parts, listed: Mapping[str, Any]) -> str | None:
    """The default issuer: of the listing, or in older versions of a request of its own."""
    info = listed.get("key_info") or {}
    if all("is_default" in each for each in info.values()):
        return next((issuer_id for issuer_id, each in info.items() if each["is_default"]), None)
    try:
        default: str | None = parts.read("config/issuers").get("default")
    except RequestError as error:
        parts.note("issuers", error)
        return None
    return default


def _row(issuer_id: str, data: Mapping[str, Any], is_default: bool) -> dict[str, Any]:
    usage = data.get("usage") or []
    return {
        "issuer_id": issuer_id,
        "is_default": is_default,
        "usage": [each.strip() for each in usage.split(",")] if isinstance(usage, str) else list(usage),
        **normalise({key: data.get(key) for key in _KEPT}),
        "certificate_fingerprint_sha256": None,
        "key_managed": None,
    }


def read_crls(
    parts: Parts, issuers: Issuers, *, delta: bool, revoked: list[dict[int, str]] | None, day: timedelta = DAY
) -> list[dict[str, Any]]:
    """The complete CRLs, and with ``delta`` the delta CRLs, as served; one request each.

    Issuers that share key and subject share a CRL; one without a key has none. Where ``revoked`` is
    given it gets the entries of each CRL, day of revocation by serial number; the history is by ``day``.
    """
    crls = []
    for group in _groups(issuers):
        ids = [row["issuer_id"] for row in group]
        # One that may sign CRLs speaks for its group.
        ref = next((row["issuer_id"] for row in group if "crl-signing" in row["usage"]), ids[0])
        for kind, path in (("complete", "crl/der"), ("delta", "crl/delta/der")):
            if kind == "complete" or delta:
                entries: dict[int, str] | None = None if revoked is None else {}
                crl = _read_crl(parts, f"issuer/{ref}/{path}", entries, day)
                if crl is not None:
                    crls.append({"issuer_ids": ids, "kind": kind, "revoked_by_day": None, **crl})
                    if revoked is not None and entries is not None:
                        revoked.append(entries)
    return crls


def _read_crl(parts: Parts, path: str, revoked: dict[int, str] | None, day: timedelta) -> dict[str, Any] | None:
    try:
        der = parts.transport.raw(parts.prefix + path, namespace=parts.namespace)
    except RequestError as error:
        parts.note("crls", error)
        return None
    if not der:
        return None
    try:
        return read_history(der, revoked, day=day)
    except ValueError as error:
        parts.problem("crls", parts.prefix + path, str(error))
        return None


def _groups(issuers: Issuers) -> list[list[dict[str, Any]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in issuers.rows:
        certificate = issuers.certificates.get(row["issuer_id"])
        if row["key_id"]:
            groups[row["key_id"], certificate.subject if certificate else row["issuer_id"]].append(row)
    return list(groups.values())
