"""Runs the script natively, with its regions wrapped."""

import gc
import time
from types import CodeType
from typing import Any, Optional

from _runsurge import environment, guards, levels, outline, report, text
from _runsurge.pipe import Json, Pipe
from _runsurge.sites import Site, unsupported


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
        self.is_watched = True

    @property
    def is_eager(self) -> bool:
        """Every provable region is split, worth it or not."""
        return self.min_split is not None and self.min_split <= 0

    def code(self, source: bytes) -> CodeType:
        """The script's code, its regions wrapped."""
        plain = compile(source, self.path, "exec", dont_inherit=True)
        if b"warnings" in source:
            tree = outline.parse(source, self.path)
            if levels.raise_levels(tree):
                plain = outline.quietly_compiled(tree, self.path)
        regions = self.plan.get("regions") or []
        revealing = guards.revealing(source)
        if revealing is not None and self.whole is None:
            self.whole = f"the script looks at how it is run: {revealing}"
        if not self.may_split and self.whole is None:
            self.whole = "splitting is not allowed"
        if self.whole is not None or not regions:
            return plain
        self.is_watched = guards.may_spawn(source) or any(
            name.split(".")[0] not in environment.EXACT_MODULES for name in self.plan.get("imports") or [])
        self.script = environment.Script(plain, source, self.path, self.main)
        tree = outline.parse(source, self.path)
        levels.raise_levels(tree)
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
