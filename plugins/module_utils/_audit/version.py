# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's version, for provenance; a test keeps it in step with galaxy.yml."""

from __future__ import annotations

COLLECTION_VERSION = "0.1.0"
