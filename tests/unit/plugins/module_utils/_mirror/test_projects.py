# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Projects from requirements and lock files."""

from __future__ import annotations

import json
import sys

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._mirror.client import Answer
from ansible_collections.sre.preflight.plugins.module_utils._mirror.requirements import name_of, read_requirements
from ansible_collections.sre.preflight.plugins.module_utils._mirror.root import Root, compare_roots, read_root
from ansible_collections.sre.preflight.plugins.module_utils._mirror.sampling import worst_share

TEXT = """\
# a comment
--index-url https://mirror.example.com/simple/
-r more.txt
--constraint=limits.txt
Django>=4,<5 ; python_version >= "3.9"  # why
requests[socks]==2.31.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
-e git+https://example.org/x.git#egg=x
./local/package
https://example.org/thing.whl
thing @ https://example.org/thing.whl
zope.interface
"""


def test_a_requirements_file_with_all_that_it_includes(tmp_path):
    (tmp_path / "requirements.txt").write_text(TEXT)
    (tmp_path / "more.txt").write_text("-r requirements.txt\nnumpy\n")
    (tmp_path / "limits.txt").write_text("numpy<2\n")
    required = read_requirements(str(tmp_path / "requirements.txt"))
    assert required == [
        "numpy", "numpy<2", 'Django>=4,<5 ; python_version >= "3.9"', "requests[socks]==2.31.0", "zope.interface",
    ]  # fmt: skip
    names = [name_of(each, "requirements_paths") for each in required]
    assert names == ["numpy", "numpy", "django", "requests", "zope-interface"]


LOCKS = {
    "pylock.toml": """
lock-version = "1.0"
[[packages]]
name = "demo"
version = "1.0"
[[packages]]
name = "from-git"
version = "2.0"
vcs = {type = "git", url = "https://example.org/x.git"}
[[packages]]
name = "for-windows"
version = "3.0"
marker = "sys_platform == 'win32'"
[[packages]]
name = "chosen"
version = "4.0"
marker = "'cli' in extras"
""",
    "uv.lock": """
version = 1
[[package]]
name = "demo"
version = "1.0"
source = { registry = "https://mirror.example.com/simple/" }
[[package]]
name = "me"
version = "0.1"
source = { editable = "." }
""",
    "poetry.lock": """
[[package]]
name = "demo"
version = "1.0"
[package.source]
type = "legacy"
url = "https://mirror.example.com/simple"
reference = "mirror"
[[package]]
name = "from-git"
version = "2.0"
[package.source]
type = "git"
url = "https://example.org/x.git"
[[package]]
name = "for-windows"
version = "3.0"
markers = "sys_platform == 'win32'"
[[package]]
name = "chosen"
version = "4.0"
markers = {main = "sys_platform == 'win32'"}
""",
}
CONDITIONAL = ["for-windows==3.0; sys_platform == 'win32'", "chosen==4.0"]


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_lock_files_in_toml(name, tmp_path):
    path = tmp_path / name
    path.write_text(LOCKS[name])
    if sys.version_info < (3, 11):
        with pytest.raises(OptionError, match=r"run the audit with Python 3\.11"):
            read_requirements(str(path))
    else:
        assert read_requirements(str(path)) == ["demo==1.0", *(CONDITIONAL if name != "uv.lock" else [])]


def test_a_lock_file_of_pipenv(tmp_path):
    path = tmp_path / "Pipfile.lock"
    default = {"demo": {"version": "==1.0", "markers": "python_version >= '3.9'"}, "g": {"git": "https://x/"}}
    path.write_text(json.dumps({"_meta": {}, "default": default, "develop": {"pytest": {"version": "==8.0"}}}))
    assert read_requirements(str(path)) == ["demo==1.0; python_version >= '3.9'", "pytest==8.0"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Pipfile.lock", b"{", "cannot be parsed"),
        ("Pipfile.lock", b"[]", "is no lock file: it is not a table"),
        ("requirements.txt", b"\xff\xfe", "is not UTF-8 (byte 0)"),
        ("requirements.txt", b"-r nowhere.txt", "nowhere.txt' cannot be read: No such file or directory"),
    ],
)
def test_bad_files(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(OptionError) as refused:
        read_requirements(str(path))
    assert str(refused.value).startswith("requirements_paths: ")
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["", "-r x", "?", "[x]"])
def test_what_names_no_project(text):
    with pytest.raises(OptionError, match="names no project"):
        name_of(text, "projects")


@pytest.mark.parametrize(
    ("body", "names", "reason"),
    [
        (b'{"meta": {"_last-serial": 5}, "projects": [{"name": "B.b"}, {"name": "a"}]}', ("a", "b-b"), None),
        (b'<a href="/simple/a/">a</a>\n<A class=x href=B_b>B_b</A><a href="../">up</a>', ("a", "b-b"), None),
        (b'{"projects": 3}', None, "no list of projects"),
        (b"{", None, "not JSON"),
        (b"It works!", None, "neither HTML nor JSON"),
    ],
)
def test_root_pages(body, names, reason):
    root = read_root(Answer("https://mirror.example.com/simple/", 200, {}, body))
    assert root.names == names
    assert reason is None or reason in root.reason


def test_root_pages_compared():
    ours, theirs = Root("json", ("a", "c")), Root("json", ("a", "b"))
    assert compare_roots(ours, theirs) == {"missing": 1, "missing_examples": ["b"], "surplus": 1}
    assert compare_roots(ours, Root(None, None)) is None


@pytest.mark.parametrize(("bad", "drawn", "share"), [(0, 300, 0.00994), (0, 1, 0.95), (3, 300, 0.02564), (5, 5, 1.0)])
def test_what_a_sample_says(bad, drawn, share):
    assert worst_share(bad, drawn, 0.95) == pytest.approx(share, abs=2e-4)
