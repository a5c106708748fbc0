# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real STARTTLS servers from the Python registry, in threads of the test."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from tests.lab.process import free_ports
from tests.support.servers import LOOPBACK, server_context, write_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.certificates import Made


@contextlib.contextmanager
def smtp_server(chain: Sequence[Made] | None) -> Iterator[int]:
    """aiosmtpd; yields its port. Without a chain it does not offer STARTTLS."""
    with _mail_server(chain, SMTP) as port:
        yield port


@contextlib.contextmanager
def lmtp_server(chain: Sequence[Made] | None) -> Iterator[int]:
    """aiosmtpd as an LMTP server; yields its port."""
    with _mail_server(chain, LMTP) as port:
        yield port


@contextlib.contextmanager
def _mail_server(chain: Sequence[Made] | None, protocol: type[SMTP]) -> Iterator[int]:
    class MailController(Controller):
        def factory(self) -> SMTP:
            context = server_context(chain) if chain else None
            return protocol(self.handler, hostname="mail.example.com", tls_context=context)

    (port,) = free_ports(1)
    controller = MailController(Sink(), hostname=LOOPBACK, port=port)
    controller.start()  # returns when it answers
    try:
        yield port
    finally:
        controller.stop()


@contextlib.contextmanager
def ftp_server(chain: Sequence[Made]) -> Iterator[int]:
    """pyftpdlib with AUTH TLS; yields its port."""
    with tempfile.TemporaryDirectory() as directory:
        certificates, key = write_pair(Path(directory), chain)

        class Handler(TLS_FTPHandler):  # type: ignore[misc]
            certfile, keyfile = certificates, key
            authorizer = DummyAuthorizer()

        loop = IOLoop()
        server = FTPServer((LOOPBACK, 0), Handler, ioloop=loop)
        over = threading.Event()

        def run() -> None:
            while not over.is_set():
                server.serve_forever(timeout=0.05, blocking=False, handle_exit=False)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield server.address[1]
        finally:
            over.set()
            thread.join()
            server.close_all()
