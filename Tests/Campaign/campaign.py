"""A fault campaign on real processes, judged by a client that knows only what it has submitted."""

from __future__ import annotations

import argparse
import faulthandler
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import isolation
from client import Client
from cluster import Cluster, Settings
from faults.catalogue import CATALOGUE
from faults.stage import Stage
from features import Features
from journal import Journal
from plan import Step, plan
from processes import wait_until
from summary import table
from throughput import Throughput
from workloads import workloads

DRIVER_LOSSES = 3
"""Faults that one job may see. A job that loses its driver five times fails, and rightly: that is another test."""
CALM_SECONDS = 12.0


def main() -> int:
    options = arguments()
    isolation.enter()
    # Without this a run that is interrupted would leave its journal and not its cluster.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    faulthandler.register(signal.SIGUSR1)
    folder = Path(tempfile.mkdtemp(prefix="runsurge-campaign-", dir="/tmp"))
    folder.chmod(0o711)
    journal_path = Path(options.journal or folder / "journal.jsonl")
    past = Journal.read(journal_path)
    begun = next((event for event in past if event["event"] == "begin"), None)
    seed, counts = (begun["seed"], begun["counts"]) if begun else (options.seed, counts_wanted(options))
    done = [event for event in past if event["event"] == "fault"]
    steps = plan(CATALOGUE, counts, seed)[len(done) :]
    if options.steps:
        steps = [step for step in steps if step.number in options.steps]
    journal = Journal(journal_path)
    journal.write("begin", seed=seed, counts=counts, remaining=len(steps))
    print(f"campaign: seed {seed}, {len(steps)} faults, journal {journal_path}", flush=True)
    campaign = Campaign(options, folder, journal, seed, len(done))
    is_clean = campaign.run(steps)
    print(table(done + campaign.steps))
    print(campaign.account())
    violations = [event["text"] for event in Journal.read(journal_path) if event["event"] == "violation"]
    for text in violations:
        print(f"VIOLATION: {text}")
    if not is_clean or violations:
        print(f"replay: --seed {seed}; logs in {folder}")
        return 1
    print(f"no result lost, none doubled ({len(done) + len(campaign.steps)} faults)")
    clear(folder, journal_path)
    return 0


def counts_wanted(options: argparse.Namespace) -> dict[str, int]:
    stands_by = Features.of(options.executable).stands_by
    counts = {}
    for fault in CATALOGUE:
        if fault.needs_standby and not stands_by:
            continue
        if options.only and not any(word in fault.name for word in options.only):
            continue
        counts[fault.name] = max(1, round((fault.short if options.short else fault.full) * options.share))
    return counts


def clear(folder: Path, journal: Path) -> None:
    """Removes all but the journal."""
    for path in folder.iterdir():
        if path == journal:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executable", required=True, help="the runsurge to test")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="repeats a campaign")
    parser.add_argument("--short", action="store_true", help="some faults of each kind, about three minutes")
    parser.add_argument("--share", type=float, default=1.0, help="of each kind's number, at least one")
    parser.add_argument("--only", nargs="*", metavar="WORD", help="kinds of fault whose names contain a word")
    parser.add_argument("--steps", type=int, nargs="*", metavar="NUMBER", help="of the seed's plan, to repeat alone")
    parser.add_argument("--minutes", type=float, default=180, help="no new fault after this time")
    parser.add_argument("--journal", help="a file of JSON lines; an existing one is continued")
    parser.add_argument("--bound", type=float, default=60, help="seconds for throughput to be back at 95 %%")
    parser.add_argument("--in-flight", type=int, default=5, help="jobs at a time")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--lease", type=int, default=3, help="seconds")
    options = parser.parse_args()
    if shutil.which(options.executable) is None:
        parser.error(f"{options.executable} can't be executed")
    options.executable = str(Path(options.executable).resolve())
    return options


class Campaign:
    def __init__(self, options: argparse.Namespace, folder: Path, journal: Journal, seed: int, past: int) -> None:
        self.steps: list[dict[str, object]] = []
        self._options = options
        self._journal = journal
        settings = Settings(options.executable, folder, workers=options.workers, lease_seconds=options.lease)
        self._cluster = Cluster(settings)
        pool = workloads()
        facade = self._cluster.facade
        self._client = Client(facade, pool, journal, options.in_flight, seed + past, f"c{seed}-{past}")
        self._throughput = Throughput(facade)
        self._first_rate = 0.0
        self._last_rate = 0.0

    def run(self, steps: list[Step]) -> bool:
        """Whether every fault went as it was meant to."""
        deadline = time.monotonic() + self._options.minutes * 60
        self._cluster.start()
        try:
            self._client.start()
            self._throughput.start()
            # The first jobs find nothing warm: they are no measure.
            wait_until(lambda: self._client.ended >= 2 * self._options.in_flight, 600, "the first jobs to end")
            self._first_rate = self._throughput.watch_calm(CALM_SECONDS)
            for step in steps:
                if time.monotonic() > deadline:
                    print("the time is over", flush=True)
                    break
                self._take(step)
            self._last_rate = self._throughput.watch_calm(CALM_SECONDS)
            is_drained = self._client.finish(patience=180)
            self._client.check_again()
            self._throughput.stop()
        finally:
            self._cluster.fair_weather()
            self._cluster.stop()
        crashes = [f"{role.name}: {text}" for role in self._cluster.roles for text in role.crashes]
        for text in crashes:
            self._journal.write("violation", text=f"crashed: {text}")
        # A short campaign runs beside whatever else its machine does.
        is_back = self._options.short or all(step["back"] is not None for step in self.steps)
        return is_drained and is_back and not crashes

    def _take(self, step: Step) -> None:
        waited = time.monotonic()
        while self._client.most_losses >= DRIVER_LOSSES:
            if time.monotonic() - waited > 120:
                self._journal.write("violation", text=f"{self._client.oldest()} does not end")
                break
            time.sleep(0.1)
        self._client.count_loss()
        self._journal.write("injecting", number=step.number, fault=step.fault.name, seed=step.seed)
        stage = Stage(self._cluster, self._client)
        problem = None
        try:
            facts = step.fault.inject(stage, random.Random(step.seed))
        except (AssertionError, OSError, RuntimeError, TimeoutError) as error:
            problem = f"{step.fault.name}: {error!r}"
            facts = {"problem": problem}
            self._cluster.fair_weather()
            self._journal.write("violation", text=problem)
        over = time.monotonic()
        back = self._throughput.wait_until_back(over, self._options.bound)
        calm = self._throughput.watch_calm(1.5) if back is not None else 0.0
        entry = {
            "number": step.number, "fault": step.fault.name, "facts": facts,
            "back": None if back is None else round(back, 2), "rate": round(calm, 1),
            "baseline": round(self._throughput.baseline, 1),
        }  # fmt: skip
        self.steps.append(entry)
        self._journal.write("fault", **entry)
        says = "not back in time" if back is None else f"back after {back:.1f} s"
        print(f"{step.number:>4} {step.fault.name}: {facts} {says}", flush=True)

    def account(self) -> str:
        tally = self._client.tally
        ends = [f"{role.name} {text}" for role in self._cluster.roles for text in role.unexpected]
        lines = [
            f"{tally.accepted} jobs accepted, {tally.identical} identical to python3's; {tally.unanswered} answers "
            f"lost on the way; the longest job took {tally.longest:.0f} s",
            f"chunks a second in calm: {self._first_rate:.0f} before the first fault, {self._last_rate:.0f} after the "
            f"last",
            f"ended by itself and started again: {len(ends)}, PostgreSQL {self._cluster.database_restarts}",
        ]
        return "\n".join(lines + [f"  {text[:300]}" for text in ends[:10]])


if __name__ == "__main__":
    sys.exit(main())
