# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON in pieces, so that an inventory of 100,000 is never held twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def encode(value: Any) -> Iterator[str]:
    """The compact JSON text of ``value`` in pieces.

    Beside what json.dumps takes, any iterable in a mapping becomes an array, one item at a time; its items have to be
    plain JSON.
    """
    if isinstance(value, Mapping):
        separator = "{"
        for key, item in value.items():
            yield f"{separator}{json.dumps(str(key))}:"
            yield from encode(item)
            separator = ","
        yield "{}" if separator == "{" else "}"
    elif isinstance(value, Iterable) and not isinstance(value, str):
        separator = "["
        for item in value:
            yield separator + json.dumps(item, separators=(",", ":"))
            separator = ","
        yield "[]" if separator == "[" else "]"
    else:
        yield json.dumps(value, separators=(",", ":"))
