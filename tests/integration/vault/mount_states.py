# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the configurations of the differential test are made of: a mount that nobody objects to, and its defects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.sre.preflight.plugins.module_utils._vault.rules_acme import HEADERS
from ansible_collections.sre.preflight.plugins.module_utils._vault.rules_mount import VISIBLE_REQUEST, VISIBLE_RESPONSE
from tests.lab.pki import YEAR, lab_ca, sign_authority
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

INFO, WARNING, CRITICAL, REFUSED = "informational", "warning", "critical", "insufficient_permissions"
DAY = timedelta(days=1)
Build = Callable[["Mount"], None]


class Mount(PkiMount):
    """A mount of ``server``; ``authority`` signs its intermediates."""

    def __init__(self, server: VaultServer, path: str, authority: Made) -> None:
        super().__init__(server.client, path)
        self.server = server
        self.authority = authority

    def write(self, below: str, /, **fields: Any) -> dict[str, Any]:
        """The answer's ``data`` of a write below the mount; {} where it has none."""
        return self.client.write(f"{self.path}/{below}", **fields)

    def tune(self, **fields: Any) -> None:
        self.client.write(f"sys/mounts/{self.path}/tune", **fields)

    def add_intermediate(self, name: str, remaining: timedelta) -> None:
        """An issuer by that name, signed by the authority, that is valid for that long."""
        request = self.generate_intermediate(f"{name} of {self.path}")
        signed = sign_authority(request, self.authority, lifespan=YEAR + remaining, age=YEAR)
        self._name_issuer(self.write("intermediate/set-signed", certificate=signed.decode()), name)

    def add_root(self, name: str, remaining: timedelta) -> None:
        """An issuer by that name, signed by itself, that is valid for that long."""
        made = lab_ca(common_name=f"{name} of {self.path}", lifespan=YEAR + remaining, age=YEAR)
        self._name_issuer(self.write("config/ca", pem_bundle=(made.pem + made.key_pem).decode()), name)

    def _name_issuer(self, imported: dict[str, Any], name: str) -> None:
        (issuer_id,) = imported["imported_issuers"]
        self.write(f"issuer/{issuer_id}", issuer_name=name)

    def tidy(self) -> str:
        """Tidies what has expired; the state in which that ends."""
        self.write("tidy", tidy_cert_store=True, tidy_revoked_certs=True)

        def ended() -> bool:
            return self.client.read(f"{self.path}/tidy-status")["time_finished"] is not None

        wait_until(ended, within=60, what=f"the tidy of {self.path} to end")
        state: str = self.client.read(f"{self.path}/tidy-status")["state"]
        return state


def configured(mount: Mount) -> None:
    """A mount without issuers, roles and certificates, that was never tidied."""
    mount.enable()
    mount.tune(
        audit_non_hmac_request_keys=VISIBLE_REQUEST,
        audit_non_hmac_response_keys=VISIBLE_RESPONSE,
        passthrough_request_headers=["If-Modified-Since"],
        allowed_response_headers=["Last-Modified", *HEADERS],
    )
    mount.write("config/auto-tidy", enabled=True, tidy_cert_store=True, tidy_revoked_certs=True)
    mount.write("config/cluster", path=f"{mount.server.url}/v1/{mount.path}")
    mount.write("config/acme", enabled=True)


def intermediate(mount: Mount, remaining: timedelta = 5 * YEAR) -> None:
    """An intermediate that is valid for that long, and a role for it to which nobody objects."""
    configured(mount)
    mount.add_intermediate("ca", remaining)
    create_web_role(mount)


def create_web_role(mount: Mount, name: str = "web", **fields: Any) -> None:
    """A role to which nobody objects, but for the ``fields``."""
    restricted = {"allow_any_name": False, "allowed_domains": ["lab"], "allow_subdomains": True}
    restricted |= {"allow_localhost": False, "allow_wildcard_certificates": False, "no_store": True, "max_ttl": "1h"}
    mount.create_role(name, **{**restricted, **fields})


def store(mount: Mount, count: int = 1) -> None:
    """Certificates, without the role that issued them."""
    mount.create_role("passing")
    mount.issue_many("passing", [f"host-{number}.lab" for number in range(count)], ttl="24h")
    mount.client.request("DELETE", f"{mount.path}/roles/passing")


def tidied(mount: Mount) -> None:
    """What was stored is tidied."""
    state = mount.tidy()
    assert state == "Finished", state


def sound(mount: Mount) -> None:
    """A mount that nobody objects to."""
    intermediate(mount)
    store(mount)
    tidied(mount)


def changed(change: Build) -> Build:
    """A sound mount with that change."""

    def build(mount: Mount) -> None:
        sound(mount)
        change(mount)

    return build


def intermediate_of(remaining: timedelta) -> Build:
    def build(mount: Mount) -> None:
        intermediate(mount, remaining)
        tidied(mount)

    return build


def root(mount: Mount, remaining: timedelta = 9 * YEAR) -> None:
    """A root that issues nothing."""
    configured(mount)
    mount.add_root("ca", remaining)
    tidied(mount)


def root_of(remaining: timedelta) -> Build:
    return lambda mount: root(mount, remaining)


@changed
def second_issuer(mount: Mount) -> None:
    mount.add_intermediate("second", 9 * DAY)


def crl_of(expiry: str, **fields: Any) -> Build:
    """Rebuilt now, it lives that long."""

    def change(mount: Mount) -> None:
        mount.write("config/crl", expiry=expiry, auto_rebuild_grace_period="1s", **fields)
        mount.client.read(f"{mount.path}/crl/rotate")

    return changed(change)


short_crl = crl_of("2s")
disabled_crl = crl_of("72h", disable=True)
disabled_short_crl = crl_of("2s", disable=True)
used_crl = crl_of("100s")
used_delta = crl_of("100s", auto_rebuild=True, enable_delta=True, delta_rebuild_interval="50s")


def root_leaf(mount: Mount) -> None:
    root(mount)
    stored_role_of(mount)
    mount.issue("stored", "host.lab")


def root_leaf_without_role(mount: Mount) -> None:
    root(mount)
    store(mount)


def root_intermediate(mount: Mount) -> None:
    root(mount)
    request = mount.generate_intermediate("Below")
    mount.write("root/sign-intermediate", csr=request.decode(), common_name="Below")


def root_role(mount: Mount) -> None:
    root(mount)
    create_web_role(mount)


def role(**fields: Any) -> Build:
    return changed(lambda mount: create_web_role(mount, **fields))


def stored_role_of(mount: Mount, **fields: Any) -> None:
    create_web_role(mount, "stored", **{"no_store": False, "max_ttl": "720h", **fields})


stored_role = changed(stored_role_of)


@changed
def stored_role_and_auto_rebuild(mount: Mount) -> None:
    stored_role_of(mount)
    mount.write("config/crl", auto_rebuild=True)


@changed
def stored_short_lived_for_acme(mount: Mount) -> None:
    stored_role_of(mount, max_ttl="1h")
    mount.issue_many("stored", ["a.lab", "b.lab", "c.lab"])


def stored_short_lived(mount: Mount) -> None:
    stored_short_lived_for_acme(mount)
    mount.write("config/acme", enabled=False)


def tuned(**fields: Any) -> Build:
    return changed(lambda mount: mount.tune(**fields))


audit_shows_keys = tuned(audit_non_hmac_response_keys=[*VISIBLE_RESPONSE, "private_key"])


def without_header(header: str) -> Build:
    return tuned(allowed_response_headers=[each for each in ("Last-Modified", *HEADERS) if each != header])


def auto_tidy(**fields: Any) -> Build:
    return changed(lambda mount: mount.write("config/auto-tidy", **fields) and None)


def untidied(mount: Mount) -> None:
    intermediate(mount)
    store(mount)


def empty(mount: Mount) -> None:
    """Without a certificate, and never tidied."""
    intermediate(mount)


def failed_tidy(mount: Mount) -> None:
    """A revocation that nobody can read ends each tidy."""
    intermediate(mount)
    store(mount)
    uuid = mount.client.read("sys/mounts")[f"{mount.path}/"]["uuid"]
    mount.client.request("PUT", f"sys/raw/logical/{uuid}/revoked/01-02", {"value": "{no JSON"})
    state = mount.tidy()
    assert state == "Error", state


three_certificates = changed(lambda mount: store(mount, 3))
acme_off = changed(lambda mount: mount.write("config/acme", enabled=False) and None)


def acme_path(path: str) -> Build:
    return changed(lambda mount: mount.write("config/cluster", path=path) and None)


def everything(mount: Mount) -> None:
    """A root that soon ends, tuned by nobody, never tidied, with a role that allows all."""
    mount.enable()
    mount.add_root("ca", 9 * DAY)
    mount.create_role(
        "bad",
        generate_lease=True,
        allow_localhost=True,
        allowed_domains=["*.lab"],
        allow_glob_domains=True,
        allow_wildcard_certificates=True,
        max_ttl="24h",
    )
    mount.issue_many("bad", ["a.lab", "b.lab", "c.lab"])
    mount.tune(audit_non_hmac_request_keys=["private_key"])
    mount.write("config/cluster", path="http://127.0.0.1/v1/everything")
    mount.write("config/acme", enabled=True)
