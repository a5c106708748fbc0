# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.callback.default import CallbackModule as DefaultCallback

DOCUMENTATION = """
name: quiet
type: stdout
short_description: Ansible's own output without banners
description:
  - Shows what fails, and nothing of what goes well, so that the audit's summary is what remains on the screen.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""


class CallbackModule(DefaultCallback):
    """The default callback, silent on plays, on what goes well and at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "quiet"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play  # the default's banner of a failing task asks for it

    def v2_runner_on_ok(self, result: Any) -> None:
        """Nothing."""

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Nothing."""

    def v2_playbook_on_include(self, included_file: Any) -> None:
        """Nothing."""

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """No recap."""
