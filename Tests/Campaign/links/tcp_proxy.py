"""A TCP proxy that can delay, throttle, corrupt, hold and reset, and that lets a watcher stop it at a chosen byte."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from links.event_loop import EventLoop
from links.weather import Weather


class Watcher(Protocol):
    """Sees the bytes of one connection; what it returns is passed on."""

    def from_client(self, piece: bytes) -> bytes: ...
    def from_server(self, piece: bytes) -> bytes: ...


class Proxy:
    """From one address to another. Its state is changed from any thread: each change is one assignment."""

    _look_again = 0.02

    def __init__(
        self,
        loop: EventLoop,
        listen: tuple[str, int],
        target: tuple[str, int],
        watcher: Callable[[], Watcher] | None = None,
        seed: int = 0,
    ) -> None:
        self.to_server = Weather()
        self.to_client = Weather()
        self.target = target
        self._watcher = watcher
        self._chance = random.Random(seed)
        self._loop = loop
        self._connections: set[asyncio.StreamWriter] = set()
        self._server = loop.run(asyncio.start_server(self._serve, listen[0], listen[1], backlog=512))

    def clear(self) -> None:
        """Fair weather again."""
        self.to_server = Weather()
        self.to_client = Weather()

    def reset(self) -> None:
        """Every connection ends at once, with RST."""
        self._loop.run(self._reset())

    def close(self) -> None:
        self._loop.run(self._close())

    async def _reset(self) -> None:
        for writer in list(self._connections):
            end_abruptly(writer)

    async def _close(self) -> None:
        self._server.close()
        await self._reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.wait_for(asyncio.open_connection(*self.target), 10)
        except (OSError, TimeoutError):
            end_abruptly(writer)
            return
        watcher = self._watcher() if self._watcher else None
        both = {writer, server_writer}
        self._connections |= both
        pumps = [
            asyncio.create_task(
                self._pump(reader, server_writer, "to_server", watcher.from_client if watcher else None)
            ),
            asyncio.create_task(
                self._pump(server_reader, writer, "to_client", watcher.from_server if watcher else None)
            ),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._connections -= both
            for end in both:
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: str,
        watch: Callable[[bytes], bytes] | None,
    ) -> None:
        try:
            while piece := await reader.read(65_536):
                weather: Weather = getattr(self, direction)
                if pause := weather.pause(len(piece)):
                    await asyncio.sleep(pause)
                while getattr(self, direction).is_cut:
                    await asyncio.sleep(self._look_again)
                piece = weather.spoil(piece, self._chance)
                if watch is not None:
                    piece = watch(piece)
                if piece:
                    writer.write(piece)
                    await writer.drain()
        except OSError:
            return


def end_abruptly(writer: asyncio.StreamWriter) -> None:
    plain: socket.socket | None = writer.get_extra_info("socket")
    # One that has ended meanwhile has no socket any more.
    if plain is not None and plain.fileno() >= 0:
        # Without lingering a close is a reset.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
