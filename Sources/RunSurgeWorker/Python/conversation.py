"""One region request and all that follows from it."""

import gc
import hashlib
import json
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Iterator, Optional

from _runsurge import environment, feeds
from _runsurge.binding import Binding
from _runsurge.guards import Declined, GuardFailed
from _runsurge.lines import LinesFeed
from _runsurge.pipe import INLINE_BYTES
from _runsurge.text import LostPosition

if TYPE_CHECKING:
    from _runsurge.entries import Entry

# Bytes of effects that the agent may send ahead of the driver's commits.
WINDOW = 48 << 20


class Conversation:
    """One region request and all that follows from it."""

    def __init__(self, entry: "Entry", frame: FrameType) -> None:
        self.entry = entry
        self.site = entry.site
        self.run = entry.site.run
        self.region = entry.site.region
        self.feed: Any = entry.feed
        self.binding = Binding(entry.site, frame, entry.out or {})
        self.result_kind = "" if self.site.kind == "for" else self.site.kind
        self.committed = 0
        self.records = 0
        # Pieces of a chunk that can't be committed whole may be in place, too.
        self.has_changed = False
        # Of the chunks' processors, in the body: what the native loop would have taken.
        self.body_seconds = 0.0
        self.out: dict[str, Any] = {}

    def hold(self) -> tuple[Any, bool]:
        """The whole exchange. Gives the records left, and whether to hand them over again."""
        try:
            # Before anything is allocated for the handover.
            self.bytes_per_unit = self.entry.bytes_per_unit(1.0 if self.feed.unit == "bytes" else 64.0)
            self.binding.bind()
            sliced, payload = self.describe()
        except (Declined, LostPosition):
            raise
        except Exception as error:
            raise Declined(f"the rest can't be described: {type(error).__name__}: {error}")
        if sliced.first >= sliced.last:
            return self.feed.it, False
        chunks, region = self.request(sliced, payload)
        if region == 0:
            self.acquire()
            return self.feed.it, False
        reason, variable, again = self.collect(region, chunks, sliced)
        self.run.pipe.write({"t": "close", "region": region, "committed": self.committed, "records": self.records,
                             "reason": reason, "variable": variable})
        self.acquire()
        self.site.account.committed(self.committed, min(self.committed + bool(reason), chunks), self.records)
        self.entry.taken += self.records
        if reason:
            self.site.account.native(reason, variable)
        self.publish()
        return self.remaining(sliced, chunks), again

    # MARK: before

    def describe(self) -> tuple[feeds.Slice, bytes]:
        """The slice and the environment."""
        entry, run = self.entry, self.run
        context = feeds.Handover(
            self.binding.definitions, run.chunk_records, entry.per_unit, run.slots, run.min_split is not None,
            run.started, run.pipe.store, run.standard_input)
        sliced = self.feed.slice(context)
        if self.binding.definitions.defaultdicts:
            raise Declined("records hold dicts that grow when they are read")
        if isinstance(self.feed, LinesFeed):
            self.binding.channels.check_not(self.feed.raw)
        if self.region["record_mutated"] and self.feed.unit == "records":
            raise Declined("the loop changes records that exist outside of it")
        return sliced, self.binding.payload(sliced.detail, self.feed.unit)

    # MARK: the request

    def request(self, sliced: feeds.Slice, payload: bytes) -> tuple[int, int]:
        """Asks for chunks; gives how many there will be and the region's number, 0 when there will be none."""
        run = self.run
        run.requests += 1
        # For people who are told of a record.
        sliced.spec["taken"] = self.entry.taken
        digest = hashlib.sha256(json.dumps([sliced.spec, sliced.first, sliced.last], sort_keys=True).encode())
        digest.update(payload)
        blob = None
        if len(payload) > INLINE_BYTES:
            blob = run.pipe.store(payload)
        units = max(sliced.last - sliced.first, 1)
        head = {
            "t": "region", "request": run.requests, "node": self.region["node"], "line": self.region["line"],
            "entry": self.entry.number, "digest": digest.hexdigest(), "source": sliced.spec, "modes": {},
            "first": sliced.first, "last": sliced.last, "cuts": sliced.cuts,
            "seconds_per_unit": self.entry.per_unit or 1.0 / units,
            "bytes_per_unit": self.bytes_per_unit,
            "prefix_records": self.entry.taken, "environment_blob": blob, "blobs": sliced.blobs,
        }
        run.pipe.write(head, b"" if blob else payload)
        answer, _ = run.pipe.read()
        if not answer["region"]:
            self.site.account.native(answer.get("reason") or "declined by the master")
        return int(answer["chunks"]), int(answer["region"])

    def acquire(self) -> None:
        self.run.pipe.write({"t": "acquire"})
        while self.run.pipe.read()[0]["t"] != "granted":
            pass

    # MARK: the results

    def collect(self, region: int, chunks: int, sliced: feeds.Slice) -> tuple[str, str, bool]:
        """Commits outcomes in order until all are in or one can't be; says why not, and whether to try again."""
        self.offset = sliced.first
        self.sliced = sliced
        spent = chunk_seconds = 0.0
        pipe = self.run.pipe
        pipe.write({"t": "progress", "region": region, "committed": 0, "window": WINDOW})
        while self.committed < chunks:
            head, body = pipe.read()
            if head["t"] != "results":
                continue
            place = 0
            begun = time.process_time()
            for index, last, count, cpu, size, failure in outcomes(head):
                data = body[place:place + size]
                place += size
                if index < self.committed:
                    continue
                if failure is not None:
                    self.entry.raised = failure["status"] == 3
                    return failure.get("reason") or "a chunk failed", failure.get("variable") or "", False
                try:
                    for end, records, piece in environment.pieces(data, last, count):
                        self.commit(piece)
                        self.offset = end
                        self.records += records
                except GuardFailed as failed:
                    return failed.reason, failed.variable or "", True
                chunk_seconds += cpu / 1e6
                self.committed += 1
            spent += time.process_time() - begun
            if self.is_wasteful(spent + chunk_seconds) and self.committed < chunks:
                return "the way there and back costs more than the loop itself", "", False
            pipe.write({"t": "progress", "region": region, "committed": self.committed, "window": WINDOW})
        return "", "", False

    def is_wasteful(self, seconds: float) -> bool:
        """Whether going on natively would be the better: the body alone took so little of all `seconds`."""
        return self.run.min_split is None and self.body_seconds > 0.1 and seconds > 1.6 * self.body_seconds

    def commit(self, data: bytes) -> None:
        """All effects of a chunk, or of one of its pieces, or none."""
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            try:
                effects, out, written, result, spent = environment.received(
                    data, self.binding.definitions, self.resolve)
                puts = [merge.prepare(effect) for merge, effect in zip(self.binding.merges, effects)]
            except GuardFailed:
                raise
            except Exception as error:
                raise GuardFailed(f"the effects don't fit: {type(error).__name__}: {error}")
            for put in puts:
                put()
            for index, content in written.items():
                self.binding.channels.channels[index].write(content)
            self.out.update(out)
            self.has_changed = True
            self.body_seconds += spent
            if self.result_kind:
                self.keep(result)
        finally:
            if was_enabled:
                gc.enable()

    def keep(self, result: Any) -> None:
        entry = self.entry
        if self.result_kind == "dictcomp":
            if entry.results is None:
                entry.results = {}
            entry.results.update(result)
        else:
            if entry.results is None:
                entry.results = []
            entry.results.extend(result)

    def resolve(self, token: Any) -> Any:
        """The driver's own object that a chunk means."""
        kind, key, position = token
        if kind == "n":
            return self.binding.shared[key][position]
        return environment.parts(self.sliced.record(key), self.binding.with_atoms)[position]

    # MARK: after

    def publish(self) -> None:
        """Sets the variables that the region assigns."""
        if not self.has_changed:
            return
        for merge in self.binding.merges:
            if merge.assigns:
                self.out[merge.name] = merge.value
        local = {}
        for name, value in self.out.items():
            if self.site.place.is_global(name):
                self.run.main[name] = value
            else:
                local[name] = value
        if local:
            self.entry.out = {**(self.entry.out or {}), **local}
            self.binding.locals.update(local)

    def remaining(self, sliced: feeds.Slice, chunks: int) -> Any:
        """The iterator over what has not been committed."""
        if self.committed >= chunks:
            self.feed.finish(sliced)
            return ()
        try:
            self.feed.resume(sliced, self.offset)
        except feeds.NeedsNewIterator as needed:
            self.feed.it = needed.args[0]
        return self.feed.it


def outcomes(head: dict[str, Any]) -> Iterator[tuple[int, int, int, int, int, Optional[dict[str, Any]]]]:
    """Of each chunk of a frame: its index, where it ends, its records, microseconds and bytes; and all that was said
    of one that was not completed."""
    if "index" in head:
        for offset, row in enumerate(zip(head["last"], head["records"], head["cpu_us"], head["sizes"])):
            yield head["index"] + offset, *row, None
        return
    for each in head["outcomes"]:
        yield (each["index"], int(each["last"]), int(each["records"]), int(each.get("cpu_us") or 0),
               int(each.get("size") or 0), None if each["status"] == 1 else each)
