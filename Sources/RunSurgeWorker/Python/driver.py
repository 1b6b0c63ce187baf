"""Runs the script natively, and hands its regions over where that is worth it."""

import csv
import gc
import hashlib
import itertools
import json
import marshal
import os
import pickle
import sys
import time
import warnings
from types import CodeType, FrameType
from typing import Any, Iterator, Optional

from _runsurge import capture, environment, guards, merges, outline, report, sources, text
from _runsurge.guards import Declined, GuardFailed
from _runsurge.pipe import INLINE_BYTES, Pipe

Json = dict[str, Any]

# Seconds a region runs natively before its rest is judged.
BUDGET = 0.05
# Seconds its rest must be worth when the caller does not say.
WORTH = 0.3
# Entries that are over sooner than this are not worth a look each.
SHORT = 50e-6
WINDOW = 48 << 20
# Seconds a record to put an effect back.
PUT_BACK = {"list_append": 2e-7, "keyed_append": 2e-7, "writer": 1.2e-7, "fold": 1e-8, "set_add": 5e-8,
            "keyed_overwrite": 5e-8}


class Run:
    """One script: its regions, and the pipe to the agent."""

    def __init__(self, start: Json, plan: Json, pipe: Pipe, main: dict[str, Any]) -> None:
        self.pipe = pipe
        self.plan = plan
        self.path: str = start["script"]
        self.main = main
        self.slots = max(int(start.get("slots") or 1), 1)
        self.min_split: Optional[float] = start.get("min_split_seconds")
        self.chunk_records: Optional[int] = start.get("chunk_records")
        self.standard_input: Optional[str] = start.get("standard_input")
        self.resume = start.get("resume") or []
        self.may_split = start.get("split", True)
        self.whole: Optional[str] = plan.get("whole_script_reason")
        self.started = time.time()
        self.accounts: dict[int, report.Account] = {}
        self.missing: list[str] = []
        self.requests = 0
        self.script: Optional[environment.Script] = None
        self.is_busy = False

    @property
    def is_eager(self) -> bool:
        """Every provable region is split, worth it or not."""
        return self.min_split is not None and self.min_split <= 0

    def code(self, source: bytes) -> CodeType:
        """The script's code, its regions wrapped."""
        plain = compile(source, self.path, "exec", dont_inherit=True)
        regions = self.plan.get("regions") or []
        revealing = guards.revealing(source)
        if revealing is not None and self.whole is None:
            self.whole = f"the script looks at how it is run: {revealing}"
        if not self.may_split and self.whole is None:
            self.whole = "splitting is not allowed"
        if self.whole is not None or not regions:
            return plain
        self.script = environment.Script(plain, source, self.path, self.main)
        tree = outline.parse(source, self.path)
        found = outline.places(tree, regions)
        sites = {}
        for region in regions:
            account = self.accounts[region["node"]] = report.Account()
            place = found.get(region["node"])
            if place is None or place.is_nested:
                account.native("the loop has no place that can be wrapped")
                continue
            reason = unsupported(place)
            if reason is not None:
                account.native(*reason)
                continue
            sites[region["node"]] = Site(self, place, account)
        return outline.driver_code(tree, self.path, sites, regions, text.opened)

    def finished(self) -> None:
        """The last frame."""
        self.pipe.write({
            "t": "finished", "missing_inputs": self.missing,
            "regions": report.regions(self.plan.get("verdicts") or [], self.accounts, self.whole)})
        # The interpreter takes the script's module apart next: nothing here may keep its objects.
        self.main = {}
        if self.script is not None:
            self.script.main = {}
        gc.unfreeze()

    def definitions(self) -> environment.Definitions:
        assert self.script is not None
        return environment.Definitions(self.script)


def unsupported(place: outline.Place) -> Optional[tuple[str, Optional[str]]]:
    """What the harness can't do, whatever the values."""
    import ast
    for entry in place.plan["variables"]:
        name = entry["name"]
        if entry["role"] == "keyed_fold" and not outline.branch_is_uniform(place, entry):
            return f"{name} begins with another value than it is counted by", name
    names = [entry["name"] for entry in place.plan["variables"]] + place.plan["reads"]
    if place.in_class:
        if any(name.startswith("__") and not name.endswith("__") for name in names):
            return "a private name of a class is used", None
        if any(isinstance(node, ast.Name) and node.id in ("super", "__class__") for node in ast.walk(place.node)):
            return "super() is used", None
    live = {entry["name"] for entry in place.plan["variables"] if entry["role"] == "last_value" and entry["live_out"]}
    for node in ast.walk(place.node):
        if isinstance(node, ast.ExceptHandler) and node.name in live:
            return f"{node.name} is unbound after its handler", node.name
    if place.function is not None and isinstance(place.function, ast.AsyncFunctionDef):
        return "async code", None
    if isinstance(place.iterable, ast.Set) and outline.folded_set(place.iterable) is None:
        return "the compiler may put the set's elements in another order", None
    return None


class Site:
    """A region's place in the script: what its code calls."""

    def __init__(self, run: Run, place: outline.Place, account: report.Account) -> None:
        self.run = run
        self.place = place
        self.region = place.plan
        self.node: int = place.plan["node"]
        self.kind = place.kind
        self.account = account
        self.seconds = 0.0
        self.resume = [entry for entry in run.resume if entry["node"] == self.node]
        # False: the plain loop runs. A C-level call, because some regions are entered a million times.
        self.gate = itertools.chain.from_iterable(self.schedule()).__next__
        self.codes: dict[frozenset, Any] = {}
        # Seconds a record that the driver will need, about, for effects that grow with the records.
        self.put_back = sum(PUT_BACK.get(entry["role"], 0.0) for entry in self.region["variables"]) \
            + PUT_BACK["writer"] * len(self.region["streams"]) + (PUT_BACK["list_append"] if self.kind != "for" else 0)

    def schedule(self) -> Iterator[Any]:
        """Looks at every entry, until they turn out short; then at one of many."""
        account = self.account
        while True:
            skipped = self.skipped()
            if skipped:
                account.entries += skipped
                yield itertools.repeat(False, skipped)
            account.entries += 1
            yield (True,)

    def skipped(self) -> int:
        """How many entries to pass over: as many as keep the look at one of them under 2 % of their time."""
        seen = self.account.entries
        if seen < 200 or self.run.is_eager:
            return 0
        mean = self.seconds / seen
        if mean >= SHORT:
            return 0
        count = min(int(200e-6 / max(mean, 1e-7)), 1000)
        for entry in self.resume:
            if seen < entry["entry"]:
                count = min(count, entry["entry"] - seen - 1)
        return max(count, 0)

    def enter(self, value: Any) -> "Entry":
        """Wraps the region's iterable. Never fails: what is not known is iterated natively."""
        if self.run.is_busy:
            return Entry(self, value, None)
        feed = sources.recognise(value)
        if feed is None:
            self.account.native(f"a {type(value).__name__} can't be cut")
            return Entry(self, value, None)
        if self.account.source is None:
            self.account.source = feed.describe()
        return Entry(self, value, feed)

    def finish(self, entry: "Entry", first: Any, late: Any) -> Any:
        """The whole of a comprehension from its native part, the chunks' and the rest."""
        if self.kind == "listcomp":
            if entry.results:
                first.extend(entry.results)
            if late:
                first.extend(late)
        else:
            if entry.results:
                first.update(entry.results)
            if late:
                first.update(late)
        entry.close()
        return first

    def join(self, entry: "Entry", first: Any, late: Any) -> Iterator[Any]:
        """The elements of a reduction call's generator."""
        return itertools.chain.from_iterable(entry.parts(first, late))


class Entry:
    """One entry of a region, from its first record to its last."""

    def __init__(self, site: Site, value: Any, feed: Optional[sources.Feed]) -> None:
        self.site = site
        self.feed = feed
        self.number = site.account.entries
        self.is_begun = False
        self.wants = False
        self.raised = False
        self.ended = False
        self.taken = 0
        self.per_unit = 0.0
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


def local_values(frame: FrameType, names: list[str]) -> dict[str, Any]:
    """Local variables by name, leaving no trace of having looked."""
    if not frame.f_code.co_flags & 1:
        return {}
    held = frame.f_locals
    values = {name: held[name] for name in names if name in held}
    if type(held) is dict:
        # Before 3.13 this is a copy that the frame keeps, and with it every object.
        held.clear()
    return values


class Conversation:
    """One region request and all that follows from it."""

    def __init__(self, entry: Entry, frame: FrameType) -> None:
        self.entry = entry
        self.site = entry.site
        self.run = entry.site.run
        self.region = entry.site.region
        self.feed: Any = entry.feed
        self.channels = capture.Channels()
        self.definitions = self.run.definitions()
        variables = self.region["variables"]
        names = [variable["name"] for variable in variables] + self.region["reads"]
        self.locals = local_values(frame, names)
        # Of an exchange before: the script's code has not assigned it yet.
        self.locals.update(entry.out or {})
        self.merges: list[merges.Merge] = []
        self.result_kind = "" if self.site.kind == "for" else self.site.kind
        self.committed = 0
        self.records = 0
        # Of the chunks' processors, in the body: what the native loop would have taken.
        self.body_seconds = 0.0
        self.out: dict[str, Any] = {}
        self.shared: dict[str, list[Any]] = {}

    def value(self, name: str, is_assigned: bool) -> Any:
        """What a variable of the region holds in the driver."""
        main = self.run.main
        if not (is_assigned and self.site.place.is_global(name)) and name in self.locals:
            return self.locals[name]
        if name in main:
            return main[name]
        raise Declined(f"{name} has no value yet", name)

    def hold(self) -> tuple[Any, bool]:
        """The whole exchange. Gives the records left, and whether to hand them over again."""
        try:
            self.bind()
            sliced, payload = self.describe()
        except Declined:
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
        if self.committed:
            self.entry.taken += self.records
        if reason:
            self.site.account.native(reason, variable)
        self.publish()
        return self.remaining(sliced, chunks), again

    # MARK: before

    def bind(self) -> None:
        """Makes the merges, and checks that the accumulators are what the analysis took them for."""
        for variable in self.region["variables"]:
            role = variable["role"]
            if role == "writer":
                self.channels.add_writer(variable["name"], self.value(variable["name"], False))
            elif role not in ("last_value", "result"):
                self.merges.append(self.merge(variable))
        for stream in self.region["streams"]:
            self.channels.add_stream(stream)
        self.channels.check_apart()
        held = [id(merge.value) for merge in self.merges if not merge.assigns]
        if len(set(held)) < len(held):
            raise Declined("two accumulators are one object")

    def merge(self, variable: Json) -> merges.Merge:
        role, name = variable["role"], variable["name"]
        value = self.value(name, role == "fold")
        if role == "list_append":
            return merges.ListMerge(variable, value)
        if role == "fold":
            return merges.FoldMerge(variable, value, self.operations(variable))
        if role == "keyed_fold":
            return merges.KeyedMerge(variable, value)
        if role == "keyed_overwrite":
            return merges.OverwriteMerge(variable, value)
        if role == "keyed_append":
            return merges.KeyedAppendMerge(variable, value)
        if role == "set_add":
            return merges.SetMerge(variable, value)
        raise Declined(f"{name} is merged in a way that is not known here: {role}", name)

    def operations(self, variable: Json) -> set[str]:
        import ast
        found = set()
        wanted = set(variable["sites"])
        for node in ast.walk(self.site.place.node):
            if getattr(node, "_rs_index", -1) in wanted and isinstance(node, ast.stmt):
                operation: Any = node.op if isinstance(node, ast.AugAssign) else node.value.op  # type: ignore
                found.add(type(operation).__name__)
        return found

    def describe(self) -> tuple[sources.Slice, bytes]:
        """The slice and the environment."""
        entry, run = self.entry, self.run
        context = sources.Handover(
            self.definitions, run.chunk_records, entry.per_unit, run.slots, run.min_split is not None, run.started,
            run.pipe.store, run.standard_input)
        sliced = self.feed.slice(context)
        if self.definitions.defaultdicts:
            raise Declined("records hold dicts that grow when they are read")
        if isinstance(self.feed, sources.FileFeed):
            self.channels.check_not(self.feed.raw)
        if self.region["record_mutated"] and self.feed.unit == "records":
            raise Declined("the loop changes records that exist outside of it")
        return sliced, self.payload(sliced)

    def payload(self, sliced: sources.Slice) -> bytes:
        """All a chunk process needs besides its records."""
        logged = frozenset(merge.name for merge in self.merges if merge.is_logged)
        every_log = frozenset(merge.name for merge in self.merges if merge.is_loggable)
        reads = {}
        writers = self.channels.writers
        for name in self.region["reads"]:
            if name in writers:
                continue
            if name in self.locals:
                reads[name] = self.locals[name]
            elif name in self.run.main:
                reads[name] = self.run.main[name]
        self.check_apart(reads)
        sharing = self.sharing(reads)
        content = {
            "version": sys.version, "node": self.region["node"], "kind": self.site.kind,
            "code": self.code(logged), "logged": None if logged == every_log else self.code(every_log),
            "exact": self.definitions.script.is_exact,
            "merges": [(merge.name, merge.spec) for merge in self.merges],
            "capture": self.channels.spec, "detail": sliced.detail, "sharing": sharing,
            "file": self.run.path, "reads": reads, "table": self.definitions.objects,
        }
        assert self.run.script is not None
        tested = environment.names_only_tested(self.run.script.tree) if any(
            type(value) in (set, frozenset) for value in reads.values()) else set()
        exempt = [value for name, value in reads.items() if name in tested and type(value) in (set, frozenset)]
        body = environment.pickled(content, self.definitions, True, exempt)
        return process_state(self.definitions.defaultdicts > 0) + body

    def code(self, logged: frozenset) -> tuple:
        """The body's code with these variables logged."""
        known = self.site.codes
        if logged not in known:
            assert self.run.script is not None
            code = outline.chunk_code(self.run.script.tree, self.run.path, self.region, set(logged))
            known[logged] = (marshal.dumps(code), tuple(sorted(logged)))
        return known[logged]

    def check_apart(self, reads: dict[str, Any]) -> None:
        held = {id(merge.value): merge.name for merge in self.merges if not merge.assigns}
        for name, value in reads.items():
            if id(value) in held:
                raise Declined(f"{held[id(value)]} is also {name}", held[id(value)])

    def sharing(self, reads: dict[str, Any]) -> Optional[tuple]:
        """Whose parts may come back inside of the effects: names read, and whether records do."""
        names: set[str] = set()
        records = False
        for variable in self.region["variables"]:
            if variable["role"] == "last_value" and not variable["live_out"]:
                continue
            for name in variable.get("shares") or []:
                if name == "record":
                    records = self.feed.unit == "records"
                else:
                    names.add(name)
        kept = sorted(name for name in names if name in reads)
        assert self.run.script is not None
        self.with_atoms = self.run.script.compares_identities
        self.shared = {name: environment.parts(reads[name], self.with_atoms) for name in kept}
        return (kept, records, self.with_atoms) if kept or records else None

    # MARK: the request

    def request(self, sliced: sources.Slice, payload: bytes) -> tuple[int, int]:
        """Asks for chunks; gives how many there will be and the region's number, 0 when there will be none."""
        run = self.run
        run.requests += 1
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
            "bytes_per_unit": 1.0 if sliced.unit == "bytes" else 64.0,
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

    def collect(self, region: int, chunks: int, sliced: sources.Slice) -> tuple[str, str, bool]:
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
            for outcome in head["outcomes"]:
                size = int(outcome.get("size") or 0)
                data = body[place:place + size]
                place += size
                if outcome["index"] < self.committed:
                    continue
                if outcome["status"] != 1:
                    self.entry.raised = outcome["status"] == 3
                    return outcome.get("reason") or "a chunk failed", outcome.get("variable") or "", False
                begun = time.process_time()
                try:
                    self.commit(data)
                except GuardFailed as failed:
                    return failed.reason, failed.variable or "", True
                spent += time.process_time() - begun
                chunk_seconds += int(outcome.get("cpu_us") or 0) / 1e6
                self.committed += 1
                self.records += int(outcome["records"])
                self.offset = int(outcome["last"])
            if self.is_wasteful(spent + chunk_seconds) and self.committed < chunks:
                return "the way there and back costs more than the loop itself", "", False
            pipe.write({"t": "progress", "region": region, "committed": self.committed, "window": WINDOW})
        return "", "", False

    def is_wasteful(self, seconds: float) -> bool:
        """Whether going on natively would be the better: the body alone took so little of all `seconds`."""
        return self.run.min_split is None and self.body_seconds > 0.1 and seconds > 1.6 * self.body_seconds

    def commit(self, data: bytes) -> None:
        """All of one chunk's effects, or none."""
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            try:
                effects, out, written, result, spent = environment.received(
                    data, self.definitions, self.resolve)
                puts = [merge.prepare(effect) for merge, effect in zip(self.merges, effects)]
            except GuardFailed:
                raise
            except Exception as error:
                raise GuardFailed(f"the effects don't fit: {type(error).__name__}: {error}")
            for put in puts:
                put()
            for index, content in written.items():
                self.channels.channels[index].write(content)
            self.out.update(out)
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
            return self.shared[key][position]
        return environment.parts(self.sliced.record(key), self.with_atoms)[position]

    # MARK: after

    def publish(self) -> None:
        """Sets the variables that the region assigns."""
        if not self.committed:
            return
        for merge in self.merges:
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
            self.locals.update(local)

    def remaining(self, sliced: sources.Slice, chunks: int) -> Any:
        """The iterator over what has not been committed."""
        if self.committed >= chunks:
            self.feed.finish(sliced)
            return ()
        try:
            self.feed.resume(sliced, self.offset)
        except sources.NeedsNewIterator as needed:
            self.feed.it = needed.args[0]
        return self.feed.it


def process_state(has_defaultdicts: bool) -> bytes:
    """What a chunk process has to be told of this one, before it reads anything else."""
    filters = []
    for action, message, category, module, line in warnings.filters:
        if category.__module__ != "builtins":
            raise Declined("warnings of the script's own are filtered")
        filters.append((action, message, category, module, line))
    state = {
        "argv": sys.argv, "path": sys.path, "recursion": sys.getrecursionlimit(), "field": csv.field_size_limit(),
        "digits": sys.get_int_max_str_digits() if hasattr(sys, "get_int_max_str_digits") else None,
        "filters": filters, "defaultdicts": has_defaultdicts,
    }
    return pickle.dumps(state, environment.PROTOCOL)
