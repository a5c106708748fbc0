# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts of a play registered: their bundles, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Callable

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import BundleError, unpack
from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import order
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._x509.domain import RULES
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory, inventory_of

from . import mirrors
from .rules import Host

MAX_REASON = 300
PROVENANCE = ("module", "collection_version", "collected_at", "judged_at")
"""What a document says of where it is from."""


class Results:
    """The registered results of ``hosts`` under the names ``registered``; ``variables_of`` gives a host's variables.

    ``documents`` unpacks one bundle at a time; ``hosts`` is complete only after that.
    """

    def __init__(
        self, hosts: Sequence[str], registered: Sequence[str], variables_of: Callable[[str], Mapping[str, Any]]
    ) -> None:
        self._names = hosts
        self._registered = registered
        self._variables_of = variables_of
        self.hosts: list[Host] = []

    def documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(host, document) of every bundle; hosts without one, or with one that cannot be read, get a reason.

        The document has its Inventory beside the ``evidence``, as ``inventory``.
        """
        for name in self._names:
            reasons: list[str] = []
            variables = self._variables_of(name)
            present = [variables[key] for key in self._registered if key in variables]
            ran = [result for result in present if not _is_skipped(result)]
            if not present:
                reasons.append("no audit result was registered (it was unreachable, or the play stopped before)")
            elif not ran:
                reasons.append("the audit was skipped: nothing to audit is configured for this host")
            for result in ran:
                try:
                    yield name, _document(result)
                except BundleError as error:
                    reasons.append(str(error))
            self.hosts.append(Host(name, "; ".join(reasons) or None))


def _is_skipped(result: Any) -> bool:
    """A host has something to audit with one module, and nothing with another."""
    return isinstance(result, Mapping) and bool(result.get("skipped"))


def _document(result: Any) -> dict[str, Any]:
    """The document of one registered result. Raises BundleError with the reason in words."""
    if not isinstance(result, Mapping):
        raise BundleError("what was registered is not the result of an audit module")
    if result.get("unreachable"):
        raise BundleError(f"unreachable: {_line(result.get('msg'))}")
    # Not only "failed": a task with failed_when=false has a message in place of a bundle.
    if result.get("failed") or (result.get("msg") and not result.get("bundle")):
        raise BundleError(f"the audit failed: {_line(result.get('msg'))}{_hint(result)}")
    if not result.get("bundle"):
        raise BundleError("the audit ran without bundle=true, so there is no evidence to merge")
    try:
        return _checked(unpack(str(result["bundle"])))
    except BundleError as error:
        raise BundleError(f"its bundle cannot be used: {error}") from None


def _hint(result: Mapping[str, Any]) -> str:
    """What Ansible's words for a module that never began do not say. The shell's own may hold anything."""
    if result.get("rc") not in (126, 127):
        return ""
    return "; the Python that was chosen there does not run, so set ansible_python_interpreter"


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its inventory. Raises BundleError where its shape is another, before any of it is merged:
    one host with another version of the collection must not cost the report of all."""
    try:
        inventory = Inventory.from_evidence(inventory_of(document["evidence"]))
        Coverage().add(document["coverage"])
        Policy.from_options(RULES.settings(), document["policy"])
        for finding in document["findings"]:
            order(finding)
            itemgetter("title", "message")(finding)
            dict(finding["evidence"], location=finding["resource"]["location"])
        mirrors.check(document)
        return {**document, **{key: str(document[key]) for key in PROVENANCE}, "inventory": inventory}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        version = document.get("collection_version")
        reason = _line(f"{type(error).__name__}: {error}")
        raise BundleError(
            f"it is not as this version of the collection writes it ({reason}); its own is {version}"
        ) from None


def _line(message: Any) -> str:
    """The message in one line, cut where it goes on for long."""
    line = " ".join(str(message or "no reason was given").split())
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON].rpartition(' ')[0]} ..."
