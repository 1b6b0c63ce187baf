"""What no peer should ever say, said to every endpoint: the master and its jobs go on."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable, Iterator

import zmq

import wire
from faults.stage import Facts, Stage
from master import Master
from processes import wait_until

Peer = zmq.Socket[bytes]

OVERSIZED = 17 << 20
"""Bytes of a frame, beyond the protocol's 16 MiB."""
MEMORY_BOUND = 1 << 30
"""Bytes that the master may have in use afterwards."""
_PEERS = (("work", zmq.DEALER), ("results", zmq.PUSH), ("heartbeats", zmq.PUB), ("events", zmq.XSUB))
"""What suits the four endpoints, in the order of their ports."""


def malformed(stage: Stage, chance: random.Random) -> Facts:
    master = stage.cluster.leader
    process = master.process
    chosen = chance.sample(_shapes(), 3)
    for shape in chosen:
        with contextlib.suppress(OSError):
            shape(master, chance)
    wait_until(stage.cluster.answers, 20, "the master to answer after malformed input")
    if not process.is_running:
        raise AssertionError(f"malformed input ended the master: {[shape.__name__ for shape in chosen]}")
    if process.resident_bytes() > MEMORY_BOUND:
        raise AssertionError(f"the master has {process.resident_bytes()} bytes in use after malformed input")
    return {"shapes": [shape.__name__.strip("_") for shape in chosen]}


def _shapes() -> list[Callable[[Master, random.Random], None]]:
    at_sockets = [_garbage, _broken_greeting, _messages, _oversized, _endless]
    return [*at_sockets, _http_garbage, _endless_form, _slow_request]


# ZeroMQ's endpoints


def _garbage(master: Master, chance: random.Random) -> None:
    for port in _ports(master):
        for size in (1, 9, 64, 4096):
            _speak(master, port, chance.randbytes(size))


def _broken_greeting(master: Master, chance: random.Random) -> None:
    """A greeting that is right, or nearly, and then commands and frames that are not."""
    for port in _ports(master):
        greeting = bytearray(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
        if chance.random() < 0.5:
            greeting[chance.randrange(len(greeting))] ^= 1 << chance.randrange(8)
        ready = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
        for tail in (chance.randbytes(200), ready + chance.randbytes(200), ready[:-3], b"\x02" + b"\xff" * 8 + b"x"):
            _speak(master, port, bytes(greeting) + tail)


def _messages(master: Master, chance: random.Random) -> None:
    """From a peer that is let in: it says that it takes no work, so that what it gets all the same is little."""
    session = chance.getrandbits(64)
    well_formed = [
        wire.hello(session), wire.pull(session, 300), b"",
        wire.result(session, chance.randint(1, 50), chance.randint(1, 100), chance.randint(0, 50)),
        wire.heartbeat(session, chance.randint(1, 5)),
    ]  # fmt: skip
    for kind, endpoint in _endpoints(master):
        with _peer(kind, endpoint) as peer:
            for message in well_formed:
                _send(peer, [message])
                for _ in range(40):
                    _send(peer, [wire.mutated(message, chance)])
                    _send(peer, [chance.randbytes(chance.randint(0, 300))])
                _send(peer, [message, message, message])
                _send(peer, [b"node/1", wire.mutated(message, chance)])
            time.sleep(0.2)


def _oversized(master: Master, chance: random.Random) -> None:
    for kind, endpoint in _endpoints(master):
        with _peer(kind, endpoint) as peer:
            _send(peer, [bytes(OVERSIZED)])
            time.sleep(0.2)


def _endless(master: Master, chance: random.Random) -> None:
    """A message of frame after frame that never ends; the connection does."""
    for kind, endpoint in _endpoints(master):
        with _peer(kind, endpoint) as peer:
            for _ in range(400):
                with contextlib.suppress(zmq.Again):
                    peer.send(bytes(100_000), zmq.SNDMORE | zmq.DONTWAIT)
            time.sleep(0.2)


def _endpoints(master: Master) -> list[tuple[int, str]]:
    """By the network, where CURVE is in the way, and on the master's own machine, where its folder is."""
    ends = []
    for number, (name, kind) in enumerate(_PEERS):
        ends.append((kind, f"tcp://{master.host.address}:{master.work_port + number}"))
        ends.append((kind, f"ipc://{master.folder}/sockets/{name}"))
    return ends


@contextlib.contextmanager
def _peer(kind: int, endpoint: str) -> Iterator[Peer]:
    context = zmq.Context()
    peer = context.socket(kind)
    peer.setsockopt(zmq.LINGER, 0)
    peer.setsockopt(zmq.SNDTIMEO, 500)
    peer.connect(endpoint)
    try:
        yield peer
    finally:
        peer.close()
        context.term()


def _send(peer: Peer, frames: list[bytes]) -> None:
    with contextlib.suppress(zmq.Again):
        peer.send_multipart(frames)


# HTTP


def _http_garbage(master: Master, chance: random.Random) -> None:
    requests = [
        chance.randbytes(2000), b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n",
        b"POST /api/job/submit HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/job/submit HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n",
    ]  # fmt: skip
    for request in requests:
        _speak(master, master.rest_port, request)


def _endless_form(master: Master, chance: random.Random) -> None:
    """A form without a right to submit one, of part after part."""
    head = (
        b"POST /api/job/submit HTTP/1.1\r\nHost: master\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    part = b'--x\r\nContent-Disposition: form-data; name="argument"\r\n\r\n' + b"y" * 10_000 + b"\r\n"
    chunk = f"{len(part):x}\r\n".encode() + part + b"\r\n"
    _speak(master, master.rest_port, head + chunk * 500)


def _slow_request(master: Master, chance: random.Random) -> None:
    """Many connections that say a byte at a time and never come to an end."""
    address = (master.host.address, master.rest_port)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(socket.create_connection(address, timeout=2)) for _ in range(50)]
        for byte in b"POST /api":
            for peer in peers:
                peer.send(bytes([byte]))
            time.sleep(0.05)


def _ports(master: Master) -> range:
    return range(master.work_port, master.work_port + len(_PEERS))


def _speak(master: Master, port: int, words: bytes) -> None:
    """Says it, listens for a moment, and hangs up."""
    with contextlib.suppress(OSError), socket.create_connection((master.host.address, port), timeout=2) as peer:
        peer.settimeout(0.1)
        peer.sendall(words)
        peer.recv(4096)
