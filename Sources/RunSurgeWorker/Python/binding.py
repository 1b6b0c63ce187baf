"""The names of a region at handover: what they hold in the driver, and what chunks are told of them."""

import ast
import csv
import marshal
import pickle
import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING, Any, Optional

from _runsurge import capture, environment, host, merges, outline
from _runsurge.guards import Declined
from _runsurge.pipe import Json

if TYPE_CHECKING:
    from _runsurge.sites import Site


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


class Binding:
    """A region's variables, outputs and reads in the driver."""

    def __init__(self, site: "Site", frame: FrameType, given: dict[str, Any]) -> None:
        """`given`: variables of an exchange before, which the script's code has not assigned yet."""
        self.site = site
        self.run = site.run
        self.region = site.region
        self.channels = capture.Channels(self.run.is_watched)
        self.definitions = self.run.definitions()
        names = [variable["name"] for variable in self.region["variables"]] + self.region["reads"]
        self.locals = local_values(frame, names)
        self.locals.update(given)
        self.merges: list[merges.Merge] = []
        self.shared: dict[str, list[Any]] = {}
        self.with_atoms = False

    def value(self, name: str, is_assigned: bool) -> Any:
        """What a variable of the region holds in the driver."""
        main = self.run.main
        if not (is_assigned and self.site.place.is_global(name)) and name in self.locals:
            return self.locals[name]
        if name in main:
            return main[name]
        raise Declined(f"{name} has no value yet", name)

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
        found = set()
        wanted = set(variable["sites"])
        for node in ast.walk(self.site.place.node):
            if getattr(node, "_rs_index", -1) in wanted and isinstance(node, ast.stmt):
                operation: Any = node.op if isinstance(node, ast.AugAssign) else node.value.op  # type: ignore
                found.add(type(operation).__name__)
        return found

    def payload(self, detail: dict[str, Any], unit: str) -> bytes:
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
        self.definitions.names = frozenset(self.region["reads"])
        self.check_apart(reads)
        sharing = self.sharing(reads, unit)
        has_floats = host.may_compute(self.definitions.script.source, self.run.plan.get("imports") or [])
        content = {
            "host": host.identity(has_floats), "has_floats": has_floats, "node": self.region["node"], "kind": self.site.kind,
            "code": self.code(logged), "logged": None if logged == every_log else self.code(every_log),
            "exact": self.definitions.script.is_exact,
            "merges": [(merge.name, merge.spec) for merge in self.merges],
            "capture": self.channels.spec, "detail": detail, "sharing": sharing,
            "file": self.run.path, "reads": reads, "table": self.definitions.objects,
            "versions": host.versions() if self.run.plan.get("foreign_modules") else {},
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

    def sharing(self, reads: dict[str, Any], unit: str) -> Optional[tuple]:
        """Whose parts may come back inside of the effects: names read, and whether records do."""
        names: set[str] = set()
        records = False
        for variable in self.region["variables"]:
            if variable["role"] == "last_value" and not variable["live_out"]:
                continue
            for name in variable.get("shares") or []:
                if name == "record":
                    records = unit == "records"
                else:
                    names.add(name)
        kept = sorted(name for name in names if name in reads)
        assert self.run.script is not None
        self.with_atoms = self.run.script.compares_identities
        self.shared = {name: environment.parts(reads[name], self.with_atoms) for name in kept}
        return (kept, records, self.with_atoms) if kept or records else None


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
        "filters": filters, "defaultdicts": has_defaultdicts, "clock": host.clock(),
        "prefixes": (sys.prefix, sys.base_prefix),
    }
    return pickle.dumps(state, environment.PROTOCOL)
