# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down in the inventory what was read for one target, and what was not."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Sequence

from .._x509.certificate import Certificate
from .._x509.certificate_reader import read_certificate
from .._x509.inventory import Inventory
from .._x509.items import CertificateItem, CrlItem, Item, KeyItem, ProblemItem
from .._x509.reader import read_items
from .document import DocumentError
from .kubeconfig import Entry, read_kubeconfig
from .listing import Trouble
from .names import Passwords, printable
from .reading import FileReader, Found, SeenFiles, Unreadable
from .sniff import KEYSTORE, KUBECONFIG, PEM, sniff

_BEGIN = b"-----BEGIN CERTIFICATE-----\n"
_END = b"-----END CERTIFICATE-----\n"


def read_lone_certificate(data: bytes) -> Certificate | None:
    """The certificate of a file that is one PEM block as tools write it, and nothing else.

    Most files are, and there may be 100,000: this takes two thirds of the time of read_items. None for all others,
    and where something is wrong: read_items then says what.
    """
    if not data.startswith(_BEGIN) or data.find(b"-", len(_BEGIN)) != len(data) - len(_END) or not data.endswith(_END):
        return None
    body = data[len(_BEGIN) : -len(_END)]
    try:
        der = a2b_base64(body)
        # a2b_base64 passes over what is not base64: then the text is longer than its four characters for three bytes.
        if (len(der) + 2) // 3 * 4 != len(body) - body.count(b"\n"):
            return None
        return read_certificate(der)
    except Exception:  # noqa: BLE001 - read_items meets it again, and what that raises becomes a problem
        return None


class Recorder:
    """Fills the inventory for one target.

    A file that an earlier target has listed is counted for this one, and not listed twice.
    """

    def __init__(
        self, inventory: Inventory, target: int, *, passwords: Passwords, max_bytes: int, seen: SeenFiles
    ) -> None:
        self._inventory = inventory
        self._target = target
        self._passwords = passwords
        self._reader = FileReader(max_bytes=max_bytes, seen=seen)
        self._reader.target = target
        self._first_problem: str | None = None

    def trouble(self, trouble: Trouble) -> None:
        """Something that could not be read."""
        self._problem(printable(trouble.path), trouble.kind, trouble.reason)

    def file(self, found: Found) -> None:
        """A file's certificates, CRLs and problems."""
        if found.kind == KUBECONFIG:
            self.kubeconfig(found)
            return
        location = printable(found.path)
        certificate = None if found.again else read_lone_certificate(found.data)
        if certificate is not None:
            self._inventory.add_certificate(certificate, location, target=self._target)
            return
        items = self._items(found.data, found.path, found.kind)
        if found.again and not (found.named and self._is_news(items, location)):
            self._credit(items, location)
            return
        kind = "keystore" if found.kind == KEYSTORE else "file"
        self._list(items, location, kind=kind)
        if found.named and all(isinstance(item, KeyItem) for item in items):
            held = "it holds a private key and no certificate" if items else "it holds no certificate"
            self._problem(location, "empty", held)

    def kubeconfig(self, found: Found) -> None:
        """The certificates of a kubeconfig's users and clusters, embedded or in files."""
        location = printable(found.path)
        try:
            entries = read_kubeconfig(found.data, found.path)
        except DocumentError as error:
            self._problem(location, "unparseable", str(error), again=found.again)
            return
        for entry in entries:
            self._kubeconfig_entry(entry, f"{location}#{printable(entry.position)}", again=found.again)
        if found.named and not any(entry.data or entry.file or entry.problem for entry in entries):
            self._problem(
                location, "empty", "it holds no certificate: no user and no cluster has one", again=found.again
            )

    def finish(self) -> None:
        """The target's status: evaluated, or unknown where nothing was found. Zero certificates is no success."""
        entry = self._inventory.targets[self._target]
        if entry["certificates"] or entry["crls"]:
            self._inventory.evaluated(self._target)
        else:
            self._inventory.unknown(self._target, self._first_problem or "holds no certificate")

    def _items(self, data: bytes, path: str, kind: str | None) -> list[Item]:
        passwords = () if kind == PEM else self._passwords.for_path(path)
        try:
            return read_items(data, passwords=passwords)
        except Exception as error:  # noqa: BLE001 - one file must not hide the others; it becomes a problem
            # Without the message: it may quote the file.
            return [ProblemItem("", "unparseable", f"the reader failed on it ({type(error).__name__})")]

    def _list(
        self, items: Sequence[Item], location: str, *, kind: str, private_key: bool = False, file: str | None = None
    ) -> None:
        """Every item under its place in the file; the file as a source where it says more than they do."""
        inventory, target = self._inventory, self._target
        fingerprints = []
        for item in items:
            place = _place(location, item)
            if isinstance(item, CertificateItem):
                known = inventory.add_certificate(item.certificate, place, target=target)
                fingerprints.append(known.fingerprint_sha256)
            elif isinstance(item, CrlItem):
                inventory.add_crl(item.crl, place, target=target)
            elif isinstance(item, ProblemItem):
                self._item_problem(place, item, file or location)
            else:
                private_key = True
        if fingerprints and (private_key or len(fingerprints) > 1):
            more = {} if file is None else {"file": file}
            inventory.add_source(
                location, kind=kind, target=target, certificates=fingerprints, private_key=private_key, **more
            )

    def _kubeconfig_entry(self, entry: Entry, location: str, *, again: bool) -> None:
        items: list[Item] = []
        file = None if entry.file is None else printable(entry.file)
        try:
            if entry.file is not None:
                items = self._referenced(entry.file)
            elif entry.data is not None:
                items = self._items(entry.data, "", sniff(entry.data))
        except Unreadable as error:
            self._problem(location, error.kind, f"{file}: {error.reason}", again=again)
            return
        if entry.problem is not None:
            self._problem(location, "unparseable", entry.problem, again=again)
        elif (entry.data is not None or file) and not items:
            self._problem(location, "empty", f"{file or 'its data'} holds no certificate", again=again)
        elif again:
            self._credit(items, location)
        else:
            self._list(items, location, kind="kubeconfig", private_key=entry.private_key, file=file)
            self._also_in(items, file)

    def _referenced(self, path: str) -> list[Item]:
        found = self._reader.named(path)
        return self._items(found.data, path, found.kind)

    def _also_in(self, items: Sequence[Item], file: str | None) -> None:
        """The file behind a kubeconfig's reference is a location too: it is what gets renewed."""
        for item in items:
            if file is not None and isinstance(item, CertificateItem):
                place = _place(file, item)
                locations = self._inventory.certificates[item.certificate.fingerprint_sha256].locations
                if place not in locations:
                    locations.append(place)

    def _is_news(self, items: Sequence[Item], location: str) -> bool:
        """Whether a file that an earlier target had is not listed under this name yet."""
        prefixes = (location, f"{location}#")
        places = [problem["location"] for problem in self._inventory.problems]
        places += [crl["location"] for crl in self._inventory.crls]
        for item in items:
            if isinstance(item, CertificateItem):
                known = self._inventory.certificates.get(item.certificate.fingerprint_sha256)
                places += known.locations if known is not None else []
        return not any(place == prefixes[0] or place.startswith(prefixes[1]) for place in places)

    def _credit(self, items: Sequence[Item], location: str) -> None:
        certificates = sum(isinstance(item, CertificateItem) for item in items)
        crls = sum(isinstance(item, CrlItem) for item in items)
        self._inventory.credit(self._target, certificates=certificates, crls=crls)
        for item in items:
            if isinstance(item, ProblemItem) and self._first_problem is None:
                self._first_problem = f"{location}: {item.reason}"

    def _item_problem(self, place: str, item: ProblemItem, file: str) -> None:
        reason = item.reason
        if item.kind == "password":
            reason = f"{reason}; add its password to the option passwords, with a path that matches {file}"
        self._problem(place, item.kind, reason)

    def _problem(self, location: str, kind: str, reason: str, *, again: bool = False) -> None:
        """Lists a problem, unless an earlier target did; the first is why a target without any result is unknown."""
        if not again:
            self._inventory.add_problem(location, kind=kind, reason=reason, target=self._target)
        if self._first_problem is None:
            self._first_problem = f"{location}: {reason}"


def _place(location: str, item: Item) -> str:
    return f"{location}#{item.position}" if item.position else location
