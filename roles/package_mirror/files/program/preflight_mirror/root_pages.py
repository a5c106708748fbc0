# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root pages of a mirror that bandersnatch makes, with the serial of each project.

Its own say the serial of the run before, are not written where nothing changed, and name no project's serial, without
which nobody can mirror this mirror. The serial is in the name of each file too, where nginx finds it for a header.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

API_VERSION = "1.1"
_HEAD = """<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.0">
    <title>Simple index</title>
  </head>
  <body>
"""


def write(directory: Path, projects: Iterable[tuple[str, int | None]], serial: int, now: datetime) -> int:
    """Writes the pages, and exchanges them at once; returns how many projects they name."""
    listed = [{"name": name, **({"_last-serial": own} if own else {})} for name, own in projects]
    page = {"meta": {"_last-serial": serial, "api-version": API_VERSION}, "projects": listed}
    anchors = "".join(f'    <a href="{each["name"]}/">{each["name"]}</a><br/>\n' for each in listed)
    stem = f"index_{serial}_{now:%Y%m%dT%H%M%S.%fZ}"
    written = {f"{stem}.html": f"{_HEAD}{anchors}  </body>\n</html>\n", f"{stem}.v1_json": json.dumps(page)}
    for name, text in written.items():
        (directory / name).write_text(text, encoding="utf-8")
    for name, target in (("html", "html"), ("v1_html", "html"), ("v1_json", "v1_json")):
        _link(directory / f"index.{name}", f"{stem}.{target}")
    for entry in os.scandir(directory):
        if entry.name.startswith("index_") and entry.name not in written:
            os.unlink(entry.path)
    return len(listed)


def _link(path: Path, target: str) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, path)
