# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one call of vault_pki_tidy tells the next, so that a tidy may be waited for in slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .._audit.policy import OptionError
from .tidy_status import Position


@dataclass
class Memory:
    """``began_at`` and the like are seconds since the epoch; ``time_started`` is the server's, of the tidy waited for.

    ``own`` is false while somebody else's tidy has to end first; ``earlier`` is the time_started of the tidy before.
    """

    began_at: float
    own: bool = True
    started: bool = False
    took_up: bool = False
    time_started: str | None = None
    earlier: str | None = None
    asked_at: float = 0.0
    polls: int = 0
    before: dict[str, Any] = field(default_factory=dict)
    store: str | None = None
    store_checked: int = 0
    store_since: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for ``resume``."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Memory:
        """The inverse. Raises OptionError for what no call has returned."""
        try:
            memory = cls(**given)
            memory.began_at, memory.polls = float(memory.began_at), int(memory.polls)
        except (TypeError, ValueError):
            raise OptionError.of("resume", sorted(given), "is not what a call has returned; leave it out") from None
        return memory

    def pause(self) -> float:
        """Seconds before the next poll: 1 s at first, 10 s in the end."""
        return float(min(1.5 ** min(self.polls, 10), 10.0))

    def mark(self, position: Position | None, now: float) -> tuple[Position | None, float]:
        """Where the tidy was when it was first seen in this store, and seconds since then."""
        if position is None:
            return None, 0.0
        if position.store != self.store:
            self.store, self.store_checked, self.store_since = position.store, position.checked, now
        return Position(position.store, self.store_checked, position.total), now - self.store_since
