# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every STARTTLS protocol by its book: what we say, and what we make of what servers say.

The servers are scripts, byte for byte as in the RFCs and manuals; the real ones are in tests/integration/tls.
"""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.dial import Dialler
from ansible_collections.sre.preflight.plugins.module_utils._tls.observation import Observation
from ansible_collections.sre.preflight.plugins.module_utils._tls.starttls import PROTOCOLS
from ansible_collections.sre.preflight.plugins.module_utils._tls.target import STARTTLS_PORTS, Endpoint
from tests.support.certificates import make_ca, make_leaf
from tests.support.servers import conversation, raw_server, tls_server

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY, names=["mail.example.com"])

EHLO = ("expect", b"EHLO [127.0.0.1]\r\n")
LHLO = ("expect", b"LHLO [127.0.0.1]\r\n")
STARTTLS = ("expect", b"STARTTLS\r\n")
LDAP_REQUEST = ("expect", b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037")
POSTGRES_REQUEST = ("expect", b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
MARIADB_GREETING = (
    b"\x0a5.5.5-10.11.6-MariaDB\x00" + b"\x01\0\0\0" + b"scramble" + b"\x00" + b"\xfe\xff" + b"\x2d\x02\x00\xff\x81\x15"
)
MYSQL_REQUEST = ("expect", b"\x20\x00\x00\x01" + b"\x00\x8a\x00\x00" + b"\x00\x00\x00\x01" + b"\x21" + bytes(23))
XMPP_STREAM = (
    "expect",
    (
        b"<?xml version='1.0'?><stream:stream to=\"127.0.0.1\" xmlns='jabber:client' "
        b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    ),
)
XMPP_STARTTLS = ("expect", b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
XMPP_HEADER = b"<?xml version='1.0'?><stream:stream from='h' xmlns='jabber:client' version='1.0'>"
XMPP_FEATURES = (
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
SIEVE_GREETING = b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\n"STARTTLS"\r\nOK "ready."\r\n'


def packet(payload: bytes, number: int = 0) -> bytes:
    """A MySQL packet."""
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


AGREED = {
    "smtp": [
        ("send", b"220 mail ESMTP\r\n"),
        EHLO,
        ("send", b"250-mail\r\n250 STARTTLS\r\n"),
        STARTTLS,
        ("send", b"220 go ahead\r\n"),
    ],
    "lmtp": [
        ("send", b"220-mail\r\n220 LMTP\r\n"),
        LHLO,
        ("send", b"250-mail\r\n250-starttls\r\n250 SIZE\r\n"),
        STARTTLS,
        ("send", b"220 2.0.0 Ready\r\n"),
    ],
    "imap": [
        ("send", b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
        ("expect", b"a1 STARTTLS\r\n"),
        ("send", b"* CAPABILITY IMAP4rev1\r\na1 OK begin\r\n"),
    ],
    "pop3": [("send", b"+OK ready\r\n"), ("expect", b"STLS\r\n"), ("send", b"+OK begin\r\n")],
    "ftp": [
        ("send", b"220-Welcome\r\n to this\r\n220 server\r\n"),
        ("expect", b"AUTH TLS\r\n"),
        ("send", b"234 ok\r\n"),
    ],
    "ldap": [LDAP_REQUEST, ("send", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")],
    "postgres": [POSTGRES_REQUEST, ("send", b"S")],
    "mysql": [("send", packet(MARIADB_GREETING)), MYSQL_REQUEST],
    "xmpp": [
        XMPP_STREAM,
        ("send", XMPP_HEADER + XMPP_FEATURES),
        XMPP_STARTTLS,
        ("send", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ],
    "nntp": [("send", b"201 news\r\n"), STARTTLS, ("send", b"382 continue\r\n")],
    "sieve": [("send", SIEVE_GREETING), STARTTLS, ("send", b'OK "Begin TLS."\r\n')],
}

# Other ways to agree, all seen in the wild.
VARIANTS = [
    # Active Directory writes every length in its longest form.
    (
        "ldap",
        [
            LDAP_REQUEST,
            ("send", b"\x30\x84\x00\x00\x00\x28\x02\x01\x01\x78\x84\x00\x00\x00\x1f\x0a\x01\x00\x04\x00\x04\x00"),
            ("send", b"\x8a\x161.3.6.1.4.1.1466.20037"),
        ],
    ),
    (
        "xmpp",
        [
            XMPP_STREAM,
            ("send", XMPP_HEADER),
            ("send", XMPP_FEATURES),
            XMPP_STARTTLS,
            ("send", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"),
        ],
    ),
    ("ftp", [("send", b"120 wait\r\n220 ready\r\n"), ("expect", b"AUTH TLS\r\n"), ("send", b"234 ok\r\n")]),
    ("imap", [("send", b"* PREAUTH hi\r\n"), ("expect", b"a1 STARTTLS\r\n"), ("send", b"a1 OK\r\n")]),
]

NOT_OFFERED = "the server does not offer STARTTLS"
REFUSED = [
    ("smtp", [("send", b"220 m\r\n"), EHLO, ("send", b"250-m\r\n250 SIZE\r\n")], NOT_OFFERED),
    ("smtp", [("send", b"554 no\r\n")], "not SMTP: the server answered '554 no'"),
    ("smtp", [("send", b"220 m\r\n"), EHLO, ("send", b"502 what\r\n")], "the server refused EHLO: '502 what'"),
    (
        "smtp",
        [("send", b"220 m\r\n"), EHLO, ("send", b"250 STARTTLS\r\n"), STARTTLS, ("send", b"454 later\r\n")],
        "the server refused STARTTLS: '454 later'",
    ),
    (
        "smtp",
        [("send", b"220 m\r\n"), EHLO, ("send", b"250 STARTTLS\r\n"), STARTTLS, ("send", b"220 go\r\n250 more\r\n")],
        "the server went on in plain text after it agreed to TLS: '250 more'",
    ),
    ("lmtp", [("send", b"220 m\r\n"), LHLO, ("send", b"250 m\r\n")], NOT_OFFERED),
    ("imap", [("send", b"* BYE busy\r\n")], "not IMAP: the server answered '* BYE busy'"),
    (
        "imap",
        [("send", b"* OK\r\n"), ("expect", b"a1 STARTTLS\r\n"), ("send", b"a1 BAD unknown\r\n")],
        "the server refused STARTTLS: 'a1 BAD unknown'",
    ),
    ("pop3", [("send", b"-ERR busy\r\n")], "not POP3: the server answered '-ERR busy'"),
    (
        "pop3",
        [("send", b"+OK\r\n"), ("expect", b"STLS\r\n"), ("send", b"-ERR no\r\n")],
        "the server refused STARTTLS: '-ERR no'",
    ),
    ("ftp", [("send", b"421 full\r\n")], "not FTP: the server answered '421 full'"),
    (
        "ftp",
        [("send", b"220 f\r\n"), ("expect", b"AUTH TLS\r\n"), ("send", b"530 Please login\r\n")],
        "the server refused STARTTLS: '530 Please login'",
    ),
    (
        "ldap",
        [LDAP_REQUEST, ("send", b"\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x34\x04\x00\x04\x02no")],
        "the server refused STARTTLS: 'LDAP result code 52, no'",
    ),
    (
        "ldap",
        [LDAP_REQUEST, ("send", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")],
        "the server refused STARTTLS: 'LDAP result code 2'",
    ),
    ("ldap", [LDAP_REQUEST, ("send", b"HTTP/1.1 400\r\n")], "not LDAP: the server answered 'HTTP/1.1 400'"),
    ("ldap", [LDAP_REQUEST, ("send", b"\x30\x02hi")], "not LDAP: the server answered '0hi'"),
    ("postgres", [POSTGRES_REQUEST, ("send", b"N")], NOT_OFFERED),
    ("postgres", [POSTGRES_REQUEST, ("send", b"HTTP")], "not PostgreSQL: the server answered 'HTTP'"),
    ("postgres", [POSTGRES_REQUEST, ("send", b"Eno")], "the server refused STARTTLS: 'Eno'"),
    (
        "mysql",
        [("send", packet(MARIADB_GREETING.replace(b"\xfe\xff", b"\xfe\xf7")))],
        NOT_OFFERED,
    ),
    (
        "mysql",
        [("send", packet(b"\xff\x6a\x04Host '10.0.0.1' is not allowed"))],
        "the server refused the connection: 'Host '10.0.0.1' is not allowed'",
    ),
    ("mysql", [("send", packet(b"\x0a8.0"))], "not MySQL: the server answered '8.0'"),
    ("mysql", [("send", b"SSH-2.0-OpenSSH_9.2p1\r\n")], "not MySQL: the server answered 'SSH-2.0-OpenSSH_9.2p1'"),
    (
        "xmpp",
        [XMPP_STREAM, ("send", XMPP_HEADER + b"<stream:features><bind/></stream:features>")],
        NOT_OFFERED,
    ),
    (
        "xmpp",
        [XMPP_STREAM, ("send", XMPP_HEADER + b"<stream:error><host-unknown xmlns='x'/></stream:error>")],
        "the server refused the stream: host-unknown",
    ),
    (
        "xmpp",
        [XMPP_STREAM, ("send", XMPP_HEADER + XMPP_FEATURES), XMPP_STARTTLS, ("send", b"<failure xmlns='x'/>")],
        "the server refused STARTTLS: '<failure xmlns='x'/>'",
    ),
    ("nntp", [("send", b"400 down\r\n")], "not NNTP: the server answered '400 down'"),
    (
        "nntp",
        [("send", b"200 n\r\n"), STARTTLS, ("send", b"580 can not\r\n")],
        "the server refused STARTTLS: '580 can not'",
    ),
    ("sieve", [("send", b'"SIEVE" "fileinto"\r\nOK\r\n')], NOT_OFFERED),
    ("sieve", [("send", b"220 smtp\r\n")], "not ManageSieve: the server answered '220 smtp'"),
    (
        "sieve",
        [("send", SIEVE_GREETING), STARTTLS, ("send", b'NO "later"\r\n')],
        "the server refused STARTTLS: 'NO \"later\"'",
    ),
]


def observe(protocol: str, port: int, timeout: float = 5.0) -> Observation:
    (observation,) = Dialler(timeout=timeout).observe(Endpoint("127.0.0.1", port, starttls=protocol))
    return observation


def test_every_protocol_that_is_offered_is_spoken_and_tested() -> None:
    assert set(PROTOCOLS) == set(STARTTLS_PORTS) == set(AGREED) == {protocol for protocol, _steps, _reason in REFUSED}


@pytest.mark.parametrize(("protocol", "steps"), [*AGREED.items(), *VARIANTS])
def test_the_handshake_follows_the_agreement(protocol: str, steps: list) -> None:
    with tls_server([LEAF, AUTHORITY], before=conversation(*steps)) as port:
        observation = observe(protocol, port)
    assert observation.reason is None
    assert observation.chain[0] == LEAF.der
    assert observation.location == f"{protocol}://127.0.0.1:{port}"


@pytest.mark.parametrize(("protocol", "steps", "reason"), REFUSED)
def test_a_refusal_is_a_reason(protocol: str, steps: list, reason: str) -> None:
    with raw_server(conversation(*steps)) as port:
        observation = observe(protocol, port)
    assert observation.reason == reason
    assert observation.chain == ()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_hangs_up_is_a_reason(protocol: str) -> None:
    with raw_server(lambda connection: connection.recv(1) and None if speaks_last(protocol) else None) as port:
        observation = observe(protocol, port)
    assert observation.reason in (
        "the server closed the connection during STARTTLS",
        "reset by the server during STARTTLS",
    )


def speaks_last(protocol: str) -> bool:
    """Whether the client begins."""
    return protocol in ("ldap", "postgres", "xmpp")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_endless_talk_is_cut_off(protocol: str) -> None:
    def talk(connection: object) -> None:
        while True:
            connection.sendall(b"0\x84\x7f\xff\xff\xff" + b"a" * 65536)  # type: ignore[attr-defined]

    with raw_server(talk) as port:
        observation = observe(protocol, port)
    assert observation.reason is not None
    assert "more than any answer has" in observation.reason or "the server answered" in observation.reason
