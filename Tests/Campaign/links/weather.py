"""What a link does to the bytes that pass it in one direction."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass
class Weather:
    delay: float = 0.0
    """Seconds that every piece waits."""
    bytes_per_second: float = 0.0
    """0: as fast as they come."""
    corruption: float = 0.0
    """Probability that a piece has one of its bits turned."""
    is_cut: bool = False
    """Bytes are neither read nor passed on, and nobody is told."""

    def pause(self, count: int) -> float:
        return self.delay + (count / self.bytes_per_second if self.bytes_per_second else 0.0)

    def spoil(self, piece: bytes, chance: random.Random) -> bytes:
        if not self.corruption or chance.random() >= self.corruption:
            return piece
        spoiled = bytearray(piece)
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        return bytes(spoiled)
