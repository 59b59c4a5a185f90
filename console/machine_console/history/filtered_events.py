"""The events that a filter lets through, found a little at a time so that the console never waits for them.

Looking at 100,000 events takes about a tenth of a second, during which the bot would stand still. So the newest are
looked at first, in slices, and the list fills upwards. Events change after they arrived (a handler fails), so what
changed is looked at again.
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort

from machine_console.history.event_filter import EventFilter
from machine_console.history.history import EventTrace, History
from machine_console.text.formatting import Names

SLICE_S = 0.008
"""Seconds one slice of the search may take: the loop belongs to the bot as well."""
_BATCH = 256


class FilteredEvents:
    """A view of a history: all events, or those that a filter lets through.

    Args:
        history: Where the events are.
        names: What people and channels are called, for the filter.
    """

    def __init__(self, history: History, names: Names) -> None:
        self._history = history
        self._names = names
        self._numbers: list[int] = []
        self._scanned_from = 0
        self._seen_change = 0
        self._frozen_at: int | None = None
        self.filter = EventFilter()

    def apply(self, event_filter: EventFilter) -> None:
        """Show what this filter lets through; the search begins with the newest events."""
        self.filter = event_filter
        self._restart()

    def _restart(self) -> None:
        events = self._history.events
        self._numbers = []
        self._scanned_from = events.dropped + len(events)
        self._seen_change = self._history.changes.mark()

    def pause(self, is_paused: bool) -> None:
        """Let nothing newer in, or let everything in again; the history itself goes on."""
        events = self._history.events
        self._frozen_at = events.dropped + len(events) if is_paused else None

    @property
    def is_paused(self) -> bool:
        """Whether newer events are kept out."""
        return self._frozen_at is not None

    @property
    def held_back(self) -> int:
        """How many events have arrived since the pause began."""
        events = self._history.events
        return 0 if self._frozen_at is None else events.dropped + len(events) - self._frozen_at

    @property
    def is_searching(self) -> bool:
        """Whether older events have not been looked at yet."""
        return bool(self.filter) and self._scanned_from > self._history.events.dropped

    def advance(self, budget_s: float = SLICE_S) -> bool:
        """Look at what is new, and at older events for as long as the budget lasts; whether anything was looked at."""
        if not self.filter:
            return False
        self._forget()
        changed = self._history.changes.since(self._seen_change)
        self._seen_change = self._history.changes.position  # asking has marked it
        if changed is None:  # more than is remembered
            self._restart()
        else:
            for number in changed:
                self._look_again(number)
        return self._search(budget_s) or bool(changed)

    def _forget(self) -> None:
        gone = bisect_left(self._numbers, self._history.events.dropped)
        if gone:
            del self._numbers[:gone]

    def _look_again(self, number: int) -> None:
        event = self._history.by_number(number)
        if event is None or number < self._scanned_from:
            return
        index = bisect_left(self._numbers, number)
        is_in = index < len(self._numbers) and self._numbers[index] == number
        is_wanted = self.filter.accepts(event, self._names)
        if is_wanted and not is_in:
            insort(self._numbers, number)
        elif is_in and not is_wanted:
            del self._numbers[index]

    def _search(self, budget_s: float) -> bool:
        events, accepts, names = self._history.events, self.filter.accepts, self._names
        oldest = events.dropped
        if self._scanned_from <= oldest:
            return False
        found: list[int] = []
        deadline = time.perf_counter() + budget_s
        while self._scanned_from > oldest:
            start = max(self._scanned_from - _BATCH, oldest)
            batch = events[start - oldest : self._scanned_from - oldest]
            found += [event.number for event in reversed(batch) if accepts(event, names)]
            self._scanned_from = start
            if time.perf_counter() >= deadline:
                break
        found.reverse()
        self._numbers[:0] = found
        return True

    def __len__(self) -> int:
        events = self._history.events
        if self.filter:
            end = len(self._numbers)
            return end if self._frozen_at is None else bisect_left(self._numbers, self._frozen_at)
        end = len(events)
        return end if self._frozen_at is None else max(min(end, self._frozen_at - events.dropped), 0)

    def __getitem__(self, index: int) -> EventTrace:
        if not self.filter:
            return self._history.events[index]
        if index < 0:
            index += len(self)
        event = self._history.by_number(self._numbers[index])
        if event is None:  # forgotten since the last frame: the oldest that is left stands in for one frame
            return self._history.events[0]
        return event

    def number_at(self, index: int) -> int:
        """The number of the event in this row."""
        return self._numbers[index] if self.filter else self._history.events.dropped + index

    def index_of(self, number: int) -> int:
        """The row of the event with this number, or of the next one that is shown."""
        if self.filter:
            return bisect_left(self._numbers, number)
        return max(number - self._history.events.dropped, 0)
