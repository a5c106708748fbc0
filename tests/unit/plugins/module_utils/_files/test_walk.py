# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walk: which files of a tree are read, under which name, and what is said of the others."""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._files import reading
from ansible_collections.sre.preflight.plugins.module_utils._files.listing import Trouble
from ansible_collections.sre.preflight.plugins.module_utils._files.reading import SeenFiles
from ansible_collections.sre.preflight.plugins.module_utils._files.walk import NothingThereError, Walker

Unprivileged = Callable[[], AbstractContextManager[None]]
PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def put(tree: Path, *names: str, data: bytes = PEM) -> None:
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)


def walk(path: Path | str, **options: Any) -> tuple[list[str], list[Trouble]]:
    """The files found, by their path below /, and the trouble on the way."""
    steps = list(Walker(**options).read(str(path), target=0))
    return [s.path for s in steps if not isinstance(s, Trouble)], [s for s in steps if isinstance(s, Trouble)]


def below(tree: Path, **options: Any) -> list[str]:
    """The names below the tree that a walk of it finds; there must be no trouble."""
    found, trouble = walk(tree, **options)
    assert trouble == []
    return [path[len(str(tree)) + 1 :] for path in found]


def test_a_directory_is_read_recursively_in_a_stable_order(tree: Path) -> None:
    put(tree, "b.pem", "a.pem", "sub/deep/c.pem", ".hidden/d.pem", "sub/a.pem")
    assert below(tree) == ["a.pem", "b.pem", ".hidden/d.pem", "sub/a.pem", "sub/deep/c.pem"]


def test_in_a_directory_content_counts_and_not_the_name(tree: Path) -> None:
    put(tree, "server.pem", data=b"nothing of the kind")
    put(tree, "empty.crt", data=b"")
    put(tree, "program", data=b"\x7fELF\0\0\n" + PEM)
    put(tree, "README", data=b"text\n" + PEM)
    assert below(tree) == ["README"]


def test_text_is_read_to_its_end_and_binaries_only_their_head(tree: Path) -> None:
    put(tree, "long.txt", data=b"comment\n" * 20_000 + PEM)
    put(tree, "big.bin", data=b"\1\0" * 80_000 + b"\n" + PEM)
    assert below(tree) == ["long.txt"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"include": ["*.pem"]}, ["a.pem", "old/b.pem"]),
        ({"include": ["*.pem", "*.crt"]}, ["a.pem", "c.crt", "old/b.pem"]),
        ({"exclude": ["*.crt"]}, ["a.pem", "old/b.pem"]),
        ({"exclude": ["old"]}, ["a.pem", "c.crt"]),
        ({"exclude": ["*/old"]}, ["a.pem", "c.crt"]),
        ({"include": ["old/*"]}, ["old/b.pem"]),
        ({"include": ["*.pem"], "exclude": ["a*"]}, ["old/b.pem"]),
        ({"max_depth": 1}, ["a.pem", "c.crt"]),
        ({"max_depth": 2}, ["a.pem", "c.crt", "old/b.pem"]),
    ],
)
def test_patterns_and_depth_choose(tree: Path, options: dict[str, Any], expected: list[str]) -> None:
    put(tree, "a.pem", "c.crt", "old/b.pem")
    assert below(tree, **options) == expected


def test_a_named_file_is_read_whatever_it_is_and_whatever_the_patterns_say(tree: Path) -> None:
    put(tree, "notes.txt", data=b"nothing")
    (found,) = Walker(include=["*.pem"], exclude=["notes.txt"]).read(f"{tree}/./notes.txt", target=0)
    assert found == (f"{tree}/notes.txt", b"nothing", None, False, True)


@pytest.mark.parametrize(("options", "name"), [({"max_depth": 0}, "max_depth"), ({"max_bytes": 0}, "max_bytes")])
def test_options_that_are_none_are_refused(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: 0 is not a "):
        Walker(**options)


# Links


def test_hash_links_are_other_names_of_one_file(tree: Path) -> None:
    put(tree, "share/root.crt", "certs/own.pem")
    (tree / "certs" / "root.pem").symlink_to(tree / "share" / "root.crt")
    (tree / "certs" / "0a1b2c3d.0").symlink_to("root.pem")
    (tree / "certs" / "4e5f6a7b.0").symlink_to("own.pem")
    assert below(tree) == ["certs/own.pem", "share/root.crt"]
    assert below(tree / "certs") == ["own.pem", "root.pem"]


def test_a_named_link_keeps_the_given_name(tree: Path) -> None:
    put(tree, "archive/cert3.pem")
    (tree / "current.pem").symlink_to("archive/cert3.pem")
    assert walk(tree / "current.pem") == ([f"{tree}/current.pem"], [])


def test_loops_end(tree: Path) -> None:
    put(tree, "a/b/c.pem")
    (tree / "a" / "b" / "up").symlink_to(tree)
    (tree / "self").symlink_to(".")
    (tree / "round").symlink_to("round")
    assert below(tree) == ["a/b/c.pem"]


def test_a_linked_directory_is_walked_once_under_its_own_name_where_it_has_one(tree: Path) -> None:
    put(tree, "audited/real/a.pem", "elsewhere/b.pem")
    (tree / "audited" / "1").symlink_to("real")
    (tree / "audited" / "2").symlink_to(tree / "elsewhere")
    (tree / "audited" / "3").symlink_to(tree / "elsewhere")
    assert below(tree / "audited") == ["real/a.pem", "2/b.pem"]
    assert below(tree / "audited", max_depth=1) == []


def test_exclude_holds_for_links_too(tree: Path) -> None:
    put(tree, "elsewhere/b.pem")
    (tree / "audited").mkdir()
    (tree / "audited" / "skip").symlink_to(tree / "elsewhere")
    (tree / "audited" / "take.pem").symlink_to(tree / "elsewhere" / "b.pem")
    assert below(tree / "audited", exclude=["skip"]) == ["take.pem"]
    assert below(tree / "audited", exclude=["skip", "take.*"]) == []


def test_hard_links_are_one_file(tree: Path) -> None:
    put(tree, "a.pem")
    os.link(tree / "a.pem", tree / "b.pem")
    assert below(tree) == ["a.pem"]


def test_a_dead_link_is_trouble_where_a_certificate_was_meant(tree: Path) -> None:
    for name in ("dead.pem", "1a2b3c4d.0", "dead.service"):
        (tree / name).symlink_to("nowhere")
    found, trouble = walk(tree)
    assert found == []
    assert trouble == [
        Trouble(
            f"{tree}/{name}",
            "unreadable",
            "it is a symbolic link that leads nowhere: No such file or directory (ENOENT)",
        )
        for name in ("1a2b3c4d.0", "dead.pem")
    ]


def test_a_named_dead_link_says_where_it_leads(tree: Path) -> None:
    (tree / "dead.pem").symlink_to("nowhere")
    assert walk(tree / "dead.pem")[1] == [
        Trouble(f"{tree}/dead.pem", "unreadable", "it is a symbolic link to nowhere, which does not exist")
    ]


# What cannot be read


def test_special_files_are_never_opened(tree: Path) -> None:
    put(tree, "a.pem")
    os.mkfifo(tree / "fifo.pem")
    (tree / "link.pem").symlink_to("fifo.pem")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "s.pem"))
        assert below(tree) == ["a.pem"]
        for name, what in (("fifo.pem", "a FIFO"), ("link.pem", "a FIFO"), ("s.pem", "a socket")):
            assert walk(tree / name)[1] == [
                Trouble(f"{tree}/{name}", "special", f"it is {what}; only regular files and directories are read")
            ]


def test_a_fifo_in_a_files_place_does_not_block(tree: Path) -> None:
    put(tree, "a.pem", "b.pem")
    steps = Walker().read(str(tree), target=0)
    next(steps)
    (tree / "b.pem").unlink()
    os.mkfifo(tree / "b.pem")
    assert list(steps) == [Trouble(f"{tree}/b.pem", "special", "it is a FIFO; only regular files are read")]


def test_what_vanishes_or_turns_into_a_link_during_the_walk_is_trouble(tree: Path) -> None:
    put(tree, "a.pem", "b.pem", "c.pem", "d.pem")
    steps = Walker().read(str(tree), target=0)
    next(steps)
    (tree / "b.pem").unlink()
    (tree / "c.pem").unlink()
    (tree / "c.pem").symlink_to("/etc/hostname")
    first, second, last = steps
    assert (first.path, first.kind) == (f"{tree}/b.pem", "changed")
    assert first.reason == "it vanished or was replaced during the walk: No such file or directory (ENOENT)"
    assert (second.path, second.kind) == (f"{tree}/c.pem", "changed")
    assert last.path == f"{tree}/d.pem"


@pytest.mark.parametrize("size", [200, 200_000])
def test_a_file_that_grows_or_shrinks_while_it_is_read_is_trouble(
    tree: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    put(tree, "a.pem", data=PEM + b"#" * size)

    for change in (+10, -10):
        real = os.fstat

        def fstat(descriptor: int, change: int = change, real: Any = real) -> os.stat_result:
            status = real(descriptor)
            os.truncate(tree / "a.pem", status.st_size + change)
            return status  # type: ignore[no-any-return]

        monkeypatch.setattr(reading.os, "fstat", fstat)
        for path in (tree, tree / "a.pem"):
            found, trouble = walk(path)
            assert found == []
            assert [t.kind for t in trouble] == ["changed"]
        monkeypatch.undo()


def test_a_large_file_is_trouble_only_where_it_looks_like_a_certificate(tree: Path) -> None:
    put(tree, "bundle.pem", data=PEM + b"#" * 2_000_000)
    put(tree, "log", data=b"x" * 2_000_000)
    found, trouble = walk(tree, max_bytes=1_048_576)
    assert found == []
    assert trouble == [
        Trouble(
            f"{tree}/bundle.pem",
            "too-large",
            "it has 1.9 MiB (2000059 bytes), more than max_bytes allows (1.0 MiB); "
            "set max_bytes to 2000059 or more to read it",
        )
    ]
    assert below(tree, max_bytes=2_000_059) == ["bundle.pem"]
    put(tree, "small/a.pem")
    for path in ("small", "small/a.pem"):
        assert [t.kind for t in walk(tree / path, max_bytes=len(PEM) - 1)[1]] == ["too-large"]
        assert walk(tree / path, max_bytes=len(PEM)) == ([f"{tree}/small/a.pem"], [])
    assert walk(tree / "log", max_bytes=1_999_999)[1][0].kind == "too-large"
    assert walk(tree / "log", max_bytes=2_000_000) == ([f"{tree}/log"], [])


def test_what_may_not_be_read_is_trouble_and_its_siblings_are_read(tree: Path, unprivileged: Unprivileged) -> None:
    put(tree, "a.pem", "closed.pem", "shut/b.pem", "z.pem")
    (tree / "closed.pem").chmod(0)
    (tree / "shut").chmod(0)
    with unprivileged():
        found, trouble = walk(tree)
        named = [walk(tree / name)[1] for name in ("closed.pem", "shut/b.pem", "shut", "shut/*")]
    assert found == [f"{tree}/a.pem", f"{tree}/z.pem"]
    reason = "Permission denied (EACCES)"
    assert trouble == [
        Trouble(f"{tree}/closed.pem", "unreadable", reason),
        Trouble(f"{tree}/shut", "unreadable", reason),
    ]
    assert named[0] == [Trouble(f"{tree}/closed.pem", "unreadable", reason)]
    assert named[1] == [Trouble(f"{tree}/shut/b.pem", "unreadable", reason)]
    assert named[2] == [Trouble(f"{tree}/shut", "unreadable", reason)]


def test_a_glob_says_which_directory_it_could_not_look_into(tree: Path, unprivileged: Unprivileged) -> None:
    put(tree, "open/a.pem", "shut/b.pem")
    (tree / "shut").chmod(0)
    with unprivileged():
        for pattern in ("*/*.pem", "**/*.pem"):
            found, trouble = walk(tree / pattern)
            assert found == [f"{tree}/open/a.pem"]
            assert {(t.path, t.kind) for t in trouble} == {(f"{tree}/shut", "unreadable")}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "matches nothing: the path is empty"),
        ("{tree}/none", "matches nothing: there is no such file or directory"),
        ("{tree}/a.pem/b", "matches nothing: there is no such file or directory"),
        ("{tree}/*.crt", "matches nothing"),
        ("{tree}/**/*.crt", "matches nothing"),
        ("{tree}/none/**", "matches nothing"),
    ],
)
def test_a_path_that_matches_nothing_is_no_success(tree: Path, path: str, reason: str) -> None:
    put(tree, "a.pem")
    with pytest.raises(NothingThereError) as caught:
        walk(path.format(tree=tree))
    assert str(caught.value) == reason


@pytest.mark.parametrize("path", ["/x\0y", "/\ud800", "/" + "x" * 300, "/" + "y/" * 3000])
def test_a_path_that_no_file_can_have_is_trouble(path: str) -> None:
    (trouble,) = walk(path)[1]
    assert trouble.kind == "unreadable"


def test_a_working_directory_that_is_gone_is_trouble(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "gone").mkdir()
    monkeypatch.chdir(tree / "gone")
    (tree / "gone").rmdir()
    (trouble,) = walk("a.pem")[1]
    assert trouble.reason == "the working directory is out of reach: No such file or directory (ENOENT)"


# Globs


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.pem", ["a.pem", "b.pem"]),
        ("?.pem", ["a.pem", "b.pem"]),
        ("[!a].pem", ["b.pem"]),
        (".*.pem", [".h.pem"]),
        ("*/c.pem", ["s/c.pem"]),
        ("*/*.pem", ["s/c.pem", "t/d.pem"]),
        ("**/*.pem", ["a.pem", "b.pem", "s/c.pem", "s/u/e.pem", "t/d.pem"]),
        ("**/u/*.pem", ["s/u/e.pem"]),
        ("s/**/e.pem", ["s/u/e.pem"]),
        ("s/**", ["s/c.pem", "s/u/e.pem"]),
        ("[s]", ["s/c.pem", "s/u/e.pem"]),
        ("**/**/e.pem", ["s/u/e.pem"]),
        ("*/../a.pem", ["s/../a.pem"]),
    ],
)
def test_globs_as_in_a_shell_with_globstar(tree: Path, pattern: str, expected: list[str]) -> None:
    put(tree, "a.pem", "b.pem", ".h.pem", "s/c.pem", "s/u/e.pem", "t/d.pem", ".git/x.pem")
    found, trouble = walk(f"{tree}/{pattern}")
    assert ([path[len(str(tree)) + 1 :] for path in found], trouble) == (expected, [])


def test_a_glob_follows_links_once_and_ends(tree: Path) -> None:
    put(tree, "audited/a.pem", "elsewhere/b.pem")
    (tree / "audited" / "loop").symlink_to(tree / "audited")
    (tree / "audited" / "there").symlink_to(tree / "elsewhere")
    (tree / "audited" / "z.pem").symlink_to("a.pem")
    expected = ([f"{tree}/audited/a.pem", f"{tree}/audited/there/b.pem"], [])
    assert walk(tree / "audited/**/*.pem") == expected
    assert walk(tree / "audit*") == expected


def test_a_name_with_magic_that_exists_is_no_glob(tree: Path) -> None:
    put(tree, "a[1].pem", "a1.pem", "[x]/b.pem")
    assert walk(tree / "a[1].pem")[0] == [f"{tree}/a[1].pem"]
    assert walk(tree / "[x]")[0] == [f"{tree}/[x]/b.pem"]


def test_patterns_and_depth_hold_in_globs(tree: Path) -> None:
    put(tree, "s/a.pem", "s/old/b.pem", "s/new/c.pem", "s/d.crt")
    assert walk(tree / "*", include=["*.pem"], exclude=["old"])[0] == [f"{tree}/s/a.pem", f"{tree}/s/new/c.pem"]
    assert walk(tree / "**/*.pem", exclude=["old"])[0] == [f"{tree}/s/a.pem", f"{tree}/s/new/c.pem"]
    assert walk(tree / "**/*.pem", max_depth=2)[0] == [f"{tree}/s/a.pem"]
    assert walk(tree / "*", exclude=["s"])[0] == []


def test_without_directories_only_files_are_read(tree: Path) -> None:
    put(tree, "a.conf", "cache/b.conf")
    (tree / "link").symlink_to("cache")
    assert walk(tree / "*", directories=False) == ([f"{tree}/a.conf"], [])
    assert walk(tree, directories=False)[1] == [
        Trouble(str(tree), "special", "it is a directory; name a file in it, or a pattern such as DIRECTORY/*.conf")
    ]


# The rest


def test_files_of_earlier_targets_are_marked(tree: Path) -> None:
    put(tree, "a.pem")
    walker = Walker(seen=SeenFiles())
    agains = []
    for target, path in enumerate([tree, tree, tree / "a.pem", tree / "*.pem"]):
        agains += [step.again for step in walker.read(str(path), target=target) if not isinstance(step, Trouble)]
    assert agains == [False, True, True, True]


def test_descriptors_are_closed(tree: Path) -> None:
    put(tree, "a.pem", "b.pem")
    put(tree, "big.pem", data=PEM * 100)
    before = len(os.listdir("/proc/self/fd"))
    for _round in range(3):
        walk(tree, max_bytes=1000)
        walk(tree / "**")
    assert len(os.listdir("/proc/self/fd")) == before
