# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what real servers serve: an audit reads where a client would refuse, and ends when it said it would."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.sre.preflight.plugins.module_utils._tls.contexts import Contexts
from ansible_collections.sre.preflight.plugins.module_utils._tls.dial import Dialler
from ansible_collections.sre.preflight.plugins.module_utils._tls.observation import Observation
from ansible_collections.sre.preflight.plugins.module_utils._tls.pool import observe_all
from ansible_collections.sre.preflight.plugins.module_utils._tls.target import parse_endpoint
from tests.support.certificates import Made, make_ca, make_leaf
from tests.support.registry_servers import ftp_server, lmtp_server, smtp_server
from tests.support.servers import (
    Handler,
    answer_http,
    close_after_hello,
    close_at_once,
    drip,
    drip_greeting,
    raw_server,
    reset_after_hello,
    say,
    stall,
    tls_server,
    write_pair,
)

ROOT_CA = make_ca(common_name="Root")
INTERMEDIATE = make_ca(common_name="Intermediate", issuer=ROOT_CA)
LEAF = make_leaf(issuer=INTERMEDIATE, names=["localhost"])
LONG_AGO = {
    "not_before": datetime(2019, 1, 1, tzinfo=UTC),
    "not_after": datetime(2020, 1, 1, tzinfo=UTC),
}
EXPIRED = make_leaf(issuer=INTERMEDIATE, names=["localhost"], **LONG_AGO)
SELF_SIGNED = make_leaf(names=["localhost"])
WEAK = make_leaf(issuer=INTERMEDIATE, key=rsa.generate_private_key(public_exponent=65537, key_size=1024))
CLIENT = make_leaf(issuer=ROOT_CA, common_name="audit")

TIMEOUT = 1.0
VERSIONS = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def observe(endpoint: object, *, timeout: float = 5.0, contexts: Contexts | None = None) -> Observation:
    (observation,) = Dialler(timeout=timeout, contexts=contexts).observe(parse_endpoint(endpoint))
    return observation


def ders(*chain: Made) -> tuple[bytes, ...]:
    return tuple(each.der for each in chain)


@pytest.mark.parametrize(
    "chain",
    [[LEAF, INTERMEDIATE], [EXPIRED, INTERMEDIATE], [SELF_SIGNED], [LEAF], [WEAK], [LEAF, INTERMEDIATE, ROOT_CA]],
    ids=["good", "expired", "self-signed", "incomplete", "weak", "with-root"],
)
def test_any_chain_is_read(chain: list[Made]) -> None:
    with tls_server(chain) as port:
        observation = observe(f"127.0.0.1:{port}")
    assert (observation.reason, observation.handshake_error) == (None, None)
    assert observation.chain == ders(*chain)
    assert observation.chain_known
    assert observation.trust is None


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_version_of_the_protocol_is_read(version: ssl.TLSVersion) -> None:
    with tls_server([LEAF, INTERMEDIATE], minimum=version, maximum=version) as port:
        observation = observe(f"127.0.0.1:{port}")
    assert observation.chain == ders(LEAF, INTERMEDIATE)
    assert observation.tls_version == version.name.replace("_", ".")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_server_that_demands_a_client_certificate_is_read_without_one(version: ssl.TLSVersion) -> None:
    with tls_server([LEAF, INTERMEDIATE], minimum=version, maximum=version, client_authority=ROOT_CA) as port:
        observation = observe(f"127.0.0.1:{port}")
    assert observation.reason is None
    assert observation.chain == ders(LEAF, INTERMEDIATE)
    if version == ssl.TLSVersion.TLSv1_3:  # the refusal comes after the handshake
        assert observation.handshake_error is None
    else:
        assert observation.client_certificate_requested is True
        assert observation.handshake_error == ("the server ended the TLS handshake with the alert 'handshake failure'")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_client_certificate_is_presented(version: ssl.TLSVersion, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path, [CLIENT])
    with tls_server([LEAF], minimum=version, maximum=version, client_authority=ROOT_CA) as port:
        endpoint = {"host": "127.0.0.1", "port": port, "client_certificate": certificate, "client_key": key}
        observation = observe(endpoint)
    assert observation.handshake_error is None
    assert observation.chain == ders(LEAF)
    assert observation.tls_version == version.name.replace("_", ".")


def test_ipv6() -> None:
    with tls_server([LEAF], host="::1") as port:
        observation = observe(f"[::1]:{port}")
    assert observation.chain == ders(LEAF)
    assert (observation.location, observation.address) == (f"tls://[::1]:{port}", "::1")


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("localhost:{0}", "localhost"),
        ("127.0.0.1:{0}", None),
        ("127.0.0.1:{0}?server_name=vault.example.com", "vault.example.com"),
        ("localhost:{0}?server_name=vault.example.com", "vault.example.com"),
    ],
)
def test_the_server_name_that_is_asked_for(form: str, asked: str | None) -> None:
    names: list[str | None] = []
    with tls_server([LEAF], names_asked=names) as port:
        observe(form.format(port))
    assert names == [asked]


def test_a_chain_of_100_certificates() -> None:
    chain = [LEAF, *(make_ca(common_name=f"CA {number}") for number in range(99))]
    with tls_server(chain) as port:
        observation = observe(f"127.0.0.1:{port}")
    assert observation.chain == ders(*chain)


def test_a_chain_beyond_what_openssl_takes_is_a_reason() -> None:
    """OpenSSL's limit is 100 KB (SSL_CTX_set_max_cert_list), and Python has no way to raise it."""
    chain = [LEAF, *(make_ca(common_name=f"CA {number}") for number in range(400))]
    with tls_server(chain) as port:
        observation = observe(f"127.0.0.1:{port}")
    assert observation.reason == "the TLS handshake failed: excessive message size"


MISBEHAVIOUR: list[tuple[Handler, str, str]] = [
    (stall, "tls", "timed out after 1 s during the TLS handshake"),
    (drip, "tls", "timed out after 1 s during the TLS handshake"),
    (stall, "smtp", "timed out after 1 s during STARTTLS"),
    (drip_greeting, "smtp", "timed out after 1 s during STARTTLS"),
    (reset_after_hello, "tls", "reset by the server during the TLS handshake"),
    (close_after_hello, "tls", "the server closed the connection during the TLS handshake"),
    (answer_http, "tls", "not TLS: the server answered 'HTTP/1.1 400 Bad Request'"),
    (say(b"220 mail.example.com ESMTP\r\n"), "tls", "not TLS: the server answered '220 mail.example.com ESMTP'"),
    (say(b"SSH-2.0-OpenSSH_9.2\r\n"), "imap", "not IMAP: the server answered 'SSH-2.0-OpenSSH_9.2'"),
    (say(b"2"), "tls", "not TLS: the server answered '2'"),
    (
        say(b"\x15\x03\x01\x00\x02\x02\x28"),
        "tls",
        "the server ended the TLS handshake with the alert 'handshake failure'",
    ),
    (
        say(b"\x15\x03\x01\x00\x02\x02\x46"),
        "tls",
        "the server ended the TLS handshake with the alert 'protocol version'",
    ),
    (
        say(b"\x15\x03\x01\x00\x02\x02\x70"),
        "tls",
        "the server ended the TLS handshake with the alert 'unrecognized name'",
    ),
]


@pytest.mark.parametrize(("handle", "scheme", "reason"), MISBEHAVIOUR)
def test_misbehaving_servers_end_in_time_and_with_a_reason(handle: Handler, scheme: str, reason: str) -> None:
    with raw_server(handle) as port:
        start = time.monotonic()
        observation = observe(f"{scheme}://127.0.0.1:{port}", timeout=TIMEOUT)
        elapsed = time.monotonic() - start
    assert observation.reason == reason
    assert observation.chain == ()
    assert elapsed < TIMEOUT + 1


def test_a_server_that_hangs_up_at_once() -> None:
    with raw_server(close_at_once) as port:
        observation = observe(f"127.0.0.1:{port}", timeout=TIMEOUT)
    # Which of the two it is depends on whether our hello was under way already.
    assert observation.reason in (
        "the server closed the connection during the TLS handshake",
        "reset by the server during the TLS handshake",
    )


def test_bad_servers_take_no_more_time_together_than_one() -> None:
    with raw_server(stall) as stalling, raw_server(drip) as dripping, tls_server([LEAF]) as good:
        endpoints = [
            parse_endpoint(f"{host}:{port}")
            for host in (f"127.0.0.{number}" for number in range(1, 11))
            for port in (stalling, dripping, good)
        ]
        start = time.monotonic()
        results = dict(observe_all(endpoints, Dialler(timeout=TIMEOUT).observe))
        elapsed = time.monotonic() - start
    assert elapsed < TIMEOUT + 1
    assert results[2][0].chain == ders(LEAF)
    assert sorted(results) == list(range(30))


def test_an_interrupt_ends_the_audit_at_once() -> None:
    """As a user does: Ctrl-C while every server stalls."""
    program = textwrap.dedent("""
        import sys
        from ansible_collections.sre.preflight.plugins.module_utils._tls.collect import collect_endpoints
        from ansible_collections.sre.preflight.plugins.module_utils._tls.target import parse_endpoint
        from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory

        collect_endpoints([parse_endpoint(sys.argv[1])] * 20, Inventory(), timeout=60)
    """)
    connections = []

    def count(connection: object) -> None:
        connections.append(connection)
        stall(connection)  # type: ignore[arg-type]

    with raw_server(count) as port:
        process = subprocess.Popen(
            [sys.executable, "-c", program, f"127.0.0.1:{port}"],
            env={"PYTHONPATH": ":".join(sys.path)},
            stderr=subprocess.PIPE,
        )
        with process:
            while len(connections) < 5:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            try:
                _output, errors = process.communicate(timeout=30)  # half of what an endpoint may take
            finally:
                process.kill()
    assert b"KeyboardInterrupt" in errors


def trust(chain: list[Made], *roots: Made, directory: Path) -> Observation:
    path = directory / "roots.pem"
    path.write_bytes(b"".join(each.pem for each in roots))
    with tls_server(chain) as port:
        return observe(f"localhost:{port}", contexts=Contexts(ca_path=str(path)))


TRUSTED = {"trusted": True, "reason": None}
NO_ISSUER = {"trusted": False, "reason": "unable to get local issuer certificate"}


@pytest.mark.parametrize(
    ("chain", "roots", "verdict"),
    [
        ([LEAF, INTERMEDIATE], [ROOT_CA], TRUSTED),
        ([LEAF, INTERMEDIATE], [SELF_SIGNED, ROOT_CA], TRUSTED),
        ([LEAF, INTERMEDIATE, ROOT_CA], [ROOT_CA], TRUSTED),
        ([EXPIRED, INTERMEDIATE], [ROOT_CA], TRUSTED),
        ([WEAK, INTERMEDIATE], [ROOT_CA], TRUSTED),
        ([SELF_SIGNED], [SELF_SIGNED], TRUSTED),
        ([LEAF], [INTERMEDIATE], TRUSTED),
        ([LEAF], [ROOT_CA], NO_ISSUER),
        ([LEAF, INTERMEDIATE], [make_ca(common_name="Other")], NO_ISSUER),
        ([EXPIRED, INTERMEDIATE], [make_ca(common_name="Other")], NO_ISSUER),
        ([LEAF, INTERMEDIATE], [make_ca(common_name="Root")], NO_ISSUER),
        ([SELF_SIGNED], [ROOT_CA], {"trusted": False, "reason": "self-signed certificate"}),
        (
            [LEAF, INTERMEDIATE, ROOT_CA],
            [make_ca(common_name="Other")],
            {"trusted": False, "reason": "self-signed certificate in certificate chain"},
        ),
    ],
    ids=[
        "good",
        "one-of-two-roots",
        "root-served-too",
        "expired-is-another-matter",
        "weak-is-another-matter",
        "self-signed-and-known",
        "intermediate-as-anchor",
        "intermediate-missing",
        "unknown-root",
        "expired-does-not-hide-untrusted",
        "another-root-of-that-name",
        "self-signed",
        "unknown-root-served-too",
    ],
)
def test_trust_is_evidence_and_the_chain_is_read_all_the_same(
    chain: list[Made], roots: list[Made], verdict: dict, tmp_path: Path
) -> None:
    observation = trust(chain, *roots, directory=tmp_path)
    assert observation.trust == verdict
    assert observation.chain == ders(*chain)
    assert (observation.reason, observation.handshake_error) == (None, None)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_trust_of_a_server_that_demands_a_client_certificate(version: ssl.TLSVersion, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(ROOT_CA.pem)
    contexts = Contexts(ca_path=str(tmp_path))
    with (
        tls_server([LEAF, INTERMEDIATE], minimum=version, maximum=version, client_authority=ROOT_CA) as port,
        tls_server([SELF_SIGNED], minimum=version, maximum=version, client_authority=ROOT_CA) as untrusted,
    ):
        assert observe(f"127.0.0.1:{port}", contexts=contexts).trust == TRUSTED
        observation = observe(f"127.0.0.1:{untrusted}", contexts=contexts)
    assert observation.trust == {"trusted": False, "reason": "self-signed certificate"}
    assert observation.chain == ders(SELF_SIGNED)


def test_an_untrusted_chain_takes_one_connection(tmp_path: Path) -> None:
    names: list[str | None] = []
    (tmp_path / "root.pem").write_bytes(ROOT_CA.pem)
    with tls_server([SELF_SIGNED], names_asked=names) as port:
        observe(f"localhost:{port}", contexts=Contexts(ca_path=str(tmp_path)))
    assert names == ["localhost"]


def test_a_directory_that_openssl_rehashed(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(ROOT_CA.pem)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    contexts = Contexts(ca_path=str(tmp_path))
    with tls_server([LEAF, INTERMEDIATE]) as port, tls_server([SELF_SIGNED]) as other:
        assert observe(f"localhost:{port}", contexts=contexts).trust == TRUSTED
        assert observe(f"localhost:{other}", contexts=contexts).trust == {
            "trusted": False,
            "reason": "self-signed certificate",
        }


@pytest.mark.parametrize(("scheme", "server"), [("smtp", smtp_server), ("lmtp", lmtp_server), ("ftp", ftp_server)])
def test_starttls_of_servers_from_the_registry(scheme: str, server: object) -> None:
    with server([LEAF, INTERMEDIATE]) as port:  # type: ignore[operator]
        observation = observe(f"{scheme}://127.0.0.1:{port}")
    assert observation.reason is None
    assert observation.chain == ders(LEAF, INTERMEDIATE)
    assert observation.location == f"{scheme}://127.0.0.1:{port}"


def test_a_mail_server_without_starttls() -> None:
    with smtp_server(None) as port:
        observation = observe(f"smtp://127.0.0.1:{port}")
    assert observation.reason == "the server does not offer STARTTLS"
