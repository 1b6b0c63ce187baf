"""What the run report says of each loop, as far as the driver knows."""

from typing import Any, Optional

Json = dict[str, Any]


class Account:
    """What happened to one region over all its entries."""

    def __init__(self) -> None:
        self.entries = 0
        self.handovers = 0
        self.chunks = 0
        self.largest = 0
        self.records = 0
        self.source: Optional[str] = None
        self.reason: Optional[str] = None
        self.variable: Optional[str] = None

    def native(self, reason: str, variable: Optional[str] = None) -> None:
        """The region, or the rest of it, runs in place; the first reason is kept."""
        if self.reason is None:
            self.reason = reason
            self.variable = variable

    def committed(self, chunks: int, ran: int, records: int) -> None:
        """One handover: chunks whose effects are in place, chunks that ran, records of the former."""
        self.handovers += 1
        self.chunks += chunks
        self.largest = max(self.largest, ran)
        self.records += records


def regions(verdicts: list[Json], accounts: dict[int, Account], whole: Optional[str]) -> list[Json]:
    """One entry for each loop that the analysis looked at."""
    found = []
    for verdict in verdicts:
        account = accounts.get(verdict["node"], Account())
        is_parallel = account.largest >= 2
        reason = verdict.get("reason") or account.reason
        if not is_parallel and reason is None:
            reason = whole or ("not entered" if account.entries == 0 else "over before it was worth splitting")
        found.append({
            "node": verdict["node"], "line": verdict["line"], "kind": verdict["kind"],
            "source": account.source or verdict["source"], "parallel": is_parallel, "merge": verdict.get("merge"),
            "chunks": account.chunks, "records": account.records, "entries": account.entries,
            "reason": None if is_parallel else reason,
            "variable": None if is_parallel else verdict.get("variable") or account.variable,
        })
    return found
