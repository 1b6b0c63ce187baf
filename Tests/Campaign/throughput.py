"""Chunks a second, from what the nodes are credited with: sampled, so that a fault's mark on it can be measured."""

from __future__ import annotations

import statistics
import threading
import time
from bisect import bisect_left
from collections import deque

from rest import Away, Facade, Refused


class Throughput:
    """Its thread samples; the other methods are for the campaign's own."""

    period = 0.25
    window = 3.0
    """Seconds over which a rate is an average."""
    target = 0.95
    _remembered = 40

    def __init__(self, facade: Facade) -> None:
        self._facade = facade
        self._times: list[float] = []
        self._counts: list[float] = []
        self._calm: deque[float] = deque(maxlen=self._remembered)
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="throughput", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def rate(self, start: float, end: float) -> float | None:
        """Between two moments; nil when nothing was seen of them."""
        with self._lock:
            first, last = self._at(start), self._at(end)
        return None if first is None or last is None else max(0.0, last - first) / (end - start)

    def watch_calm(self, seconds: float) -> float:
        """Remembers the rates of an undisturbed time, and returns their median."""
        rates = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(1.0, max(0.05, end - time.monotonic())))
            now = time.monotonic() - 2 * self.period
            rate = self.rate(now - 1, now)
            if rate is not None:
                rates.append(rate)
        self._calm.extend(rates)
        return statistics.median(rates) if rates else 0.0

    @property
    def baseline(self) -> float:
        """The median of the calm seconds remembered."""
        return statistics.median(self._calm) if self._calm else 0.0

    def wait_until_back(self, since: float, bound: float) -> float | None:
        """Seconds from `since` to the beginning of the first window at the target; nil: none within the bound."""
        wanted = self.baseline * self.target
        start = since
        while start - since < bound:
            end = start + self.window
            while time.monotonic() < end + 2 * self.period:
                time.sleep(0.05)
            rate = self.rate(start, end)
            if rate is not None and rate >= wanted:
                return start - since
            start += 0.25
        return None

    def _at(self, moment: float) -> float | None:
        position = bisect_left(self._times, moment)
        if position == 0 or position == len(self._times):
            return None
        before, after = self._times[position - 1], self._times[position]
        share = (moment - before) / (after - before)
        return self._counts[position - 1] + share * (self._counts[position] - self._counts[position - 1])

    def _sample(self) -> None:
        while not self._is_over.wait(self.period):
            try:
                nodes = self._facade.get_json("/api/node")
            except (Away, Refused):
                continue
            count = float(sum(node["num_of_completed_tasks"] for node in nodes))
            with self._lock:
                self._times.append(time.monotonic())
                self._counts.append(count)
