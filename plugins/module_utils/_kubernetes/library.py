# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of Kubernetes behind a guard: saved evidence is judged without it."""

from __future__ import annotations

import traceback
from typing import Any

from .._audit.libraries import Library
from .._http.library import URLLIB3

KUBERNETES_MINIMUM = "36.0.1"
"""36.0.0 sent no token: kubernetes-client/python#2595."""

kubernetes: Any = None

try:
    import kubernetes  # type: ignore[import-not-found, import-untyped, no-redef, unused-ignore]
    import kubernetes.config  # type: ignore[import-not-found, import-untyped, no-redef, unused-ignore]
except ImportError:
    KUBERNETES = Library("kubernetes", KUBERNETES_MINIMUM, import_error=traceback.format_exc())
else:
    KUBERNETES = Library("kubernetes", KUBERNETES_MINIMUM, kubernetes.__version__, str(kubernetes.__file__))

__all__ = ["KUBERNETES", "KUBERNETES_MINIMUM", "LIBRARIES", "kubernetes"]

LIBRARIES = (KUBERNETES, URLLIB3)
"""What a connection needs; requirements.txt and the module's documentation name the same versions."""
