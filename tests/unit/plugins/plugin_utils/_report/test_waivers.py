# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waivers that are incomplete are refused, by name."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._report.waivers import parse_waivers

WHOLE = {"rule": "r", "resource": "x", "owner": "me", "reason": "why", "expires": "2026-07-01"}
NEEDS = "a waiver needs rule, resource, owner, reason, expires"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({k: v for k, v in WHOLE.items() if k != "expires"}, f"waivers[1].expires: None is missing; {NEEDS}"),
        ({**WHOLE, "owner": " "}, f"waivers[1].owner: ' ' is missing; {NEEDS}"),
        (
            {**WHOLE, "expires": "soon"},
            "waivers[1].expires: 'soon' is refused: 'soon' is not an instant; write it as 2026-11-23T04:00:00Z",
        ),
        (
            {**WHOLE, "until": "2026"},
            "waivers[1]: 'until' is not known; a waiver has rule, resource, owner, reason, expires and host",
        ),
        ("all", "waivers[1]: 'all' is not a dictionary; give rule, resource, owner, reason, expires"),
    ],
)
def test_bad_waivers(entry, message):
    with pytest.raises(OptionError) as caught:
        parse_waivers([WHOLE, entry])
    assert str(caught.value) == message


def test_a_date_from_yaml_is_taken():
    from datetime import date

    (waiver,) = parse_waivers([{**WHOLE, "expires": date(2026, 7, 1)}])
    assert waiver.to_json()["expires"] == "2026-07-01T00:00:00Z"
