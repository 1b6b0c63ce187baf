"""A client that keeps a steady number of jobs in flight and trusts only its own journal."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

from checker import look, violations
from journal import Journal
from rest import Away, Facade, Refused
from workloads import Workload

FINAL = ("completed", "failed", "cancelled")


@dataclass
class Submission:
    name: str
    workload: Workload
    job: int | None = None
    began: float = field(default_factory=time.monotonic)
    losses: int = 0
    """Faults since it began that may have taken its driver along."""


@dataclass
class Tally:
    accepted: int = 0
    identical: int = 0
    unanswered: int = 0
    """Submissions whose answer was lost; what became of them was asked later."""
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0


class Client:
    """Its thread submits, waits and checks; the other methods are for the campaign's own."""

    def __init__(
        self, facade: Facade, pool: list[Workload], journal: Journal, in_flight: int, seed: int, prefix: str
    ) -> None:
        self.tally = Tally()
        self._facade = facade
        self._pool = pool
        self._journal = journal
        self._wanted = in_flight
        self._chance = random.Random(seed)
        self._prefix = prefix
        self._lock = threading.Lock()
        self._open: list[Submission] = []
        self._done: list[Submission] = []
        self._count = 0
        self._is_draining = False
        self._thread = threading.Thread(target=self._run, name="client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def count_loss(self) -> None:
        """A fault comes that may end drivers."""
        with self._lock:
            for submission in self._open:
                submission.losses += 1

    @property
    def most_losses(self) -> int:
        with self._lock:
            return max((submission.losses for submission in self._open), default=0)

    @property
    def ended(self) -> int:
        return len(self._done)

    def oldest(self) -> str:
        with self._lock:
            first = min(self._open, key=lambda one: one.began, default=None)
        return f"{first.name} ({first.job}, {time.monotonic() - first.began:.0f} s)" if first else "none"

    def finish(self, patience: float) -> bool:
        """Waits until all that was accepted has ended; false when it took too long."""
        self._is_draining = True
        self._thread.join(patience)
        for submission in self._open:
            self._blame(submission, f"has not ended after {time.monotonic() - submission.began:.0f} s")
        return not self._open

    def check_again(self) -> None:
        """What was seen once must be there still, and nothing else under the same name."""
        names = [job["job_name"] for job in self._facade.jobs()]
        for submission in self._done:
            found = names.count(submission.name)
            if found != 1:
                self._blame(submission, f"there are {found} jobs of this name")
            if submission.job is not None:
                wrong = violations(look(self._facade, submission.job), submission.workload.expected)
                for text in wrong:
                    self._blame(submission, f"later: {text}")

    # The client's own thread

    def _run(self) -> None:
        while not (self._is_draining and not self._open):
            while not self._is_draining and len(self._open) < self._wanted:
                self._submit()
            for submission in list(self._open):
                try:
                    self._follow(submission)
                except (Away, Refused):
                    break
            time.sleep(0.1)

    def _submit(self) -> None:
        self._count += 1
        submission = Submission(f"{self._prefix}-{self._count}", self._chance.choice(self._pool))
        self._journal.write("submit", name=submission.name, script=submission.workload.script)
        with self._lock:
            self._open.append(submission)
        self._send(submission)

    def _send(self, submission: Submission) -> None:
        workload = submission.workload
        fields = [("name", submission.name), ("min_split_seconds", "0")]
        fields += [("chunk_records", str(workload.chunk_records))]
        fields += [("argument", argument) for argument in workload.arguments]
        files = [("script", workload.script, workload.source)]
        files += [("input", name, content) for name, content in workload.inputs.items()]
        try:
            submission.job = self._facade.submit(fields, files)
        except Away:
            self.tally.unanswered += 1
            self._journal.write("unanswered", name=submission.name)
            return
        except Refused as refusal:
            # Not accepted, and said so: asked again later, as the answer wants.
            if refusal.status < 500 and refusal.status != 429:
                self._blame(submission, f"refused with {refusal}")
            self._journal.write("refused", name=submission.name, status=refusal.status)
            time.sleep(0.5)
            return
        self._accept(submission)

    def _accept(self, submission: Submission) -> None:
        self.tally.accepted += 1
        self._journal.write("accepted", name=submission.name, job=submission.job)

    def _follow(self, submission: Submission) -> None:
        if submission.job is None:
            self._find(submission)
            return
        view = self._facade.get_json(f"/api/job/{submission.job}")
        if view["status"] not in FINAL:
            return
        found = look(self._facade, submission.job)
        wrong = violations(found, submission.workload.expected)
        seconds = time.monotonic() - submission.began
        self.tally.longest = max(self.tally.longest, seconds)
        self._journal.write(
            "ended", name=submission.name, job=submission.job, state=found.state, seconds=round(seconds, 2),
            attempts=found.report.get("attempts"), wrong=wrong, losses=submission.losses,
        )  # fmt: skip
        for text in wrong:
            self._blame(submission, text)
        if not wrong:
            self.tally.identical += 1
        with self._lock:
            self._open.remove(submission)
        self._done.append(submission)

    def _find(self, submission: Submission) -> None:
        """The answer was lost: either the job is there, or it was never accepted and is sent again."""
        same = [job["job_id"] for job in self._facade.jobs() if job["job_name"] == submission.name]
        if same:
            submission.job = same[0]
            self._accept(submission)
        else:
            self._send(submission)

    def _blame(self, submission: Submission, text: str) -> None:
        sentence = f"{submission.name} (job {submission.job}, {submission.workload.script}): {text}"
        self.tally.wrong.append(sentence)
        self._journal.write("violation", text=sentence)
