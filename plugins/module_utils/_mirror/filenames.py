# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of distribution files, and how names of projects are compared."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, urljoin

_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", re.IGNORECASE)
EXTENSIONS = (".whl", ".tar.gz", ".zip", ".egg", ".tar.bz2", ".tgz", ".exe", ".msi", ".rpm", ".tar.xz", ".tar.z",
              ".tbz", ".dmg", ".deb", ".tar")  # fmt: skip
"""Of all that an index has ever taken; in lower case."""


@lru_cache(maxsize=65536)
def normalized(name: str) -> str:
    """The name as it stands in the URL of a project (PyPA specification, name normalization)."""
    return _SEPARATORS.sub("-", name).lower()


def is_name(text: str) -> bool:
    """Whether a text is a project's name, normalized or not."""
    return _NAME.fullmatch(text) is not None


def is_distribution(filename: str) -> bool:
    """Whether a file is one that can be installed, or ever could."""
    return filename.lower().endswith(EXTENSIONS)


def filename_of(url: str) -> str:
    """The last part of a URL's path, unquoted; what uv takes for the name of the file."""
    return unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])


def absolute(base: str, link: str) -> str:
    """The link without its fragment, from ``base`` on. Raises ValueError where it is no URL."""
    link = link.partition("#")[0].strip()
    # urljoin takes longer than all else that is done for a file.
    if link.startswith(("https://", "http://")) and "/../" not in link and "[" not in link:
        return link
    return urljoin(base, link)
