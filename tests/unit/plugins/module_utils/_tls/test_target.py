# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users write for an endpoint, and what they are told about what they should not have written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._tls.target import (
    STARTTLS_PORTS,
    Endpoint,
    parse_endpoint,
    parse_endpoint_file,
)

ACCEPTED = [
    ("vault.example.com:8200", Endpoint("vault.example.com", 8200)),
    ("vault.example.com", Endpoint("vault.example.com", 443)),
    (" vault.example.com:8200\n", Endpoint("vault.example.com", 8200)),
    ("tls://vault.example.com:8200", Endpoint("vault.example.com", 8200)),
    ("TLS://vault.example.com", Endpoint("vault.example.com", 443)),
    ("https://vault.example.com/", Endpoint("vault.example.com", 443)),
    ("https://vault.example.com:8200/", Endpoint("vault.example.com", 8200)),
    ("imaps://mail.example.com", Endpoint("mail.example.com", 993)),
    ("ldaps://ldap.example.com", Endpoint("ldap.example.com", 636)),
    ("smtp://mail.example.com", Endpoint("mail.example.com", 25, starttls="smtp")),
    ("smtp://mail.example.com:587", Endpoint("mail.example.com", 587, starttls="smtp")),
    ("postgres://[2001:db8::5]", Endpoint("2001:db8::5", 5432, starttls="postgres")),
    ("[::1]:443", Endpoint("::1", 443)),
    ("[::1]", Endpoint("::1", 443)),
    ("[2001:DB8:0::1]:8443", Endpoint("2001:db8::1", 8443)),
    ("10.0.0.1:65535", Endpoint("10.0.0.1", 65535)),
    ("localhost:1", Endpoint("localhost", 1)),
    ("host_with_underscore.example:443", Endpoint("host_with_underscore.example", 443)),
    ("bücher.example", Endpoint("bücher.example", 443)),
    ("vault.example.com.:443", Endpoint("vault.example.com.", 443)),
    (
        "10.0.0.1:443?server_name=www.example.com&addresses=all&rotator=cert-manager",
        Endpoint("10.0.0.1", 443, server_name="www.example.com", addresses="all", rotator="cert-manager"),
    ),
    (
        "vault.example.com:8200?client_certificate=/etc/c.pem&client_key=/etc/k.pem",
        Endpoint("vault.example.com", 8200, client_certificate="/etc/c.pem", client_key="/etc/k.pem"),
    ),
    ({"host": "vault.example.com"}, Endpoint("vault.example.com", 443)),
    ({"host": "mail.example.com", "starttls": "imap"}, Endpoint("mail.example.com", 143, starttls="imap")),
    ({"host": "mail.example.com", "starttls": None, "port": "25"}, Endpoint("mail.example.com", 25)),
    ({"host": "[::1]", "port": 443}, Endpoint("::1", 443)),
    ({"host": "::1", "port": 443}, Endpoint("::1", 443)),
    # A server name that says what the host says already would only make the location longer.
    ({"host": "a.example.com", "server_name": "A.example.com."}, Endpoint("a.example.com", 443)),
    ({"host": "a.example.com", "server_name": "b.example.com."}, Endpoint("a.example.com", 443, "b.example.com")),
]

REFUSED = [
    ("vault:0", "endpoints: 'vault:0' has the port '0'; a port is a number from 1 to 65535"),
    ("vault:70000", "endpoints: 'vault:70000' has the port '70000'; a port is a number from 1 to 65535"),
    ("vault:https", "endpoints: 'vault:https' has the port 'https'; a port is a number from 1 to 65535"),
    ("vault:-1", "endpoints: 'vault:-1' has the port '-1'; a port is a number from 1 to 65535"),
    ("vault:", "endpoints: 'vault:' has no port after the colon; write host:443"),
    ("", "endpoints: '' names no host; write host:port"),
    (":443", "endpoints: ':443' names no host; write host:port"),
    ("smtp://", "endpoints: 'smtp://' names no host; write host:port"),
    ("::1", "endpoints: '::1' looks like an IPv6 address; write it in brackets, as [::1]:443"),
    ("fe80::1:443", "endpoints: 'fe80::1:443' looks like an IPv6 address; write it in brackets, as [::1]:443"),
    ("[::1:443", "endpoints: '[::1:443' has an IPv6 address cut short; write [::1]:443"),
    ("[::1]443", "endpoints: '[::1]443' has an IPv6 address cut short; write [::1]:443"),
    (
        "[example.com]:443",
        "endpoints: '[example.com]:443' has 'example.com' in brackets, which are for IPv6 addresses; leave them out",
    ),
    (
        "gopher://host:70",
        (
            "endpoints: 'gopher://host:70' asks for STARTTLS by the protocol 'gopher'; known are smtp, lmtp, imap, "
            "pop3, ftp, ldap, postgres, mysql, xmpp, nntp, sieve (and tls, which needs none)"
        ),
    ),
    (
        {"host": "h", "starttls": "SMTP"},
        (
            "endpoints: {'host': 'h', 'starttls': 'SMTP'} asks for STARTTLS by the protocol 'SMTP'; known are smtp, "
            "lmtp, imap, pop3, ftp, ldap, postgres, mysql, xmpp, nntp, sieve (and tls, which needs none)"
        ),
    ),
    (
        "https://host/login",
        "endpoints: 'https://host/login' is more than a host and a port; write host:port or smtp://host:25",
    ),
    (
        "imap://user@host",
        "endpoints: 'imap://user@host' is more than a host and a port; write host:port or smtp://host:25",
    ),
    (
        "host?sni=x",
        (
            "endpoints: 'host?sni=x' has 'sni' after the '?'; known there are server_name, addresses, "
            "client_certificate, client_key, rotator"
        ),
    ),
    (
        "host?x",
        (
            "endpoints: 'host?x' has 'x' after the '?'; known there are server_name, addresses, client_certificate, "
            "client_key, rotator"
        ),
    ),
    ("a..b:443", "endpoints: 'a..b:443' has the host 'a..b', which is no DNS name; write it as www.example.com"),
    ("a b:443", "endpoints: 'a b:443' has the host 'a b', which is no DNS name; write it as www.example.com"),
    (
        {"host": "h", "hostname": "h"},
        (
            "endpoints: {'host': 'h', 'hostname': 'h'} has the key 'hostname'; known are host, port, server_name, "
            "starttls, addresses, client_certificate, client_key, rotator"
        ),
    ),
    (
        {"host": "h", "addresses": "both"},
        "endpoints: {'host': 'h', 'addresses': 'both'} has addresses 'both'; it is 'first' (that connects) or 'all'",
    ),
    (
        {"host": "h", "server_name": "10.0.0.1"},
        (
            "endpoints: {'host': 'h', 'server_name': '10.0.0.1'} has the server_name '10.0.0.1'; it is a DNS name, "
            "never an IP address"
        ),
    ),
    (
        {"host": "h", "client_key": "/k"},
        "endpoints: {'host': 'h', 'client_key': '/k'} has a client_key but no client_certificate; name both files",
    ),
    (
        {"host": "h", "rotator": ""},
        "endpoints: {'host': 'h', 'rotator': ''} has the rotator ''; write it as text, or leave it out",
    ),
    (
        {"host": "h", "port": True},
        "endpoints: {'host': 'h', 'port': True} has the port 'True'; a port is a number from 1 to 65535",
    ),
    ({"port": 443}, "endpoints: {'port': 443} names no host; write host:port"),
    (443, "endpoints: 443 is neither text nor a mapping; write host:port or {host: ..., port: ...}"),
]


@pytest.mark.parametrize(("value", "endpoint"), ACCEPTED, ids=str)
def test_what_is_understood(value: object, endpoint: Endpoint) -> None:
    assert parse_endpoint(value) == endpoint


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=lambda each: str(each)[:40])
def test_what_is_refused_is_named_with_the_fix(value: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_endpoint(value)
    assert str(caught.value) == message


def test_a_label_of_64_bytes_is_no_dns_name() -> None:
    assert parse_endpoint("a" * 63 + ".example").host == "a" * 63 + ".example"
    with pytest.raises(ValueError, match="is no DNS name"):
        parse_endpoint("a" * 64 + ".example")


@pytest.mark.parametrize("protocol", STARTTLS_PORTS)
def test_every_protocol_has_its_own_port(protocol: str) -> None:
    assert parse_endpoint(f"{protocol}://host").port == STARTTLS_PORTS[protocol]


@pytest.mark.parametrize(
    ("value", "location"),
    [
        ("vault.example.com", "tls://vault.example.com:443"),
        ("[::1]:443", "tls://[::1]:443"),
        ("smtp://mail.example.com", "smtp://mail.example.com:25"),
        ("10.0.0.1?server_name=www.example.com", "tls://10.0.0.1:443?server_name=www.example.com"),
    ],
)
def test_locations_tell_endpoints_apart_and_can_be_read_again(value: str, location: str) -> None:
    endpoint = parse_endpoint(value)
    assert endpoint.location() == location
    assert parse_endpoint(location) == endpoint


def test_the_location_of_one_address() -> None:
    endpoint = parse_endpoint("10.0.0.1?server_name=www.example.com")
    assert endpoint.location("10.0.0.2") == "tls://10.0.0.1:443@10.0.0.2?server_name=www.example.com"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("www.example.com", "www.example.com"),
        ("www.example.com.", "www.example.com"),
        ("10.0.0.1", None),
        ("[::1]", None),
        ("10.0.0.1?server_name=www.example.com", "www.example.com"),
    ],
)
def test_the_name_in_the_handshake_is_never_an_address(value: str, name: str | None) -> None:
    assert parse_endpoint(value).requested_name == name


def test_a_list_file() -> None:
    text = "\ufeff# the fleet\n\nvault.example.com:8200\r\n  smtp://mail.example.com   # the relay\n#x\n[::1]:443\n"
    assert parse_endpoint_file(text) == [
        Endpoint("vault.example.com", 8200),
        Endpoint("mail.example.com", 25, starttls="smtp"),
        Endpoint("::1", 443),
    ]


def test_a_list_file_names_the_line_at_fault() -> None:
    with pytest.raises(ValueError) as caught:
        parse_endpoint_file("good\n# remark\nbad:0\n")
    assert str(caught.value) == ("endpoints_file: line 3: 'bad:0' has the port '0'; a port is a number from 1 to 65535")


@given(st.text(max_size=80))
def test_any_text_is_an_endpoint_or_one_line_of_refusal(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except ValueError as error:
        refusal = str(error)
        assert refusal.startswith("endpoints: ")
        assert "\n" not in refusal
    else:
        assert 1 <= endpoint.port <= 65535
        assert endpoint.host
        assert parse_endpoint(endpoint.location()).location() == endpoint.location()
