"""A region's place in the script: what its code calls, and which of its entries are looked at."""

import ast
import itertools
from typing import TYPE_CHECKING, Any, Iterator, Optional

from _runsurge import outline, report, sources
from _runsurge.entries import Entry

if TYPE_CHECKING:
    from _runsurge.driver import Run

# Entries that are over sooner than this many seconds are not worth a look each.
SHORT = 50e-6
# Seconds a record to put an effect back.
PUT_BACK = {"list_append": 2e-7, "keyed_append": 2e-7, "writer": 1.2e-7, "fold": 1e-8, "set_add": 5e-8,
            "keyed_overwrite": 5e-8}


def unsupported(place: outline.Place) -> Optional[tuple[str, Optional[str]]]:
    """What the harness can't do, whatever the values."""
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

    def __init__(self, run: "Run", place: outline.Place, account: report.Account) -> None:
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

    def enter(self, value: Any) -> Entry:
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

    def finish(self, entry: Entry, first: Any, late: Any) -> Any:
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

    def join(self, entry: Entry, first: Any, late: Any) -> Iterator[Any]:
        """The elements of a reduction call's generator."""
        return itertools.chain.from_iterable(entry.parts(first, late))
