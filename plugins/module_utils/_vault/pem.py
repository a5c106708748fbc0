# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one certificate that the API gives as PEM, without the general reader's care for files of any kind."""

from __future__ import annotations

import binascii
from typing import Any

_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"


def der_of_pem(text: Any) -> bytes:
    """The DER of the first certificate in a PEM text. Raises ValueError with the reason in words."""
    start = text.find(_BEGIN) if isinstance(text, str) else -1
    end = text.find(_END, start) if start >= 0 else -1
    if end < 0:
        raise ValueError("the certificate is missing or no PEM")
    try:
        return binascii.a2b_base64(text[start + len(_BEGIN) : end])
    except binascii.Error as error:
        raise ValueError(f"the certificate is no PEM: {error}") from None
