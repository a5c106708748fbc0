# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an object of the API to what is kept of it. Here private keys and all else that is secret are let go.

Each ``*_of`` gets one object as JSON says, and returns a row of plain values and certificates, or None.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._x509.items import CertificateItem, Item, KeyItem, ProblemItem
from .._x509.reader import read_items

TLS_TYPE = "kubernetes.io/tls"
_TLS_KEY = "tls.key"
_TLS_CERTIFICATE = "tls.crt"
_CERT_MANAGER = "cert-manager.io/certificate-name"
_MAX_PASSWORD = 1024
_CLIP = 300

Object = Mapping[str, Any]


class Part(NamedTuple):
    """One value with certificates in it: its key, and what it holds. Nothing of a private key but that there is one."""

    key: str
    items: list[Item]


class Holder(NamedTuple):
    """A Secret or ConfigMap with certificates. ``owner`` is what made it, as ``Kind name``; None where that is not
    said."""

    namespace: str
    name: str
    type: str
    owner: str | None
    rotator: str | None
    private_key: bool
    parts: list[Part]


class Bundle(NamedTuple):
    """CA certificates that clients of something are to trust. ``path`` tells it from others of the same object;
    ``serves`` is what they are for."""

    name: str
    path: str
    serves: str
    items: list[Item]


class Request(NamedTuple):
    """A request for a certificate. ``state`` is pending, approved, denied or failed; instants as the API has them."""

    namespace: str
    name: str
    signer: str
    state: str
    created: str
    since: str
    reason: str
    requester: str


class Use(NamedTuple):
    """That a workload or an Ingress refers to Secrets, each with the host names that it serves by it."""

    namespace: str
    user: str
    secrets: tuple[tuple[str, tuple[str, ...]], ...]


def secret_of(item: Object) -> Holder | None:
    """The certificates of a Secret. Of type kubernetes.io/tls the key is not even decoded."""
    data = _mapping(item.get("data"))
    kind = str(item.get("type") or "Opaque")
    if kind == TLS_TYPE:
        parts = [Part(key, _items(_decoded(value), ())) for key, value in data.items() if key != _TLS_KEY]
        parts = [part for part in parts if part.items]
        if not any(part.key == _TLS_CERTIFICATE for part in parts):
            parts.insert(0, Part(_TLS_CERTIFICATE, [_nothing_in(data.get(_TLS_CERTIFICATE))]))
        return _holder(item, kind, parts, private_key=bool(data.get(_TLS_KEY)))
    passwords = tuple(_passwords(data))
    return _with_certificates(item, kind, {key: _decoded(value) for key, value in data.items()}, passwords)


def config_map_of(item: Object) -> Holder | None:
    """The certificates of a ConfigMap."""
    values: dict[str, bytes | None] = {key: str(value).encode() for key, value in _mapping(item.get("data")).items()}
    values.update({key: _decoded(value) for key, value in _mapping(item.get("binaryData")).items()})
    return _with_certificates(item, "ConfigMap", values, ())


def webhooks_of(item: Object) -> list[Bundle] | None:
    """The CA bundles of a webhook configuration's webhooks."""
    found = []
    for webhook in _list(item.get("webhooks")):
        fails = "" if webhook.get("failurePolicy") == "Ignore" else "; what it does not answer is refused"
        bundle = _client_bundle(_name(item), f"webhooks/{webhook.get('name')}", webhook.get("clientConfig"))
        if bundle is not None:
            found.append(bundle._replace(serves=f"the webhook {webhook.get('name')}{fails}"))
    return found or None


def api_service_of(item: Object) -> list[Bundle] | None:
    """The CA bundle of an aggregated API."""
    bundle = _client_bundle(_name(item), "", _mapping(item.get("spec")))
    return [bundle._replace(serves=f"the aggregated API {bundle.name}")] if bundle else None


def conversion_of(item: Object) -> list[Bundle] | None:
    """The CA bundle of a custom resource's conversion webhook."""
    webhook = _mapping(_mapping(_mapping(item.get("spec")).get("conversion")).get("webhook"))
    bundle = _client_bundle(_name(item), "conversion", webhook.get("clientConfig"))
    return [bundle._replace(serves=f"the conversion of {bundle.name}")] if bundle else None


def trust_bundle_of(item: Object) -> list[Bundle] | None:
    """The certificates of a ClusterTrustBundle."""
    spec = _mapping(item.get("spec"))
    signer = spec.get("signerName")
    serves = f"the signer {signer}" if signer else "whoever mounts it"
    return [Bundle(_name(item), "", serves, _items(str(spec.get("trustBundle") or "").encode(), ()))]


def request_of(item: Object) -> Request | None:
    """A CertificateSigningRequest or PodCertificateRequest that has no certificate; one that was issued is no news."""
    spec, status = _mapping(item.get("spec")), _mapping(item.get("status"))
    if status.get("certificate") or status.get("certificateChain"):
        return None
    metadata = _mapping(item.get("metadata"))
    conditions = {str(each.get("type")): each for each in _list(status.get("conditions"))}
    state = next((each for each in ("Failed", "Denied", "Approved") if each in conditions), "Pending")
    condition = conditions.get(state, {})
    told = ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
    pod = f"pod {spec['podName']}" if spec.get("podName") else ""
    created = str(metadata.get("creationTimestamp") or "")
    return Request(
        namespace=str(metadata.get("namespace") or ""),
        name=_name(item),
        signer=str(spec.get("signerName") or ""),
        state=state.lower(),
        created=created,
        since=str(condition.get("lastTransitionTime") or condition.get("lastUpdateTime") or created),
        reason=" ".join(told.split())[:_CLIP],
        requester=pod or str(spec.get("username") or ""),
    )


def ingress_of(item: Object) -> Use | None:
    """The Secrets by which an Ingress serves its hosts."""
    spec = _mapping(item.get("spec"))
    every = [str(rule["host"]) for rule in _list(spec.get("rules")) if rule.get("host")]
    secrets = []
    for tls in _list(spec.get("tls")):
        if tls.get("secretName"):
            hosts = tuple(str(host) for host in tls.get("hosts") or every)
            secrets.append((str(tls["secretName"]), hosts))
    return _use(item, "Ingress", secrets)


def workload_of(kind: str) -> Any:
    """The reader of objects of a kind that has a template for pods, at the place where that kind has it."""

    def read(item: Object) -> Use | None:
        spec = _mapping(item.get("spec"))
        if kind == "CronJob":
            spec = _mapping(_mapping(spec.get("jobTemplate")).get("spec"))
        return _use(item, kind, _pod_secrets(_mapping(_mapping(spec.get("template")).get("spec"))))

    return read


def pod_of(item: Object) -> Use | None:
    """What a pod refers to, by the name of what controls it: of the pods of one Deployment there are many."""
    use = _use(item, "Pod", _pod_secrets(_mapping(item.get("spec"))))
    if use is None:
        return None
    metadata = _mapping(item.get("metadata"))
    for owner in _list(metadata.get("ownerReferences")):
        if owner.get("controller"):
            kind, name = str(owner.get("kind")), str(owner.get("name"))
            suffix = "-" + str(_mapping(metadata.get("labels")).get("pod-template-hash"))
            if kind == "ReplicaSet" and name.endswith(suffix):
                kind, name = "Deployment", name[: -len(suffix)]
            return use._replace(user=f"{kind} {use.namespace}/{name}")
    return use


def _use(item: Object, kind: str, secrets: Sequence[tuple[str, tuple[str, ...]]]) -> Use | None:
    if not secrets:
        return None
    namespace = str(_mapping(item.get("metadata")).get("namespace") or "")
    return Use(namespace, f"{kind} {namespace}/{_name(item)}", tuple(secrets))


def _pod_secrets(spec: Object) -> list[tuple[str, tuple[str, ...]]]:
    """The Secrets that a pod mounts, or takes into its environment."""
    names = []
    for volume in _list(spec.get("volumes")):
        names.append(_mapping(volume.get("secret")).get("secretName"))
        sources = _list(_mapping(volume.get("projected")).get("sources"))
        names += [_mapping(source.get("secret")).get("name") for source in sources]
    for container in (*_list(spec.get("containers")), *_list(spec.get("initContainers"))):
        names += [_mapping(each.get("secretRef")).get("name") for each in _list(container.get("envFrom"))]
        for variable in _list(container.get("env")):
            names.append(_mapping(_mapping(variable.get("valueFrom")).get("secretKeyRef")).get("name"))
    return [(name, ()) for name in dict.fromkeys(str(each) for each in names if each)]


def _with_certificates(
    item: Object, kind: str, values: Mapping[str, bytes | None], passwords: Sequence[str]
) -> Holder | None:
    """The values that hold a certificate, or something that should be one; None where none does."""
    parts, private_key = [], False
    for key, value in values.items():
        items = _items(value, passwords) if value else []
        private_key = private_key or any(isinstance(each, KeyItem) for each in items)
        items = [each for each in items if not isinstance(each, KeyItem)]
        if items:
            parts.append(Part(key, items))
    return _holder(item, kind, parts, private_key=private_key) if parts else None


def _holder(item: Object, kind: str, parts: list[Part], *, private_key: bool) -> Holder:
    metadata = _mapping(item.get("metadata"))
    managed = _mapping(metadata.get("annotations")).get(_CERT_MANAGER)
    owners = _list(metadata.get("ownerReferences"))
    owner = f"Certificate {managed}" if managed else None
    if owners and owner is None:
        owner = f"{owners[0].get('kind')} {owners[0].get('name')}"
    rotator = "cert-manager" if managed else None
    return Holder(str(metadata.get("namespace") or ""), _name(item), kind, owner, rotator, private_key, parts)


def _client_bundle(name: str, path: str, client: Any) -> Bundle | None:
    """The caBundle of a webhook's clientConfig; without one the system's CAs hold, or nothing is verified."""
    given = _mapping(client).get("caBundle")
    if not given:
        return None
    items = _items(_decoded(given), ()) or [ProblemItem("", "unparseable", "caBundle holds no certificate")]
    return Bundle(name, path, "", items)


def _items(data: bytes | None, passwords: Sequence[str]) -> list[Item]:
    if data is None:
        return [ProblemItem("", "unparseable", "it is not base64")]
    try:
        return read_items(data, passwords=passwords)
    except Exception as error:  # noqa: BLE001 - one value must not hide the others; it becomes a problem
        # Without the message: it may quote the value.
        return [ProblemItem("", "unparseable", f"the reader failed on it ({type(error).__name__})")]


def _decoded(value: Any) -> bytes | None:
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None


def _nothing_in(value: Any) -> ProblemItem:
    """Why a Secret of type kubernetes.io/tls has no certificate, whose server then has none to serve."""
    if not value:
        return ProblemItem("", "empty", f"{_TLS_CERTIFICATE} is empty: it holds no certificate")
    return ProblemItem("", "unparseable", f"{_TLS_CERTIFICATE} holds no certificate")


def _passwords(data: Object) -> Iterator[str]:
    """What may open a keystore in the same Secret: values whose key says so."""
    for key, value in data.items():
        if "pass" in key.lower() and isinstance(value, str) and len(value) <= _MAX_PASSWORD:
            decoded = _decoded(value)
            if decoded:
                yield decoded.decode("utf-8", "replace").rstrip("\r\n")


def certificates_of(items: Sequence[Item]) -> list[CertificateItem]:
    """Those items that are certificates."""
    return [each for each in items if isinstance(each, CertificateItem)]


def _name(item: Object) -> str:
    return str(_mapping(item.get("metadata")).get("name") or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
