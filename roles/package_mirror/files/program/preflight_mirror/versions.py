# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions and specifiers (PEP 440) as far as choosing a release needs them. The library packaging is its oracle."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple, Optional

_VERSION = re.compile(
    r"\s*v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>\d*))?"
    r"(?P<post>-(?P<post_implied>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>\d*))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_number>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\s*(===|==|~=|!=|<=|>=|<|>)\s*(\S+?)\s*")
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_LEAST: tuple[Any, ...] = (0,)
_MOST: tuple[Any, ...] = (2,)


class Version(NamedTuple):
    """Orders as PEP 440 says. ``release`` has no zeros at its end; the parts after it are made to compare."""

    epoch: int
    release: tuple[int, ...]
    pre: tuple[Any, ...]
    post: tuple[Any, ...]
    dev: tuple[Any, ...]
    local: tuple[Any, ...]

    @property
    def is_prerelease(self) -> bool:
        """Whether nobody gets it who does not ask for it."""
        return len(self.pre) > 1 or len(self.dev) > 1

    @property
    def public(self) -> Version:
        """Without its local part."""
        return self._replace(local=_LEAST)

    @property
    def base(self) -> tuple[int, tuple[int, ...]]:
        """The final release that it belongs to."""
        return self.epoch, self.release


@lru_cache(maxsize=65536)
def version_of(text: str) -> Optional[Version]:  # noqa: UP045 - Python 3.9 evaluates what lru_cache wraps
    """The version; None where it is none."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict()
    release = [int(number) for number in part["release"].split(".")]
    while len(release) > 1 and not release[-1]:
        release.pop()
    pre = part["pre"] and part["pre"].lower()
    dev = (1, int(part["dev_number"] or 0)) if part["dev"] else _MOST
    post = (1, int(part["post_implied"] or part["post_number"] or 0)) if part["post"] else _LEAST
    if pre:
        before: tuple[Any, ...] = (1, _PRE.get(pre, pre), int(part["pre_number"] or 0))
    else:
        # A development release of the final one comes before its pre-releases.
        before = _LEAST if part["dev"] and not part["post"] else _MOST
    pieces = re.split(r"[-_.]", part["local"].lower()) if part["local"] else []
    local = (1, *((1, int(each), "") if each.isdigit() else (0, 0, each) for each in pieces)) if pieces else _LEAST
    return Version(int(part["epoch"] or 0), tuple(release), before, post, dev, local)


def allows(specifiers: str, version: str) -> bool:
    """Whether all of the specifiers, such as ``>=1,<2``, admit the version. What cannot be read admits everything."""
    return all(_clause_allows(clause, version) for clause in specifiers.split(",") if clause.strip())


def _clause_allows(clause: str, text: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    version = version_of(text)
    if match is None or version is None:
        return match is None
    operator, wanted = match.groups()
    if operator == "===":
        return wanted.lower() == text.strip().lower()
    if wanted.endswith(".*"):
        same = _has_prefix(version, wanted[:-2])
        return same if operator == "==" else not same
    other = version_of(wanted)
    return other is None or _compares(operator, version, other, wanted)


def _compares(operator: str, version: Version, other: Version, wanted: str) -> bool:
    if operator in ("==", "!="):
        same = (version if len(other.local) > 1 else version.public) == other
        return same is (operator == "==")
    if operator == "~=":
        prefix = re.split(r"[-_.]?(?:a|b|c|rc|pre|post|rev|r|dev)", wanted, maxsplit=1, flags=re.IGNORECASE)[0]
        return version.public >= other and _has_prefix(version, prefix.rpartition(".")[0])
    if operator == "<":
        # Who wants less than 2 does not want 2rc1.
        early = version.is_prerelease and not other.is_prerelease and version.base == other.base
        return version < other and not early
    if operator == ">":
        # A post-release of 1 is no more than 1.
        late = len(other.post) == 1 and version._replace(post=_LEAST, dev=_MOST, local=_LEAST) == other
        return version.public > other and not late
    return version.public <= other if operator == "<=" else version.public >= other


def _has_prefix(version: Version, prefix: str) -> bool:
    other = version_of(prefix)
    if other is None or version.epoch != other.epoch:
        return False
    numbers = [int(each) for each in prefix.rpartition("!")[2].lstrip("vV ").split(".")]
    padded = [*version.release, *[0] * len(numbers)]
    return padded[: len(numbers)] == numbers
