"""Results of chunks that were over at once, kept for a moment so that many travel in one frame."""

import time

from _runsurge.pipe import Json, Pipe

# Seconds for which the first of them may wait, and the most of them and of their bytes.
WAIT = 0.001
MOST = 128
MOST_BYTES = 32 << 10


class Held:
    """Consecutive chunks of one region, all completed."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.due = 0.0
        self.begin()

    def begin(self) -> None:
        self.region = self.index = 0
        # One more than there are chunks: each begins where the one before ended.
        self.units: list[int] = []
        self.records: list[int] = []
        self.wall: list[int] = []
        self.cpu: list[int] = []
        self.effects: list[bytes] = []
        self.bytes = 0

    def fits(self, answer: Json) -> bool:
        """Whether a result comes next to those that are kept."""
        return not self.records or (
            answer["region"] == self.region and answer["index"] == self.index + len(self.records)
            and answer["first"] == self.units[-1])

    def add(self, answer: Json, data: bytes) -> bool:
        """Keeps a result that fits; whether it is time to send what is kept."""
        now = time.perf_counter()
        if not self.records:
            self.region, self.index, self.units = answer["region"], answer["index"], [answer["first"]]
            self.due = now + WAIT
        self.units.append(answer["last"])
        self.records.append(answer["records"])
        self.wall.append(answer["wall_us"])
        self.cpu.append(answer["cpu_us"])
        self.effects.append(data)
        self.bytes += len(data)
        return now >= self.due or len(self.records) >= MOST or self.bytes >= MOST_BYTES

    def send(self, peak: int) -> None:
        """Sends all; `peak`: of this process until now, in bytes."""
        self.pipe.write({
            "t": "results", "region": self.region, "index": self.index, "units": self.units, "records": self.records,
            "wall_us": self.wall, "cpu_us": self.cpu, "sizes": [len(data) for data in self.effects],
            "peak_bytes": peak}, b"".join(self.effects))
        self.begin()
