# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports between the packages of plugins/ point one way: modules -> domains -> _http, _tls -> _x509 -> _audit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).parents[2] / "plugins"
COLLECTION = "ansible_collections.sre.preflight.plugins."
# A package may import from itself and from the packages of lower floors. Domains share a floor.
FLOORS = {
    "_audit": 0,
    "_x509": 1,
    "_http": 2,
    "_tls": 2,
    "_files": 3,
    "_kubernetes": 3,
    "_mirror": 3,
    "_vault": 3,
    "_report": 4,
    "_remediation": 5,
}
TOP = 6


def package_of(parts: tuple[str, ...]) -> str | None:
    """The package that `("module_utils", "_tls", "dial")` lies in: "_tls"; None for what lies elsewhere."""
    return next((part for part in parts if part in FLOORS), None)


def imported_modules(path: Path) -> Iterator[tuple[str, ...]]:
    """Modules of this collection that the file imports, as parts below plugins/."""
    here = path.relative_to(PLUGINS).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (split(alias.name) for alias in node.names if alias.name.startswith(COLLECTION))
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = here[: -node.level] + tuple((node.module or "").split("."))
            yield from ((*base, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module.startswith(COLLECTION):
            yield from ((*split(node.module), alias.name) for alias in node.names)


def split(module: str) -> tuple[str, ...]:
    return tuple(module.removeprefix(COLLECTION).split("."))


def wrong_imports(paths: Iterator[Path]) -> Iterator[str]:
    for path in paths:
        own = package_of(path.relative_to(PLUGINS).parts)
        for parts in imported_modules(path):
            other = package_of(parts)
            if other and other != own and FLOORS[other] >= FLOORS.get(own, TOP):
                yield f"{path.relative_to(PLUGINS)} imports {'.'.join(parts)}"


def test_every_package_has_a_floor() -> None:
    packages = {path.parent.name for path in PLUGINS.glob("*_utils/_*/__init__.py")}
    assert packages == set(FLOORS)


def test_imports_point_downwards() -> None:
    assert list(wrong_imports(PLUGINS.rglob("*.py"))) == []


def test_managed_hosts_get_nothing_of_the_controllers() -> None:
    """Modules and module_utils are sent to managed hosts; plugin_utils are not."""
    for folder in ("module_utils", "modules"):
        for path in (PLUGINS / folder).rglob("*.py"):
            assert not [parts for parts in imported_modules(path) if parts[0] == "plugin_utils"], path
