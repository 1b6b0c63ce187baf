"""A chunk process: loads regions, runs their bodies over slices of their sources, sends back the effects."""

import collections
import csv
import gc
import io
import itertools
import marshal
import os
import pickle
import sys
import time
import types
import warnings
from typing import Any, Iterator, Optional

from _runsurge import capture, environment, host, memory, merges, sources
from _runsurge.guards import GuardFailed
from _runsurge.held import Held
from _runsurge.merges import NotMergeable
from _runsurge.pipe import Pipe
from _runsurge.room import Counter, Room

Json = dict[str, Any]

COMPLETED, GUARD_FAILED, RAISED, OUT_OF_MEMORY, FAULT = 1, 2, 3, 4, 6
EFFECT_BYTES = 48 << 20
# Seconds below which a chunk's result may wait for others, and below which what passes is taken for this process's own.
QUICK = 0.0005


class Region:
    """One region, loaded: its code, its environment, its source."""

    def __init__(self, head: Json, payload: bytes) -> None:
        file = io.BytesIO(payload)
        state = pickle.load(file)
        apply_state(state)
        main = types.ModuleType("__main__")
        self.namespace = main.__dict__
        sys.modules["__main__"] = main
        environment.table = []
        environment.namespace = self.namespace
        self.namespace["__builtins__"] = sys.modules["builtins"]
        content = pickle.load(file)
        if content["host"] != host.identity(content["has_floats"]):
            raise host.Unlike("the driver's Python or machine is of another kind")
        own_versions = host.versions() if content["versions"] else {}
        for name, version in content["versions"].items():
            if own_versions.get(name, version) != version:
                raise host.Unlike(f"the driver has {name} {version}, and there is {own_versions[name]} here")
        self.namespace["__file__"] = content["file"]
        self.namespace.update(content["reads"])
        self.namespace["__runsurge_unbound__"] = NameError
        self.namespace["__runsurge_set__"] = merges.InsertionLog
        self.kind = content["kind"]
        self.merges = content["merges"]
        self.capture = content["capture"]
        self.is_exact = content["exact"]
        self.plain = self.function(content["code"])
        self.logging = self.function(content["logged"]) if content["logged"] else None
        self.source = sources.reopen(head["source"], content["detail"], head.get("blobs") or {})
        self.defaults = [(part, len(part)) for root in content["reads"].values() for part in environment.parts(root)
                         if type(part) is collections.defaultdict] if state["defaultdicts"] else []
        self.sharing = content["sharing"]
        self.tokens: dict[int, Any] = {}
        if self.sharing:
            self.shared = [content["reads"][name] for name in self.sharing[0]]
            for name, root in zip(self.sharing[0], self.shared):
                for position, part in enumerate(environment.parts(root, self.sharing[2])):
                    self.tokens[id(part)] = ("n", name, position)

    def function(self, coded: tuple) -> tuple[Any, frozenset]:
        code, logged = coded
        return types.FunctionType(marshal.loads(code), self.namespace), frozenset(logged)

    def run(self, first: int, last: int, counter: Counter) -> bytes:
        """The effects of one slice, or of as much of its beginning as the counter lets pass."""
        try:
            return self.attempt(self.plain, first, last, counter)
        except NotMergeable as failed:
            if self.logging is None or failed.name not in self.logging[1]:
                raise GuardFailed(f"{failed.name} can't be summed in parts", failed.name)
            # From now on values are logged: what happened once will happen again.
            self.plain, self.logging = self.logging, None
            return self.attempt(self.plain, first, last, counter.anew())

    def attempt(self, coded: tuple[Any, frozenset], first: int, last: int, counter: Counter) -> bytes:
        function, logged = coded
        captures = capture.Captures(self.capture)
        self.namespace.update(captures.bindings())
        watch = Watch()
        tokens = dict(self.tokens) if self.sharing else None
        records = self.records(first, last, counter, tokens)
        held = [merges.begin(spec, name in logged) for name, spec in self.merges]
        arguments = [value.append if spec[0] == "fold" and name in logged else value
                     for value, (name, spec) in zip(held, self.merges)]
        out: dict[str, Any] = {}
        if GuardFailed.last is not None:
            # Changing a class costs more than looking at it.
            GuardFailed.last = None
        sys.stdout, sys.stderr = captures.stream("stdout"), captures.stream("stderr")
        begun = processor.seconds()
        try:
            with watch:
                result = function(records, out, *arguments)
        finally:
            sys.stdout, sys.stderr = quiet, quiet
        spent = max(processor.seconds() - begun, 0.0)
        # What is behind a piece is the next one's to check.
        reason = None if counter.has_more else self.source.check()
        if reason is None and watch.seen:
            reason = "a warning is issued"
        if GuardFailed.last is not None:
            raise GuardFailed.last
        if any(len(part) != length for part, length in self.defaults):
            reason = "reading a dict makes it grow"
        if reason is not None:
            raise GuardFailed(reason)
        effects = [merges.end(name, spec, name in logged, value, out)
                   for value, (name, spec) in zip(held, self.merges)]
        if self.kind in ("setcomp", "dictcomp"):
            merges.check_keys(result)
            result = list(result) if self.kind == "setcomp" else result
        elif self.kind in ("set", "frozenset", "dict", "Counter"):
            merges.check_elements(result, self.kind == "dict")
        written = captures.taken()
        data = environment.answer((effects, out, written, result, spent), tokens, self.is_exact)
        if len(data) > EFFECT_BYTES:
            raise GuardFailed("the effects of one chunk are too large")
        return data

    def forget(self) -> None:
        """Lets go of the records of the last piece, and of what it wrote."""
        self.kept: Any = None
        for name in self.capture[1]:
            del self.namespace[name]
        self.source.forget()

    def records(self, first: int, last: int, counter: Counter, tokens: Optional[dict]) -> Iterator[Any]:
        """The slice's records, counted, and known by their places where they may be kept."""
        is_counted = self.source.counts_records
        if is_counted and counter.most is not None and first + counter.most < last:
            last = first + counter.most
            counter.has_more = True
        found = self.source.records(first, last)
        if tokens is not None and self.sharing and self.sharing[1]:
            self.kept = list(found)
            # Tuples that enumerate and zip make are no objects of the driver's.
            is_own = not isinstance(self.source, (memory.OpenedCounted, memory.OpenedZip))
            for index, record in enumerate(self.kept, first):
                for position, part in enumerate(environment.parts(record, self.sharing[2])):
                    if position or is_own:
                        tokens[id(part)] = ("r", index, position)
            found = iter(self.kept)
        return itertools.chain.from_iterable(counter.batches(found, last - first if is_counted else None))


class Processor:
    """The seconds that this process has computed. Asking the system costs as much as a small chunk, so in between the
    time that passes is counted."""

    def __init__(self) -> None:
        self.asked = time.perf_counter()
        self.known = time.process_time()

    def seconds(self) -> float:
        passed = time.perf_counter() - self.asked
        if passed < QUICK:
            return self.known + passed
        self.__init__()  # type: ignore[misc]
        return self.known


processor = Processor()


class Watch:
    """Notices warnings: the driver would show each of them once, with its own registry."""

    def __init__(self) -> None:
        self.seen = False

    def __enter__(self) -> None:
        self.before = warnings.showwarning
        warnings.showwarning = self.show

    def __exit__(self, *error: Any) -> None:
        warnings.showwarning = self.before

    def show(self, *arguments: Any, **keywords: Any) -> None:
        self.seen = True


quiet = io.StringIO()


def apply_state(state: Json) -> None:
    """Makes this process like the driver where a body could tell."""
    sys.argv[:] = state["argv"]
    sys.path[:] = host.moved(state["path"], state["prefixes"])
    sys.setrecursionlimit(state["recursion"])
    csv.field_size_limit(state["field"])
    if state["digits"] is not None:
        sys.set_int_max_str_digits(state["digits"])
    warnings.filters[:] = state["filters"]
    warnings._filters_mutated()  # type: ignore[attr-defined]
    if state["clock"] != host.clock():
        raise host.Unlike("the driver is in another time zone")


class Process:
    """Serves the agent until it closes the pipe."""

    def __init__(self, pipe: Pipe, room: Room) -> None:
        self.pipe = pipe
        self.room = room
        self.regions: dict[int, Region] = {}
        self.failed: dict[int, BaseException] = {}
        self.held = Held(pipe)
        # Of the chunk at hand, sent before its last one.
        self.pieces = 0
        pipe.status_at_end = 0

    def serve(self) -> None:
        # What lies here now stays; bodies make little garbage that is not freed at once.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        sys.stdout = sys.stderr = quiet
        self.room.measure()
        while True:
            if not self.pipe.is_waiting():
                self.flush()
            head, body = self.pipe.read()
            if head["t"] == "chunks":
                bounds = head["bounds"]
                for offset, (first, last) in enumerate(zip(bounds, bounds[1:])):
                    self.answer({"region": head["region"], "index": head["index"] + offset, "first": first,
                                 "last": last}, True)
            elif head["t"] == "chunk":
                self.answer(head, False)
            elif head["t"] == "region":
                self.load(head, body)
            elif head["t"] == "limit":
                self.room.limit = head["memory"]
                self.room.measure()

    def answer(self, head: Json, is_whole: bool) -> None:
        """Runs one chunk and sends its result. That of one that was run whole, at once, is kept for a moment."""
        self.pieces = 0
        answer, data = self.chunk(head)
        if is_whole and not self.pieces and answer["status"] == COMPLETED and answer["wall_us"] < QUICK * 1e6:
            if not self.held.fits(answer):
                self.flush()
            if self.held.add(answer, data):
                self.flush()
            return
        answer.setdefault("peak_bytes", self.room.peak(True))
        self.write(answer, data)
        if answer["status"] == OUT_OF_MEMORY:
            # Who knows what could not be allocated besides: the agent starts another process.
            os._exit(0)

    def write(self, head: Json, data: bytes = b"") -> None:
        self.flush()
        self.pipe.write(head, data)

    def flush(self) -> None:
        if self.held.records:
            self.held.send(self.room.peak(True))

    def load(self, head: Json, body: bytes) -> None:
        number = head["region"]
        self.room.progress[0] = 0
        for other in list(self.regions):
            # One environment at a time: definitions live in one `__main__`.
            self.regions.pop(other).source.close()
        self.heads = {number: (head, body)}
        try:
            self.regions[number] = Region(head, body)
            self.failed.pop(number, None)
        except (Exception, GuardFailed) as error:
            self.failed[number] = error
        quiet.seek(0)
        quiet.truncate()
        self.room.measure()

    def chunk(self, head: Json) -> tuple[Json, bytes]:
        """Runs one chunk and makes its result frame; sends the pieces before the last one on the way."""
        first, last = head["first"], head["last"]
        # The records of the first pieces, and of all others. What ended a process is looked at closely.
        sizes, most, is_exact = head.get("sizes") or (), head.get("most"), "most" in head
        for size in itertools.chain(sizes, itertools.repeat(most)):
            if size == 1 and is_exact:
                self.describe(head, first, last)
            counter = Counter(self.room, size, is_exact)
            answer, data = self.piece(head, first, last, counter)
            if not counter.has_more or answer["status"] != COMPLETED:
                return answer, data
            first = answer["last"]
            self.send(answer, data)
            del data
        raise AssertionError("pieces never end")

    def send(self, answer: Json, data: bytes) -> None:
        """Sends a piece that is not the chunk's last, and lets go of all that it was made of."""
        self.regions[answer["region"]].forget()
        gc.collect()
        answer.setdefault("peak_bytes", self.room.peak(True))
        answer["t"] = "piece"
        answer["leaves"] = self.room.is_stuck(len(data))
        self.pieces += 1
        self.write(answer, data)
        if answer["leaves"]:
            # Another process has more room.
            os._exit(0)

    def piece(self, head: Json, first: int, last: int, counter: Counter) -> tuple[Json, bytes]:
        answer: Json = {"t": "result", "region": head["region"], "index": head["index"], "records": 0, "first": first,
                        "last": last, "reason": "", "variable": "", "line": 0}
        wall, cpu = time.perf_counter(), processor.seconds()
        self.room.begin(head["index"])
        data = b""
        try:
            region = self.regions.get(head["region"])
            if region is None:
                error = self.failed.get(head["region"])
                if isinstance(error, host.Unlike):
                    raise error
                raise GuardFailed(f"the region could not be loaded: {type(error).__name__}: {error}")
            data = region.run(first, last, counter)
            answer["records"] = counter.count
            answer["first"], answer["last"] = region.source.actual(first, last)
            if counter.has_more:
                answer["last"] = region.source.after(first, last, counter.count)
            answer["status"] = COMPLETED
        except GuardFailed as failed:
            answer.update(status=GUARD_FAILED, reason=failed.reason, variable=failed.variable or "")
        except RecursionError:
            answer.update(status=GUARD_FAILED, reason="the recursion is too deep")
        except host.Unlike as unlike:
            answer.update(status=FAULT, reason=str(unlike))
        except MemoryError:
            answer.update(status=OUT_OF_MEMORY, reason="the memory is used up")
        except BaseException as error:
            answer.update(status=RAISED, reason=f"{type(error).__name__} is raised", line=line_of(error))
        elapsed = time.perf_counter() - wall
        answer["wall_us"] = int(elapsed * 1e6)
        answer["cpu_us"] = int(max(processor.seconds() - cpu, 0.0) * 1e6)
        is_short = elapsed < 0.005
        if elapsed >= QUICK or answer["status"] != COMPLETED or counter.has_more:
            answer["peak_bytes"] = self.room.peak(is_short)
        if not is_short:
            self.room.forget_peak()
        return answer, data

    def describe(self, head: Json, first: int, last: int) -> None:
        """Says where the one record is that may be too large for this process."""
        region = self.regions.get(head["region"])
        if region is None:
            return
        begin, end = region.source.actual(first, last)
        self.write({"t": "record", "region": head["region"], "index": head["index"], "first": begin,
                         "last": region.source.after(begin, end, 1)})


def line_of(error: BaseException) -> int:
    """The last line of the script that an exception came through."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith("<runsurge"):
            line = line or trace.tb_lineno
        trace = trace.tb_next
    return line
