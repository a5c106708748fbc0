# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates in a host's files: from the options ``paths`` and ``kubeconfigs`` to the inventory."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence

from .._x509.inventory import Inventory
from .listing import Trouble
from .names import Passwords, absolute, printable
from .reading import MAX_BYTES, SeenFiles
from .record import Recorder
from .sniff import KUBECONFIG
from .walk import NothingThereError, Walker


def collect_files(
    paths: Sequence[str],
    inventory: Inventory,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    max_depth: int | None = None,
    max_bytes: int = MAX_BYTES,
    passwords: Sequence[Mapping[str, str]] = (),
    seen: SeenFiles | None = None,
) -> None:
    """Adds a target of kind ``path`` for each file, directory or glob, and all certificates and CRLs behind it.

    For include, exclude, max_depth and max_bytes see Walker; ``passwords`` are mappings {path: pattern, password:
    text}, tried in their order on keystores that match. Share one ``seen`` between calls that fill the same
    inventory, so that a file is not listed twice.

    Whatever the files are like, it ends in the inventory; raises OptionError on options only.
    """
    seen = seen if seen is not None else SeenFiles()
    secrets = Passwords(passwords)
    walker = Walker(include=include, exclude=exclude, max_depth=max_depth, max_bytes=max_bytes, seen=seen)
    for path in paths:
        target = inventory.add_target("path", _name(path))
        recorder = Recorder(inventory, target, passwords=secrets, max_bytes=max_bytes, seen=seen)
        try:
            with _no_search_for_cycles():
                for step in walker.read(path, target=target):
                    if isinstance(step, Trouble):
                        recorder.trouble(step)
                    else:
                        recorder.file(step)
        except NothingThereError as nothing:
            inventory.unknown(target, str(nothing))
            continue
        recorder.finish()


def collect_kubeconfigs(
    paths: Sequence[str],
    inventory: Inventory,
    *,
    max_bytes: int = MAX_BYTES,
    passwords: Sequence[Mapping[str, str]] = (),
    seen: SeenFiles | None = None,
) -> None:
    """Adds a target of kind ``kubeconfig`` for each file or glob, and the certificates of its users and clusters.

    Of what a glob matches, files that are no kubeconfig are passed over. For the rest see collect_files.
    """
    seen = seen if seen is not None else SeenFiles()
    secrets = Passwords(passwords)
    walker = Walker(directories=False, max_bytes=max_bytes, seen=seen)
    for path in paths:
        target = inventory.add_target("kubeconfig", _name(path))
        recorder = Recorder(inventory, target, passwords=secrets, max_bytes=max_bytes, seen=seen)
        try:
            for step in walker.read(path, target=target):
                if isinstance(step, Trouble):
                    recorder.trouble(step)
                elif step.named or step.kind == KUBECONFIG:
                    recorder.kubeconfig(step)
        except NothingThereError as nothing:
            inventory.unknown(target, str(nothing))
            continue
        recorder.finish()


@contextlib.contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Python's search for reference cycles, put off: what a walk collects stays and has none, and looking through
    it again and again takes a tenth of the time of 100,000 files."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _name(path: str) -> str:
    """The target's name: as its locations begin, so that one is recognised by the other."""
    try:
        return printable(absolute(path)) if path else path
    except OSError:
        return printable(path)
