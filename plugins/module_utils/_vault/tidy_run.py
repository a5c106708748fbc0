# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_tidy: one tidy, started or taken up, waited for, and the CRL rotated where the tidy leaves it behind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from .._audit.instant import format_duration
from . import errors
from .durations import normalise
from .enforcing import Outcome
from .errors import RequestError
from .stock import Stock
from .target import find_target
from .tidy_memory import Memory
from .tidy_options import check_known, timeout_of, wanted_of
from .tidy_status import (
    ENDED,
    LOST,
    NOT_BEGUN,
    RUNNING,
    covers,
    deleted,
    is_running,
    judge,
    position,
    progress,
)
from .transport import Request, Transport
from .values import to_send

SLICE = 10.0
"""Seconds after which a call with ``resume`` returns, so that its caller can show how far the tidy is."""
BEGINS_WITHIN = 30.0
CANCELS_WITHIN = 60.0
IN_PROGRESS = "already in progress"
PASSING = frozenset(
    (
        errors.UNREACHABLE,
        errors.STALLED,
        errors.SERVER_ERROR,
        errors.RATE_LIMITED,
        errors.SEALED,
        errors.STANDBY,
        errors.NO_LEADER,
        errors.BEHIND,
        errors.UNREADABLE,
    )
)
"""Failures of a poll that a restart or a failover may end."""


def tidy(
    transport: Transport,
    params: Mapping[str, Any],
    check_mode: bool,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Starts or takes up a tidy and waits for it. Raises OptionError for bad options.

    With the option ``resume`` (empty at first) it returns after a slice of time at the latest, and the result's
    ``resume`` is what the next call is to be given.
    """
    run = TidyRun(transport, params, clock, sleep)
    try:
        if run.begin(check_mode):
            run.wait()
    except RequestError as error:
        run.failure = str(error)
    return run.outcome()


class TidyRun:
    """One call: from the start, or from where the call before it left off."""

    def __init__(
        self,
        transport: Transport,
        params: Mapping[str, Any],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.transport = transport
        self.params = params
        self.clock = clock
        self.sleep = sleep
        self.wanted = wanted_of(params)
        self.timeout = timeout_of(params)
        self.mount = str(params["mount"]).strip("/") + "/"
        resume = params.get("resume")
        self.slice_ends = None if resume is None else clock() + SLICE
        self.memory = Memory.from_json(resume) if resume else Memory(began_at=clock())
        self.resumed = bool(resume)
        self.status: Mapping[str, Any] = {}
        self.after: dict[str, Any] | None = None
        self.changed = self.rotated = self.goes_on = False
        self.warnings: list[str] = []
        self.failure: str | None = None
        self.message = ""

    def begin(self, check_mode: bool) -> bool:
        """Starts a tidy or takes up one that runs; whether there is something to wait for."""
        if self.resumed:
            return True
        target = find_target(self.transport, self.params)
        self.status = target.read("tidy-status")
        check_known(self.wanted, self.status, self.params, target.server)
        stock = Stock(self.transport, self.mount)
        self.memory.before = stock.row()
        self.warnings += stock.problems
        running = is_running(self.status)
        if not running and not self.params["force"]:
            now = datetime.fromtimestamp(self.clock(), timezone.utc)
            self.failure = stock.frozen(self.transport, self.mount, now)
        if self.failure is not None:
            return False
        if check_mode:
            self._foresee(running)
            return False
        if running:
            self._take_up()
        else:
            self._start()
        return True

    def wait(self) -> None:
        """Until the tidy has ended, time is out, or the slice is over."""
        while True:
            pause = self.memory.pause()
            if self.clock() + pause > self.memory.began_at + self.timeout:
                self._time_out()
                break
            self.sleep(pause)
            self.memory.polls += 1
            if self._has_ended():
                break
            if self.slice_ends is not None and self.clock() + self.memory.pause() > self.slice_ends:
                self.goes_on = True
                return
        self._finish()

    def outcome(self) -> Outcome:
        """The module's result; with ``resume`` while the tidy goes on."""
        result = {
            "changed": self.changed or self.memory.started,
            "mount": self.mount,
            "state": self.status.get("state"),
            "took_up_running": self.memory.took_up,
            "before": self.memory.before,
            "after": self.after,
            "deleted": deleted(self.status),
            "rotated": self.rotated,
            "seconds": round(self.clock() - self.memory.began_at, 1),
            "msg": self.message,
        }
        if self.goes_on:
            result.update(resume=self.memory.to_json(), progress=self.message)
        return Outcome(result, self.failure, self.warnings)

    def _foresee(self, running: bool) -> None:
        if running and covers(self.status, self.wanted):
            self.message = f"would wait for the tidy of {self.mount} that runs since {self.status['time_started']}"
            return
        first = "wait for the tidy that runs, and then " if running else ""
        asked = ", ".join(f"{key}={value}" for key, value in to_send(self.wanted).items() if value is not True)
        names = ", ".join(self.params["operations"])
        self.message = f"would {first}start a tidy of {self.mount}: {names}{' with ' if asked else ''}{asked}"
        self.changed = True

    def _take_up(self) -> None:
        """What runs already does what is asked for, or has to end first."""
        memory = self.memory
        memory.time_started = self.status.get("time_started")
        memory.own = memory.took_up = covers(self.status, self.wanted)

    def _start(self) -> None:
        memory = self.memory
        memory.own, memory.time_started = True, None
        memory.earlier = self.status.get("time_started")
        memory.asked_at = self.clock()
        answer = self.transport.call("POST", f"{self.mount}tidy", body=to_send(self.wanted))
        if IN_PROGRESS in " ".join(answer.get("warnings") or ()):
            self.status = normalise(self.transport.read(f"{self.mount}tidy-status"))
            if is_running(self.status):
                self._take_up()
                return
        memory.started = True

    def _has_ended(self) -> bool:
        """One poll. Whether there is nothing to wait for any more; ``failure`` says where that is no success."""
        try:
            # Not repeated: the wait is its own repetition, and tells that it cannot ask.
            self.status = normalise(self.transport.read(f"{self.mount}tidy-status", repeat=False))
        except RequestError as error:
            if error.kind not in PASSING:
                raise
            self.transport.ask_again()
            self.message = f"{self.mount}: the server cannot be asked for now: {error.reason}"
            return False
        memory = self.memory
        verdict = judge(self.status, memory.time_started, memory.earlier)
        if not memory.own and verdict != RUNNING:
            self._start()
            return False
        if verdict in (RUNNING, ENDED):
            memory.time_started = self.status.get("time_started")
        if verdict == NOT_BEGUN and self.clock() - memory.asked_at < BEGINS_WITHIN:
            self.message = f"{self.mount}: the tidy has not begun yet"
            return False
        if verdict in (LOST, NOT_BEGUN):
            self.failure = self._lost()
        self._tell()
        return verdict != RUNNING

    def _tell(self) -> None:
        now = position(self.status, self.memory.before)
        begun, seconds = self.memory.mark(now, self.clock())
        prefix = self.mount if self.memory.own else f"{self.mount}: waiting for another tidy"
        self.message = f"{prefix}: {progress(self.status, now, begun, seconds)}"

    def _lost(self) -> str:
        shown = self.status.get("time_started")
        seen = f"it knows of one that began at {shown}" if shown else f"its state is {self.status.get('state')}"
        return (
            f"the server has lost the tidy of {self.mount}: {seen}. It restarted, or another node leads now. What was "
            "deleted stays deleted; run this again for the rest"
        )

    def _time_out(self) -> None:
        after = format_duration(timedelta(seconds=self.timeout))
        self.failure = f"the tidy of {self.mount} did not end within {after}"
        if self.params["on_timeout"] == "leave" or not self.memory.own:
            self.failure += "; it goes on, and running this again takes it up"
            return
        try:
            self._cancel()
        except RequestError as error:
            self.failure += f"; whether it was cancelled is not known: {error}"
        else:
            self.failure += f"; it was told to cancel, and its state is {self.status.get('state')}"

    def _cancel(self) -> None:
        """A tidy looks whether it is to end before each entry, after its pause_duration."""
        self.transport.call("POST", f"{self.mount}tidy-cancel")
        self.changed = True
        ends = self.clock() + CANCELS_WITHIN
        while is_running(self.status) and self.clock() < ends:
            self.sleep(1.0)
            self.status = normalise(self.transport.read(f"{self.mount}tidy-status"))

    def _finish(self) -> None:
        """What there is afterwards; the CRL is rotated where auto_rebuild left it for later."""
        state = self.status.get("state")
        if self.failure is None and state == "Error":
            self.failure = f"the tidy of {self.mount} ended in an error: {self.status.get('error') or 'without words'}"
        elif self.failure is None and state != "Finished":
            self.failure = f"the tidy of {self.mount} did not finish; its state is {state}: somebody cancelled it"
        stock = Stock(self.transport, self.mount)
        if self.failure is None and self.params["rotate_crl"] and stock.auto_rebuild and stock.crl_is_behind:
            stock = self._rotated() or stock
        self.after = stock.row()
        self.warnings += [problem for problem in stock.problems if problem not in self.warnings]

    def _rotated(self) -> Stock | None:
        """Rotates the CRL; what there is then."""
        try:
            self.transport.request(Request("GET", f"{self.mount}crl/rotate"))
        except RequestError as error:
            self.failure = f"the tidy finished, but its CRL could not be rotated: {error}"
            return None
        self.changed = self.rotated = True
        return Stock(self.transport, self.mount)
