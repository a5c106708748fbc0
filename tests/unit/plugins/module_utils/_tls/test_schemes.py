# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What _x509 takes for a served location is what _tls calls one: the floors cannot import one another upwards."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.target import STARTTLS_PORTS, parse_endpoint
from ansible_collections.sre.preflight.plugins.module_utils._x509.facts import SERVED_SCHEMES, is_served


def test_both_know_the_same_schemes():
    assert {"tls", *STARTTLS_PORTS} == SERVED_SCHEMES


@pytest.mark.parametrize("scheme", ["tls", *STARTTLS_PORTS])
def test_an_endpoints_location_is_served(scheme):
    assert is_served(parse_endpoint(f"{scheme}://host.example.com").location())


@pytest.mark.parametrize("location", ["/etc/ssl/a.pem", "web1:/etc/ssl/a.pem#2", "vault://v:8200/pki/issuer/1"])
def test_what_lies_somewhere_is_not_served(location):
    assert not is_served(location)
