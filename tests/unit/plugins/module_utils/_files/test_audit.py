# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certificate_audit's collector: its options, checked before the first target is looked at."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._files.audit import collect
from tests.support.certificates import make_ca, make_leaf

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
OPTIONS: dict[str, Any] = {
    **dict.fromkeys(
        ("paths", "include", "exclude", "max_depth", "passwords", "kubeconfigs", "endpoints", "endpoints_path")
    ),
    **dict.fromkeys(("ca_path", "rotator", "rotators", "rotator_windows")),
    "max_bytes": 1 << 20,
    "timeout": 10.0,
    "max_connections": 256,
}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "paths, kubeconfigs, endpoints, endpoints_path: they name nothing; name what is to be audited"),
        ({"paths": []}, "paths, kubeconfigs, endpoints, endpoints_path: they name nothing; name what is to be audited"),
        ({"paths": ["/x"], "timeout": float("nan")}, "timeout: nan is out of range; give 0.001 to 86400"),
        ({"paths": ["/x"], "timeout": float("inf")}, "timeout: inf is out of range; give 0.001 to 86400"),
        ({"paths": ["/x"], "timeout": 0.0}, "timeout: 0.0 is out of range; give 0.001 to 86400"),
        ({"paths": ["/x"], "max_connections": 0}, "max_connections: 0 is out of range; give 1 to 4096"),
        (
            {"paths": ["/x"], "rotators": [{"path": "*", "rotator": "certbot"}]},
            (
                "rotator: 'certbot' is not known; use one of kubelet, consul-connect, consul-template, vault-agent, "
                "cert-manager, step, or give its window in rotator_windows"
            ),
        ),
        (
            {"paths": ["/x"], "rotators": [{"path": "", "rotator": "step"}]},
            "rotators: '' is not a shell pattern; write one such as *.pem",
        ),
    ],
)
def test_bad_options_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        collect({**OPTIONS, **options}, NOW)
    assert str(caught.value) == message


def test_an_endpoint_list_without_an_endpoint_names_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("# none yet\n")
    with pytest.raises(OptionError, match="they name nothing"):
        collect({**OPTIONS, "endpoints_path": str(path)}, NOW)


def test_rotators_are_named_by_the_first_pattern_that_matches(tmp_path: Path) -> None:
    names = ("agent/a.pem", "agent/b.pem", "other/c.pem")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(make_leaf(issuer=make_ca(), common_name=name).pem)
    rotators = [
        {"path": "b.pem", "rotator": "step"},
        {"path": f"{tmp_path}/agent/*", "rotator": "vault-agent"},
    ]
    options = {**OPTIONS, "paths": [str(tmp_path)], "rotator": "cert-manager", "rotators": rotators}
    inventory = collect(options, NOW)
    assert {each.subject: each.rotator for each in inventory.certificates.values()} == {
        "CN=agent/a.pem": "vault-agent",
        "CN=agent/b.pem": "step",
        "CN=other/c.pem": "cert-manager",
    }
