"""What is written again in blocks reaches the file in the very pieces that single writes would make."""

import io
import random
import sys
import types
import unittest
from typing import Any, Optional

from agent import HARNESS

package = types.ModuleType("_runsurge")
package.__path__ = [str(HARNESS)]
sys.modules["_runsurge"] = package

from _runsurge import replay, text  # noqa: E402


class Raw(io.RawIOBase):
    """Keeps what comes out of a buffer, each write apart."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.writes.append(bytes(data))
        return len(data)


class ReplayTest(unittest.TestCase):
    def pieces(self, chance: random.Random) -> list[Optional[str]]:
        """Short and long texts; None is a flush."""
        found: list[Optional[str]] = []
        for _ in range(chance.choice([0, 5, 50, 900])):
            most = chance.choice([2, 20, 300, 5000 if chance.random() < 0.1 else 30])
            most = 20_000 if chance.random() < 0.01 else most
            content = chance.choice("xé€\n") * chance.randrange(most)
            found.append(content if chance.random() > 0.01 else None)
        return found

    def recorded(self, pieces: list[Optional[str]]) -> Any:
        texts: list[bytes] = []
        flushes = []
        for piece in pieces:
            if piece is None:
                flushes.append(len(texts))
            else:
                texts.append(piece.encode())
        return replay.recorded(texts, flushes)

    def test_blocks_and_single_writes_flush_alike(self) -> None:
        options: list[dict[str, Any]] = [
            {"encoding": "utf-8"}, {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""},
            {"encoding": "utf-8", "newline": "\r\n"}, {"encoding": "utf-8", "line_buffering": True},
            {"encoding": "utf-8-sig"}, {"encoding": "utf-16"},
        ]
        for seed in range(150):
            chance = random.Random(seed)
            given = options[seed % len(options)]
            raws = Raw(), Raw()
            single, blocks = (io.TextIOWrapper(io.BufferedWriter(raw), **given) for raw in raws)
            text.newlines[blocks] = given.get("newline")
            with self.subTest(seed=seed, given=given):
                for size in range(chance.randrange(6)):
                    for handle in (single, blocks):
                        handle.write("before" * size ** 4)
                for _ in range(4):
                    pieces = self.pieces(chance)
                    for piece in pieces:
                        single.flush() if piece is None else single.write(piece)
                    replay.write(blocks, self.recorded(pieces))
                    self.assertTrue(raws[0].writes == raws[1].writes)

    def test_bytes_are_written_piece_by_piece(self) -> None:
        raws = Raw(), Raw()
        single, copied = (io.BufferedWriter(raw) for raw in raws)
        pieces = ["x" * (number * 7 % 3000) for number in range(90)]
        for piece in pieces:
            single.write(piece.encode())
        replay.write(copied, self.recorded(list(pieces)))
        self.assertTrue(raws[0].writes == raws[1].writes)


if __name__ == "__main__":
    unittest.main()
