"""One entry of a region: its native part, and the decision to hand the rest over."""

import itertools
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Iterator, Optional

from _runsurge import feeds, outline
from _runsurge.conversation import Conversation
from _runsurge.guards import Declined

if TYPE_CHECKING:
    from _runsurge.sites import Site

PAGE = os.sysconf("SC_PAGE_SIZE")
# Seconds a region runs natively before its rest is judged.
BUDGET = 0.05
# Seconds after which what is allocated counts for the records alone.
SETTLED = 0.01
# A chunk holds what it keeps, and the bytes that it is sent back as.
COPIES = 2.2
# Seconds its rest must be worth when the caller does not say.
WORTH = 0.3


def resident_bytes() -> int:
    with open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read(100).split()[1]) * PAGE


class Entry:
    """One entry of a region, from its first record to its last."""

    def __init__(self, site: "Site", value: Any, feed: Optional[feeds.Feed]) -> None:
        self.site = site
        self.feed = feed
        self.number = site.account.entries
        self.is_begun = False
        self.wants = False
        self.raised = False
        self.ended = False
        self.taken = 0
        self.per_unit = 0.0
        # Units done and bytes resident, a while after the beginning.
        self.mark: Optional[tuple[float, int]] = None
        self.results: Any = None
        self.out: Optional[dict[str, Any]] = None
        self.rest: Any = ()
        # For the code of the script: what to iterate over next.
        self.round: Any = value if feed is None else itertools.chain.from_iterable(self.rounds())

    # MARK: called by the script's code

    def step(self) -> bool:
        """Whether there is (maybe) another round of records; sets `round`, and `out` after a handover."""
        if not self.is_begun:
            self.is_begun = True
            return True
        if self.wants:
            self.wants = False
            self.round = self.split()
            return True
        self.close()
        return False

    @property
    def first(self) -> Any:
        """The native part of a comprehension's records."""
        return self.round

    @property
    def late(self) -> Any:
        """The records left to run natively after a handover."""
        if self.site.kind not in outline.COMPREHENSIONS:
            return itertools.chain.from_iterable(self.lazily())
        if not self.wants:
            return ()
        self.wants = False
        return self.split()

    def lazily(self) -> Iterator[Any]:
        yield self.rest

    def parts(self, first: Any, late: Any) -> Iterator[Any]:
        """The native elements, those of the chunks, and those of the native rest."""
        yield first
        if self.wants:
            self.wants = False
            self.rest = self.split()
            if self.results:
                yield self.results
            yield late
        self.close()

    def close(self) -> None:
        """Drops what would keep objects of the script alive."""
        if self.site.kind != "for":
            self.site.run.main.pop(self.site.place.hidden, None)
        self.feed = None
        self.round = self.rest = ()
        self.results = None

    # MARK: the native part

    def rounds(self) -> Iterator[Any]:
        """Hands records on in growing batches straight from the source, until the rest is better handed over."""
        feed, run = self.feed, self.site.run
        assert feed is not None
        source = itertools.chain(feed.it, self.at_end())
        prefix = self.prefix()
        if prefix is not None:
            if prefix:
                yield itertools.islice(source, prefix)
            self.taken = prefix
            self.wants = not self.ended
            return
        # Seconds of this process: what others do on the machine says nothing about the loop.
        clock = time.process_time
        begun = clock()
        feed.start()
        count = 1
        while True:
            yield itertools.islice(source, count)
            elapsed = clock() - begun or 1e-9
            if self.ended:
                break
            self.taken += count
            if self.mark is None and elapsed >= SETTLED:
                self.mark = (feed.done(self.taken), resident_bytes())
            if elapsed >= BUDGET:
                decision = self.judge(elapsed)
                if decision is not None:
                    self.wants = decision
                    if not decision:
                        yield feed.it
                        elapsed = clock() - begun
                    break
                count = max(int(0.1 * self.taken / elapsed), 1)
            else:
                count = max(1, min(count * 8, int((BUDGET * 1.1 - elapsed) * self.taken / elapsed)))
        self.site.seconds += elapsed

    def at_end(self) -> Iterator[Any]:
        """Comes after the last record, and has none."""
        self.ended = True
        return
        yield

    def prefix(self) -> Optional[int]:
        """The records to run natively when that is not a matter of time."""
        for entry in self.site.resume:
            if entry["entry"] == self.number:
                return int(entry["prefix_records"])
        assert self.feed is not None
        return self.feed.needed if self.site.run.is_eager else None

    def judge(self, elapsed: float) -> Optional[bool]:
        """Whether to hand over now; None to look again later."""
        run, feed = self.site.run, self.feed
        assert feed is not None
        try:
            left = feed.left()
        except (OverflowError, ValueError, OSError):
            return False
        done = feed.done(self.taken)
        if left is None or left <= 0:
            return False
        if done <= 0:
            return None
        self.per_unit = elapsed / done
        worth = left * self.per_unit
        if run.min_split is None and run.slots < 2:
            self.site.account.native("there is one slot only")
            return False
        if run.min_split is None and elapsed / self.taken < 2.5 * self.site.put_back:
            self.site.account.native("putting its effects back would cost as much as the loop")
            return False
        threshold = WORTH if run.min_split is None else run.min_split
        if worth >= threshold:
            return True
        return False if worth < threshold / 4 else None

    def bytes_per_unit(self, default: float) -> float:
        """Memory that a chunk gains a unit, as far as this process's own has shown."""
        if self.mark is None or self.feed is None:
            return default
        units, before = self.mark
        done = self.feed.done(self.taken) - units
        return max(default, COPIES * (resident_bytes() - before) / done) if done > 0 else default

    # MARK: the handover

    def split(self) -> Any:
        """Hands the rest over, puts the chunks' effects in place, gives the records that remain to be run here."""
        frame: Any = sys._getframe(1)
        while frame.f_code.co_filename != self.site.run.path:
            frame = frame.f_back
        account, feed = self.site.account, self.feed
        assert feed is not None
        rest: Any = feed.it
        self.site.run.is_busy = True
        try:
            for _ in range(3):
                conversation = Conversation(self, frame)
                rest, again = conversation.hold()
                if not again:
                    break
        except Declined as declined:
            account.native(declined.reason, declined.variable)
        except Exception:
            # Effects may be half in place: only another driver can go on.
            os._exit(70)
        finally:
            self.site.run.is_busy = False
        return rest
