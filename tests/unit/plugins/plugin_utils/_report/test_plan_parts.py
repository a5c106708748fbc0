# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An entry's steps, rights, effect and risks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build
from tests.support.plans import NOW, instant, mount_row, wish

TIDY, CRL, ROLE = "config/auto-tidy", "config/crl", "roles/pod"
INTERIM = {"measure": "keep_parent_tokens", "settings": {}, "commands": [], "consequence": "Tokens stay valid."}


def planned(settings, *, found=None, mount=None):
    (entry,) = build([wish(settings, found=found)], [mount] if mount else [], NOW)
    return entry


def recommended(settings, **advice):
    """The entry of a mount whose forecast recommends just these settings."""
    return planned(settings, mount=mount_row(settings, recommended=advice))


def test_steps_stop_the_growth_then_protect_then_do_the_rest():
    steps = planned(
        {
            TIDY: {"enabled": True, "tidy_revoked_certs": True, "interval_duration": 3600},
            CRL: {"auto_rebuild": True, "auto_rebuild_grace_period": 43200, "max_crl_entries": 9, "disable": False},
            ROLE: {"generate_lease": False, "max_ttl": 86400},
        }
    )["steps"]
    assert steps == [
        {
            "change": "Stop the growth: rebuild the CRL on a schedule; auto_rebuild_grace_period of crl; give no more "
            "leases",
            "settings": {
                CRL: {"auto_rebuild": True, "auto_rebuild_grace_period": 43200},
                ROLE: {"generate_lease": False},
            },
        },
        {
            "change": "Protect: let auto-tidy remove what has expired; let Vault refuse a CRL that storage cannot hold",
            "settings": {
                TIDY: {"enabled": True, "interval_duration": 3600, "tidy_revoked_certs": True},
                CRL: {"max_crl_entries": 9},
            },
        },
        {
            "change": "Then the rest: disable of crl; max_ttl of roles",
            "settings": {CRL: {"disable": False}, ROLE: {"max_ttl": 86400}},
        },
    ]


@pytest.mark.parametrize(
    "settings",
    [{CRL: {"auto_rebuild": False}}, {CRL: {"auto_rebuild_grace_period": 43200}}, {ROLE: {"generate_lease": True}}],
)
def test_what_does_not_stop_the_growth_comes_last(settings):
    (step,) = planned(settings)["steps"]
    assert step["change"].startswith("Then the rest: ")


def test_rights_are_those_of_a_patch_for_roles_and_of_an_update_for_the_rest():
    assert planned({ROLE: {"generate_lease": False}, CRL: {"auto_rebuild": True}})["needs"] == {
        "rights": [
            {"path": "services/config/crl", "capabilities": ["read", "update"]},
            {"path": "services/roles/pod", "capabilities": ["read", "patch"]},
        ],
        "downtime": "none",
    }


def test_effect_is_the_highest_peak_before_and_the_recommended_one_after():
    assert recommended({CRL: {"auto_rebuild": True}})["effect"] == {
        "text": "peak CRL 609.6 KiB -> 137.3 KiB from 2026-12-24 on",
        "peak_bytes_before": 624_234,
        "peak_bytes_after": 140_634,
        "peak_entries_before": 16_000,
        "peak_entries_after": 3_600,
        "safe_from": "2026-12-24T04:00:00Z",
    }
    assert recommended({CRL: {"auto_rebuild": True}}, safe_from=instant(timedelta(0)))["effect"]["text"] == (
        "peak CRL 609.6 KiB -> 137.3 KiB from now on"
    )


@pytest.mark.parametrize(
    ("mount", "text"),
    [
        (
            mount_row({TIDY: {"enabled": True}, CRL: {"auto_rebuild": True}}),
            (
                "peak CRL 609.6 KiB; how far it comes down is not known, as config/auto-tidy enabled of what is "
                "recommended is left out"
            ),
        ),
        (mount_row(), "peak CRL 609.6 KiB, which storage holds; the forecast asks for no change"),
        (mount_row(recommended={"enough": None}), "peak CRL 609.6 KiB; what storage takes is not known"),
        (
            mount_row(recommended={"enough": False}),
            "peak CRL 609.6 KiB; no setting of the mount brings it down to what storage should hold",
        ),
    ],
)
def test_no_effect_is_promised_that_the_forecast_did_not_see(mount, text):
    effect = planned({CRL: {"auto_rebuild": True}}, mount=mount)["effect"]
    assert effect["text"] == text
    assert effect["peak_entries_before"] == 16_000
    assert (effect["peak_bytes_after"], effect["peak_entries_after"], effect["safe_from"]) == (None, None, None)


@pytest.mark.parametrize("mount", [None, mount_row(crl={"entries": None})])
def test_without_a_crl_nothing_is_known(mount):
    effect = planned({CRL: {"auto_rebuild": True}}, mount=mount)["effect"]
    assert effect["text"] == "what it does to the CRL is not known, because the CRL could not be read"
    assert {value for key, value in effect.items() if key != "text"} == {None}


def test_what_stays_a_risk_until_it_has_worked_names_the_interim_measures():
    until = {"peak_entries": 16_000, "peak_bytes": 624_234, "overflow_at": instant(timedelta(days=2))}
    entry = recommended({TIDY: {"interval_duration": 60}}, until_then=until, interim=[INTERIM], enough=False)
    assert entry["interim"] == [INTERIM]
    assert entry["risk"] == [
        (
            "Until 2026-12-24 what was issued before stays a risk: revoked together it makes a CRL of up to 16,000 "
            "entries (609.6 KiB), which storage refuses, at the soonest on 2026-11-25. Meanwhile, the least harm "
            "first: keep the parent tokens alive."
        ),
        "This alone does not keep the CRL as small as the policy wants: raise the storage's limit as well.",
    ]


def test_a_delay_that_storage_bears_is_told_without_alarm():
    (risk,) = recommended({TIDY: {"interval_duration": 60}})["risk"]
    assert risk.startswith("The settings act on what is issued from then on; until 2026-12-24 the CRL may reach 16,000")
    assert recommended({TIDY: {"interval_duration": 60}}, safe_from=instant(timedelta(0)))["risk"] == []


REBUILD = "rebuilds the CRL at once; where storage refuses it, the write ends in an error."


@pytest.mark.parametrize(
    ("settings", "found", "start"),
    [
        ({"disable": False}, {"disable": True}, f"Changing disable in config/crl {REBUILD}"),
        ({"enable_delta": False}, {"enable_delta": True}, f"Changing enable_delta in config/crl {REBUILD}"),
        ({"auto_rebuild": False}, {"auto_rebuild": True}, f"Changing auto_rebuild in config/crl {REBUILD}"),
        ({"auto_rebuild": True}, {"auto_rebuild": False}, "With auto_rebuild a revocation reaches the CRL at its next"),
        ({"max_crl_entries": 10_742}, {"max_crl_entries": 100_000}, "From 10,742 entries on Vault itself refuses"),
    ],
)
def test_risks_of_the_crl(settings, found, start):
    (risk,) = planned({CRL: settings}, found={CRL: found})["risk"]
    assert risk.startswith(start)


def test_a_value_that_is_there_already_forces_no_rebuild():
    assert planned({CRL: {"enable_delta": False}}, found={CRL: {"enable_delta": False}})["risk"] == []


def test_an_empty_crl_is_a_risk():
    risks = planned({CRL: {"disable": True}}, found={CRL: {"disable": False}})["risk"]
    assert risks[1] == "With disable the CRL is empty: clients accept every revoked certificate again."


def test_risks_of_tidy():
    settings = {TIDY: {"enabled": True, "tidy_expired_issuers": True}}
    assert planned(settings)["risk"] == [
        "The first pass reads the whole mount, and deletes what has expired for longer than the safety buffer.",
        "Issuers that expired longer ago than issuer_safety_buffer are deleted; their keys stay.",
    ]


def test_risks_of_roles_name_the_roles():
    roles = {f"roles/r{number}": {"generate_lease": False, "max_ttl": 43200} for number in range(7)}
    found = {path: {"generate_lease": True, "max_ttl": 86400} for path in roles}
    named = "roles/r0, roles/r1, roles/r2, roles/r3, roles/r4 and 2 more"
    assert planned(roles, found=found)["risk"] == [
        (
            f"Leases that exist remain until they end. Whoever renews a lease of {named} must ask for a new "
            "certificate instead."
        ),
        f"Who asks {named} for more than 12h gets 12h, with a warning.",
    ]


@pytest.mark.parametrize(
    ("settings", "found", "risk"),
    [
        ({"max_ttl": 86400}, {"max_ttl": 43200}, []),
        ({"max_ttl": 43200}, {"max_ttl": 0}, ["Who asks roles/pod for more than 12h gets 12h, with a warning."]),
        (
            {"no_store": True},
            {"no_store": False},
            ["Certificates of roles/pod can then no longer be listed, nor revoked by serial number."],
        ),
        ({"allow_localhost": False}, {"allow_localhost": True}, ["roles/pod will refuse requests for localhost."]),
        (
            {"allow_wildcard_certificates": False},
            {"allow_wildcard_certificates": True},
            ["roles/pod will refuse requests for wildcards."],
        ),
    ],
)
def test_risks_of_a_role(settings, found, risk):
    assert planned({ROLE: settings}, found={ROLE: found})["risk"] == risk
