# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each protocol is asked to go on with TLS, up to the byte before the ClientHello.

One function a protocol. It raises ProbeError with the reason when the server does not offer STARTTLS or refuses it.
"""

from __future__ import annotations

import html
import re
from typing import Callable, NamedTuple

from .stream import Connection, ProbeError, quoted

NOT_OFFERED = "the server does not offer STARTTLS"

_LDAP_STARTTLS = b"1.3.6.1.4.1.1466.20037"
# An LDAPMessage's content up to the resultCode of its ExtendedResponse (tag 0x78), in any length form.
_LDAP_RESPONSE = re.compile(rb"\x02[\x01-\x04].{1,4}?\x78(?:[\x00-\x7f]|\x81.|\x82..|\x84....)\x0a\x01(.)", re.DOTALL)
_POSTGRES_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_MYSQL_SSL = 0x0800
_MYSQL_CAPABILITIES = _MYSQL_SSL | 0x0200 | 0x8000  # CLIENT_SSL, CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION
_MYSQL_UTF8 = 33
_XMPP_TLS = "urn:ietf:params:xml:ns:xmpp-tls"
_XMPP_SERVER_PORT = 5269
_XMPP_ENDS = (b"</stream:features>", b"<stream:features/>", b"</stream:error>", b"</stream:stream>")


class Peer(NamedTuple):
    """What the protocols say about the two ends."""

    server_name: str
    port: int
    own_address: str


def start_tls(protocol: str, connection: Connection, peer: Peer) -> None:
    """Brings the connection to where the TLS handshake begins. Raises ProbeError with the reason."""
    PROTOCOLS[protocol](connection, peer)
    if connection.buffer:
        # Nothing may follow the agreement (RFC 3207 section 4.2): the bytes would be taken for the handshake.
        raise ProbeError(f"the server went on in plain text after it agreed to TLS: {quoted(connection.buffer)}")


def _refused(answer: str | bytes) -> ProbeError:
    return ProbeError(f"the server refused STARTTLS: {quoted(answer)}")


def _unexpected(answer: str | bytes, protocol: str) -> ProbeError:
    return ProbeError(f"not {protocol}: the server answered {quoted(answer)}")


def _reply(connection: Connection) -> tuple[str, list[str]]:
    """A reply of SMTP (RFC 5321 section 4.2) or FTP (RFC 959 section 4.2): its code and its lines."""
    lines = [connection.read_line()]
    code = lines[0][:3]
    while lines[-1][:4] != f"{code} " and lines[-1] != code:
        if len(lines) == 1 and lines[0][3:4] != "-":
            break
        lines.append(connection.read_line())
    return code, lines


def _smtp(connection: Connection, peer: Peer) -> None:
    _mail(connection, peer, "EHLO", "SMTP")


def _lmtp(connection: Connection, peer: Peer) -> None:
    _mail(connection, peer, "LHLO", "LMTP")


def _mail(connection: Connection, peer: Peer, hello: str, protocol: str) -> None:
    """RFC 3207 and RFC 2033: the greeting, the extensions, STARTTLS."""
    code, lines = _reply(connection)
    if code != "220":
        raise _unexpected(lines[0], protocol)
    literal = f"[IPv6:{peer.own_address}]" if ":" in peer.own_address else f"[{peer.own_address}]"
    connection.send(f"{hello} {literal}\r\n".encode())
    code, lines = _reply(connection)
    if code != "250":
        raise ProbeError(f"the server refused {hello}: {quoted(lines[0])}")
    if not any(line[4:].strip().upper() == "STARTTLS" for line in lines):
        raise ProbeError(NOT_OFFERED)
    connection.send(b"STARTTLS\r\n")
    code, lines = _reply(connection)
    if code != "220":
        raise _refused(lines[0])


def _imap(connection: Connection, _peer: Peer) -> None:
    """RFC 9051 section 6.2.1."""
    greeting = connection.read_line()
    if not re.match(r"\* (OK|PREAUTH)\b", greeting, re.IGNORECASE):
        raise _unexpected(greeting, "IMAP")
    connection.send(b"a1 STARTTLS\r\n")
    answer = connection.read_line()
    while answer.startswith("* "):
        answer = connection.read_line()
    if not re.match(r"a1 OK\b", answer, re.IGNORECASE):
        raise _refused(answer)


def _pop3(connection: Connection, _peer: Peer) -> None:
    """RFC 2595 section 4."""
    greeting = connection.read_line()
    if not greeting.startswith("+OK"):
        raise _unexpected(greeting, "POP3")
    connection.send(b"STLS\r\n")
    answer = connection.read_line()
    if not answer.startswith("+OK"):
        raise _refused(answer)


def _ftp(connection: Connection, _peer: Peer) -> None:
    """RFC 4217 section 4."""
    code, lines = _reply(connection)
    while code == "120":
        code, lines = _reply(connection)
    if code != "220":
        raise _unexpected(lines[0], "FTP")
    connection.send(b"AUTH TLS\r\n")
    code, lines = _reply(connection)
    if code != "234":
        raise _refused(lines[0])


def _nntp(connection: Connection, _peer: Peer) -> None:
    """RFC 4642 section 2.2."""
    greeting = connection.read_line()
    if greeting[:3] not in ("200", "201"):
        raise _unexpected(greeting, "NNTP")
    connection.send(b"STARTTLS\r\n")
    answer = connection.read_line()
    if answer[:3] != "382":
        raise _refused(answer)


def _sieve(connection: Connection, _peer: Peer) -> None:
    """RFC 5804 sections 1.7 and 2.2: the capabilities come unasked, and end with OK."""
    lines = [connection.read_line()]
    while re.match(r'["{]', lines[-1]):
        lines.append(connection.read_line())
    if not re.match(r"OK\b", lines[-1], re.IGNORECASE):
        raise _unexpected(lines[-1], "ManageSieve")
    if not any(re.match(r'"STARTTLS"', line, re.IGNORECASE) for line in lines):
        raise ProbeError(NOT_OFFERED)
    connection.send(b"STARTTLS\r\n")
    answer = connection.read_line()
    if not re.match(r"OK\b", answer, re.IGNORECASE):
        raise _refused(answer)


def _postgres(connection: Connection, _peer: Peer) -> None:
    """SSLRequest of the frontend/backend protocol (PostgreSQL manual, section Message Formats)."""
    connection.send(_POSTGRES_SSL_REQUEST)
    answer = connection.read_exactly(1)
    if answer == b"N":
        raise ProbeError(NOT_OFFERED)
    if answer == b"E":
        raise _refused(answer + connection.buffer)
    if answer != b"S":
        raise _unexpected(answer + connection.buffer, "PostgreSQL")


def _mysql(connection: Connection, _peer: Peer) -> None:
    """Protocol::HandshakeV10 and Protocol::SSLRequest (MySQL client/server protocol)."""
    header = connection.read_exactly(4)
    if header[3] != 0:  # the first packet's number
        raise _unexpected(header + connection.buffer, "MySQL")
    payload = connection.read_exactly(int.from_bytes(header[:3], "little"))
    if payload[:1] == b"\xff":
        raise ProbeError(f"the server refused the connection: {quoted(payload[3:])}")
    version_end = payload.find(b"\0", 1)
    if payload[:1] != b"\x0a" or version_end < 0 or len(payload) < version_end + 16:
        raise _unexpected(payload, "MySQL")
    # After the version: thread id (4), scramble (8), filler (1), the lower capability flags (2).
    capabilities = int.from_bytes(payload[version_end + 14 : version_end + 16], "little")
    if not capabilities & _MYSQL_SSL:
        raise ProbeError(NOT_OFFERED)
    request = (
        _MYSQL_CAPABILITIES.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + bytes((_MYSQL_UTF8,)) + bytes(23)
    )
    connection.send(len(request).to_bytes(3, "little") + b"\x01" + request)


def _ldap(connection: Connection, _peer: Peer) -> None:
    """The StartTLS extended operation (RFC 4511 section 4.14), whose answer carries a resultCode."""
    request = b"\x77" + _ber(b"\x80" + _ber(_LDAP_STARTTLS))
    connection.send(b"\x30" + _ber(b"\x02\x01\x01" + request))
    first = connection.read_exactly(1)
    if first != b"\x30":
        raise _unexpected(first + connection.buffer, "LDAP")
    message = connection.read_exactly(_ber_length(connection))
    found = _LDAP_RESPONSE.match(message)
    if not found:
        raise _unexpected(b"0" + message, "LDAP")
    code = found.group(1)[0]
    if code:
        diagnostic = re.match(rb"\x04\x00\x04[\x01-\x7f](.+)", message[found.end() :], re.DOTALL)
        more = f", {diagnostic.group(1).decode('utf-8', 'replace')}" if diagnostic else ""
        raise _refused(f"LDAP result code {code}{more}")


def _ber(content: bytes) -> bytes:
    """The length (X.690 section 8.1.3, short form) and the content."""
    return bytes((len(content),)) + content


def _ber_length(connection: Connection) -> int:
    """A length in the short or the long form."""
    first = connection.read_exactly(1)[0]
    return first if first < 0x80 else int.from_bytes(connection.read_exactly(first & 0x7F), "big")


def _xmpp(connection: Connection, peer: Peer) -> None:
    """RFC 6120 section 5.4."""
    namespace = "jabber:server" if peer.port == _XMPP_SERVER_PORT else "jabber:client"
    connection.send(
        f"<?xml version='1.0'?><stream:stream to=\"{html.escape(peer.server_name)}\" xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>".encode()
    )
    answer = connection.read_until(*_XMPP_ENDS)
    text = answer.decode("utf-8", "replace")
    if "<stream:features" not in text:
        condition = re.search(r"<stream:error>\s*<([a-z-]+)", text)
        raise ProbeError(f"the server refused the stream: {condition.group(1) if condition else quoted(text)}")
    if _XMPP_TLS not in text:
        raise ProbeError(NOT_OFFERED)
    connection.send(f"<starttls xmlns='{_XMPP_TLS}'/>".encode())
    answer = connection.read_until(b">")
    if not answer.lstrip().startswith(b"<proceed"):
        raise _refused(answer)
    if not answer.rstrip().endswith(b"/>"):
        connection.read_until(b"</proceed>")


PROTOCOLS: dict[str, Callable[[Connection, Peer], None]] = {
    "smtp": _smtp,
    "lmtp": _lmtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "ldap": _ldap,
    "postgres": _postgres,
    "mysql": _mysql,
    "xmpp": _xmpp,
    "nntp": _nntp,
    "sieve": _sieve,
}
