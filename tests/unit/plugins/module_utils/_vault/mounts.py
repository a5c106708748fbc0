# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence of mounts for the tests of the models: one that is at rest, and any (hypothesis)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import StorageLimit, storage_limit

NOW = datetime(2026, 11, 23, tzinfo=timezone.utc)
DAY = 86400
OVERHEAD = 234
TIDY_OFF = {
    "enabled": False,
    "tidy_revoked_certs": False,
    "interval_duration": 43200,
    "safety_buffer": 259200,
    "pause_duration": 0,
}
TIDY_ON = {**TIDY_OFF, "enabled": True, "tidy_revoked_certs": True}
OPENBAO = {"product": "openbao", "version": "2.7.2"}
VAULT = {"product": "vault", "version": "1.21.0"}


def day(number: float) -> str:
    """The date so many days from NOW."""
    return (NOW + timedelta(days=number)).strftime("%Y-%m-%d")


def raft(size: int = 1_048_576) -> StorageLimit:
    return storage_limit({"type": "raft", "max_entry_bytes": size, "limit_source": "measured"})


def crl(entries: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "complete",
        "entries": entries,
        "bytes": round(OVERHEAD + 38.996 * entries),
        "this_update": "2026-11-22T22:00:00Z",
        "next_update": "2026-11-25T22:00:00Z",
        "revocation_days": [],
        **more,
    }


def role(ttl_days: float = 30, *, lease: bool = False, **more: Any) -> dict[str, Any]:
    return {"ttl": 0, "max_ttl": int(ttl_days * DAY), "generate_lease": lease, "no_store": False, **more}


def mount(**more: Any) -> dict[str, Any]:
    """A mount at rest: nothing issued, nothing revoked, no tidy."""
    return {
        "path": "pki/",
        "max_lease_ttl_seconds": 365 * DAY,
        "auto_tidy": TIDY_OFF,
        "crl_config": {"auto_rebuild": False, "auto_rebuild_grace_period": "12h", "expiry": "72h"},
        "roles": {"pod": role()},
        "crls": [crl(0)],
        "counts": {"certificates": 0, "revoked": 0, "leases": 0},
        "leaves": {"mode": "all", "read": 0, "expected": 0, "by_day": []},
        "problems": [],
        **more,
    }


def churning(*, per_day: int = 100, days: int = 60, lifespan: int = 30, **more: Any) -> dict[str, Any]:
    """So many are issued each day, and as many revoked, since ``days``; nothing has left the CRL."""
    history = [[day(-number), per_day] for number in range(days, 0, -1)]
    cohorts = [[day(-number), day(lifespan - number), per_day] for number in range(1, lifespan + 1)]
    return mount(
        crls=[crl(per_day * days, revocation_days=history)],
        counts={"certificates": per_day * lifespan, "revoked": per_day * days, "leases": 0},
        leaves={"mode": "all", "read": 1, "expected": 1, "by_day": cohorts},
        **more,
    )


def incident(*, leases: int = 20_000, lifespan: int = 30, **more: Any) -> dict[str, Any]:
    """Every certificate holds a lease, the CRL is at 70 % of raft's default limit, and no tidy runs."""
    cohorts = [[day(-number), day(lifespan - number), leases / lifespan] for number in range(lifespan)]
    entries = 18_800
    history = [[day(-number), entries // 180] for number in range(180, 0, -1)]
    return mount(
        roles={"pod": role(lifespan, lease=True)},
        crls=[crl(entries, revocation_days=history)],
        counts={"certificates": leases, "revoked": entries, "leases": leases},
        leaves={"mode": "all", "read": leases, "expected": leases, "by_day": cohorts},
        **more,
    )


counts = st.integers(0, 40_000)
roles = st.builds(
    role,
    st.sampled_from([0, 1, 7, 30, 90, 365]),
    lease=st.sampled_from([True, False, None]),
    no_store=st.booleans(),
)
tidies = st.none() | st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "tidy_revoked_certs": st.booleans(),
        "interval_duration": st.sampled_from([3600, 43200, 604800]),
        "safety_buffer": st.sampled_from([1, 3600, 259200, 2592000]),
        "pause_duration": st.sampled_from([0, 0.01, 1, "200ms"]),
    },
    optional={"revoked_safety_buffer": st.sampled_from([1, 259200, 31536000])},
)


@st.composite
def mounts(draw: st.DrawFn) -> dict[str, Any]:
    """Any mount: counts, dates and settings need not agree with one another."""
    history = draw(st.lists(st.tuples(st.integers(-100, 0), st.integers(0, 2_000)), max_size=12))
    cohorts = draw(st.lists(st.tuples(st.integers(-60, 0), st.integers(-30, 200), st.integers(0, 5_000)), max_size=12))
    entries = draw(counts)
    return mount(
        auto_tidy=draw(tidies),
        crl_config={
            "auto_rebuild": draw(st.booleans()),
            "allow_expired_cert_revocation": draw(st.booleans()),
            "max_crl_entries": draw(st.sampled_from([None, -1, 5_000, 100_000])),
        },
        roles=draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), roles, max_size=3)),
        crls=draw(st.sampled_from([[], [crl(entries, revocation_days=[[day(at), n] for at, n in history])]])),
        counts={"certificates": None, "revoked": draw(st.none() | counts), "leases": draw(st.none() | counts)},
        leaves={"mode": "all", "read": 1, "expected": 1, "by_day": [[day(a), day(a + b), n] for a, b, n in cohorts]},
    )
