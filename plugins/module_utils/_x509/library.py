# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cryptography, as far as it is used here, behind a guard: importing this package never fails without it."""

from __future__ import annotations

import traceback
import warnings

from .._audit.libraries import Library

MINIMUM = "36.0"

REFUSALS: tuple[type[Exception], ...] = (ValueError, TypeError, OverflowError)
"""What its readers raise on data that they do not take."""
HAS_AWARE_DATES = False
"""From 42 on dates are aware."""

try:
    import cryptography
    from cryptography import x509
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12
    from cryptography.utils import CryptographyDeprecationWarning
except ImportError:
    CRYPTOGRAPHY = Library("cryptography", MINIMUM, import_error=traceback.format_exc())
else:
    CRYPTOGRAPHY = Library("cryptography", MINIMUM, cryptography.__version__, str(cryptography.__file__))
    REFUSALS = (*REFUSALS, x509.InvalidVersion, InternalError, UnsupportedAlgorithm)
    HAS_AWARE_DATES = hasattr(x509.Certificate, "not_valid_before_utc")
    # It warns on standard error about a serial number that is not positive; the inventory shows it. And about PKCS#12
    # in BER, which it reads all the same.
    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning, message="Parsed a .*serial number")
    warnings.filterwarnings("ignore", category=UserWarning, message="PKCS#12 bundle could not be parsed as DER")

__all__ = [
    "CRYPTOGRAPHY",
    "HAS_AWARE_DATES",
    "REFUSALS",
    "Encoding",
    "PKCS12KeyAndCertificates",
    "load_pkcs12",
    "x509",
]
