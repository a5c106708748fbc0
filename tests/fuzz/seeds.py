# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.fuzz.seeds`` writes the seeds in tests/fuzz/corpus anew.

They are kept because they hold new keys each time they are made, and the run in CI has to start from the same ones.
Inputs that once were a crash lie beside them under other names and stay.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12

from tests.support import keystores
from tests.support.certificates import Made, make_ca, make_crl, make_leaf, pem_to_der
from tests.support.package_index import demo_index, html_page, json_page, root_html, root_page

CORPUS = Path(__file__).with_name("corpus")
KEY_PEM = b"-----BEGIN PRIVATE KEY-----\nbm8ga2V5IGF0IGFsbA==\n-----END PRIVATE KEY-----\n"
AGREEMENTS = {
    "smtp": (b"220 mail ESMTP\r\n", b"250-mail\r\n250-SIZE 1\r\n250 STARTTLS\r\n", b"220 go ahead\r\n"),
    "lmtp": (b"220 mail LMTP\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go ahead\r\n"),
    "imap": (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", b"* CAPABILITY STARTTLS\r\na1 OK begin\r\n"),
    "pop3": (b"+OK ready\r\n", b"+OK begin\r\n"),
    "ftp": (b"120 wait\r\n220 ready\r\n", b"234 proceed\r\n"),
    "nntp": (b"200 ready\r\n", b"382 continue\r\n"),
    "sieve": (b'"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK\r\n', b'OK "begin"\r\n'),
    "postgres": (b"S",),
    "mysql": (b"\x33\0\0\0\x0a8.0.36\0\1\0\0\0saltsalt\0\xff\xff\x21\2\0\xff\xdf\x15" + bytes(10) + b"saltsaltsalt",),
    "ldap": (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00",),
    "xmpp": (
        b"<stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
        b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ),
}
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: &name production
clusters:
- {{name: *name, cluster: {{server: "https://kubernetes:6443", certificate-authority-data: {authority}}}}}
- name: second
  cluster:
    certificate-authority: pki/ca.crt
users:
- name: deployer
  user:
    client-certificate-data: {certificate}
    client-key-data: bm9uZQ==
- name: files
  user: {{client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem, client-key: ~}}
- name: token
  user:
    token: >-
      none
"""
ODD_FILE = {
    "filename": "demo-3.0-1-py2.py3-none-any.whl",
    "url": "http://[bad/",
    "hashes": {"sha256": "none", "md5": "AB"},
    "requires-python": ">=3.6.*, <4",
    "size": -1,
    "upload-time": "",
    "yanked": "",
    "core-metadata": {"sha256": 1},
    "dist-info-metadata": "true",
    "gpg-sig": "yes",
    "provenance": 0,
}
ODD_HTML = """\
<!DOCTYPE html><base href="//files.example.org/x/"><meta name=PyPI:repository-version content=1.0>
<a href="demo-1.0.tar.gz?x#egg=demo&sha256=AB" data-requires-python=">=3.6" data-yanked>demo-1.0.zip</a>
<a href='demo-1.1.whl#md5=' data-dist-info-metadata=sha1=00 data-core-metadata data-gpg-sig=true>demo-1.1.whl
<a>demo</a><a href="http://[/demo-1.2.whl">demo-1.2.whl</a><![CDATA[ x ]]><!-- SERIAL 12 --><!--
"""


def main() -> None:
    authority = make_ca()
    leaf = make_leaf(issuer=authority, names=["a.example", "10.0.0.1", "::1", "spiffe://lab/a"])
    for target, seeds in {
        "reader": reader(authority, leaf),
        "kubeconfig": kubeconfig(authority, leaf),
        "endpoint": endpoint(leaf),
        "mirror_page": mirror_page(),
    }.items():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (CORPUS / target / name).write_bytes(data)


def reader(authority: Made, leaf: Made) -> dict[str, bytes]:
    """A file of each format."""
    encryption = BestAvailableEncryption(b"a")
    clear = keystores.pfx(keystores.clear_content(keystores.certificate_bag(leaf.der, "a"), keystores.key_bag()))
    entries = keystores.key_entry("a", b"key", [leaf.der, authority.der]), keystores.trusted_entry("b", leaf.der)
    certificates = [leaf.certificate, authority.certificate]
    return {
        "pem": leaf.pem + KEY_PEM + authority.pem,
        "utf16": b"\xff\xfe" + leaf.pem.decode().encode("utf-16-le"),
        "der": leaf.der,
        "crl": pem_to_der(make_crl(authority, serial_numbers=[1, 2])),
        "jks": keystores.keystore(*entries),
        "jceks": keystores.keystore(*entries, keystores.secret_entry("c"), magic=keystores.JCEKS_MAGIC),
        "pfx": clear,
        "ber": keystores.indefinite(clear),
        "pkcs12": pkcs12.serialize_key_and_certificates(b"a", leaf.key, leaf.certificate, None, encryption),
        # Without certificates in them there is less to change that is not structure.
        "pfx-small": keystores.pfx(
            keystores.clear_content(keystores.certificate_bag(b"\x30\0"), keystores.key_bag("b", iterations=1)),
            keystores.encrypted_content(iterations=1),
            mac=keystores.mac_data(1),
        ),
        "jks-small": keystores.keystore(keystores.trusted_entry("b", b"\x30\0")),
        "pkcs7": pkcs7.serialize_certificates(certificates, Encoding.DER),
        "pkcs7-pem": pkcs7.serialize_certificates(certificates, Encoding.PEM),
    }


def kubeconfig(authority: Made, leaf: Made) -> dict[str, bytes]:
    """One as people write it, and one as kubectl prints it."""
    encoded = {key: base64.b64encode(made.pem).decode() for key, made in (("authority", authority), ("leaf", leaf))}
    users = [{"name": "deployer", "user": {"client-certificate-data": encoded["leaf"], "token": None}}]
    clusters = [{"name": "production", "cluster": {"certificate-authority": "ca.crt", "server": "https://[::1]:6443"}}]
    return {
        "yaml": KUBECONFIG.format(authority=encoded["authority"], certificate=encoded["leaf"]).encode(),
        "json": json.dumps({"kind": "Config", "users": users, "clusters": clusters}).encode(),
    }


def endpoint(leaf: Made) -> dict[str, bytes]:
    """Every scheme up to and with a server's first flight of TLS."""
    flight = first_flight(leaf, ssl.TLSVersion.TLSv1_2)
    seeds = {name: b"<->".join([name.encode(), *words, flight]) for name, words in AGREEMENTS.items()}
    seeds["tls12"] = b"<->".join([b"tls", flight])
    seeds["tls13"] = b"<->".join([b"tls", first_flight(leaf, ssl.TLSVersion.TLSv1_3)])
    seeds["alert"] = b"tls<->\x15\x03\x03\x00\x02\x02\x28"
    return seeds


def mirror_page() -> dict[str, bytes]:
    """A page of each kind that a mirror serves, with all that the Simple API has, and with what mirrors do wrong."""
    project = demo_index()["demo"]
    page = json_page(project, "../../files/")
    odd = {**page, "files": [ODD_FILE, *page["files"][:1], 3], "versions": [1], "meta": {"api-version": 1}}
    seeds = {
        "json": json.dumps({**page, "project-status": {"status": "archived", "reason": "done"}}),
        "json-odd": json.dumps(odd),
        "html": html_page(page),
        "html-odd": ODD_HTML,
        "listing": "<html><title>Index of /</title><a href='../'>../</a><a href='index.html'>index.html</a></html>",
        "login": "<form action='/login'><input type='password' name='p'></form>",
        "root-json": json.dumps(root_page(["demo", "Zope.Demo"])),
        "root-html": root_html(["demo", "Zope.Demo"]),
        "text": "It works!",
    }
    latin = "iso-8859-1\n<a href='d\xe9mo-1.0.tar.gz'>d\xe9mo-1.0.tar.gz</a>".encode("latin-1")
    return {**{name: b"\n" + text.encode() for name, text in seeds.items()}, "charset": latin}


def first_flight(leaf: Made, version: ssl.TLSVersion) -> bytes:
    """What a server answers to a ClientHello."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    with tempfile.NamedTemporaryFile() as file:
        file.write(leaf.pem + leaf.key_pem)
        file.flush()
        context.load_cert_chain(file.name)
    client_context = ssl._create_unverified_context()
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return to_client.read()


if __name__ == "__main__":
    main()
