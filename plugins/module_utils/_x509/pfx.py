# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PKCS#12 store (RFC 7292) says without its password: what lies in the clear, and what opening it costs."""

from __future__ import annotations

from typing import NamedTuple

from .der import INTEGER, OCTET_STRING, Element, as_der, children, integer, object_identifier, read_element

_DATA = bytes.fromhex("2a864886f70d010701")
_KEY_BAG, _SHROUDED_KEY_BAG, _CERTIFICATE_BAG = (bytes.fromhex(f"2a864886f70d010c0a01{last:02x}") for last in (1, 2, 3))
_FRIENDLY_NAME = bytes.fromhex("2a864886f70d010914")
_LEGACY_CIPHERS = bytes.fromhex("2a864886f70d010c01")  # RC4, 3DES and RC2 (RFC 7292 appendix C)
_CONSTRUCTED = 0x20
_MAX_DEPTH = 64
_MAX_SIZE = 16 << 20  # some 10,000 certificates; one of 100 MB made to be slow would take a minute


class Bag(NamedTuple):
    """A certificate (its DER) or a private key (None) that lies in the clear, with its friendlyName."""

    alias: str | None
    certificate: bytes | None


class Store(NamedTuple):
    """The bags in the clear, whether there are encrypted ones, with which cipher, and the sum of all iterations."""

    bags: list[Bag]
    encrypted: bool
    legacy_cipher: bool
    iterations: int


def survey(data: bytes) -> Store:
    """Walks a PFX as far as it lies in the clear; keys are stepped over. Raises ValueError on what is no PFX."""
    if len(data) > _MAX_SIZE:
        raise ValueError(f"it has {len(data)} bytes, at most {_MAX_SIZE} are read")
    der = as_der(data)
    version, auth_safe, *mac = children(der, read_element(der, 0))
    if integer(der, version) != 3:
        raise ValueError("its version is not 3")
    safe = as_der(_content(der, auth_safe))
    bags: list[Bag] = []
    iterations = sum(_numbers(der, element) for element in mac)
    encrypted = False
    for content in children(safe, read_element(safe, 0)):
        if _kind(safe, content) == _DATA:
            iterations += _survey_bags(as_der(_content(safe, content)), bags)
        else:
            encrypted = True
            iterations += _numbers(safe, content)
    return Store(bags, encrypted, _LEGACY_CIPHERS in safe, iterations)


def _survey_bags(contents: bytes, bags: list[Bag]) -> int:
    """Adds the SafeBags in a SafeContents to ``bags``; returns the iterations that its keys ask for."""
    iterations = 0
    for element in children(contents, read_element(contents, 0)):
        kind, value, *attributes = children(contents, element)
        bag_type = object_identifier(contents, kind)
        if bag_type == _SHROUDED_KEY_BAG:
            iterations += _numbers(contents, value)
        if bag_type in (_KEY_BAG, _SHROUDED_KEY_BAG):
            bags.append(Bag(_alias(contents, attributes), None))
        elif bag_type == _CERTIFICATE_BAG:
            (cert_bag,) = children(contents, value)
            certificate = _content(contents, cert_bag)
            bags.append(Bag(_alias(contents, attributes), certificate))
    return iterations


def _kind(data: bytes, element: Element) -> bytes:
    """The OID that a ContentInfo or a CertBag begins with."""
    return object_identifier(data, read_element(data, element.start, element.end))


def _content(data: bytes, element: Element) -> bytes:
    """The OCTET STRING in the [0] after the OID of a ContentInfo or a CertBag."""
    _oid, wrapped = children(data, element)
    (octets,) = children(data, wrapped)
    if octets.tag != OCTET_STRING:
        raise ValueError(f"an OCTET STRING is expected at byte {octets.position}")
    return data[octets.start : octets.end]


def _alias(data: bytes, attributes: list[Element]) -> str | None:
    """The friendlyName among a bag's attributes: a BMPString."""
    for attribute in (child for element in attributes for child in children(data, element)):
        kind, values = children(data, attribute)
        if object_identifier(data, kind) == _FRIENDLY_NAME:
            for value in children(data, values):
                return data[value.start : value.end].decode("utf-16-be", "replace")
    return None


def _numbers(data: bytes, root: Element) -> int:
    """The sum of all INTEGERs inside: iterations, and beside them only versions and key sizes."""
    total = 0
    pending = [iter((root,))]
    while pending:
        element = next(pending[-1], None)
        if element is None:
            pending.pop()
        elif element.tag == INTEGER:
            total += max(0, integer(data, element))
        elif element.tag & _CONSTRUCTED:
            if len(pending) > _MAX_DEPTH:
                raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
            pending.append(children(data, element))
    return total
