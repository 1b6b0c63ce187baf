"""Judges a job by what the client knows of it: what it submitted, and what python3 makes of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rest import Facade
from workloads import Expectation


@dataclass
class Found:
    """All that a finished job shows to its owner."""

    state: str
    failure: str | None
    status: int | None
    output: bytes = b""
    error: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    regions: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


def look(facade: Facade, job: int) -> Found:
    view = facade.get_json(f"/api/job/{job}")
    found = Found(view["status"], view.get("failure"), view.get("exit_status"))
    if found.state != "completed":
        return found
    found.output = facade.get(f"/api/job/{job}/logs?stream=stdout")
    found.error = facade.get(f"/api/job/{job}/logs?stream=stderr")
    listing = facade.get_json(f"/api/job/{job}/outputs")
    found.deleted = listing["deleted"]
    found.files = {entry["path"]: facade.output(job, entry["path"]) for entry in listing["outputs"]}
    found.regions = facade.get_json(f"/api/job/{job}/regions")["regions"]
    found.report = facade.get_json(f"/api/job/{job}/report")
    return found


def violations(found: Found, expected: Expectation) -> list[str]:
    """Everything in which the job is not what python3 gives; empty: it is identical, and nothing counted twice."""
    if found.state != "completed":
        return [f"the job is {found.state}: {found.failure}"]
    wrong: list[str] = []
    if found.status != expected.status:
        wrong.append(f"exit status {found.status}, not {expected.status}")
    wrong += _difference("standard output", found.output, expected.output)
    wrong += _difference("standard error", found.error, expected.error)
    for name in sorted(found.files.keys() | expected.files.keys()):
        if name not in found.files:
            wrong.append(f"the file {name} is missing")
        elif name not in expected.files:
            wrong.append(f"the file {name} should not be there")
        else:
            wrong += _difference(name, found.files[name], expected.files[name])
    if found.deleted:
        wrong.append(f"deleted: {found.deleted}")
    return wrong + _doubles(found)


def _doubles(found: Found) -> list[str]:
    """A chunk has one result, whatever the number of its attempts: those are told by leases, which a crash may undo."""
    wrong = []
    for region in found.regions:
        if region["completed"] > region["chunks"]:
            wrong.append(f"line {region['line']}: {region['completed']} results of {region['chunks']} chunks")
    entries = [(region["node"], region["entry"]) for region in found.regions]
    wrong += [f"the loop {entry} was committed twice" for entry in set(entries) if entries.count(entry) > 1]
    return wrong


def _difference(what: str, found: bytes, expected: bytes) -> list[str]:
    if found == expected:
        return []
    mine, theirs = found.split(b"\n"), expected.split(b"\n")
    for number, (a, b) in enumerate(zip(mine, theirs, strict=False), start=1):
        if a != b:
            return [f"{what}: line {number} is {a[:80]!r}, python3 gives {b[:80]!r}"]
    return [f"{what}: {len(mine)} lines, python3 gives {len(theirs)}"]
