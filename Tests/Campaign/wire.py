"""Just enough of protobuf to write RSP/1 messages that are well formed, nearly well formed, and not at all."""

from __future__ import annotations

import random
import struct


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def fixed(field: int, value: int) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def data(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def token(job: int, region: int, chunk: int, session: int) -> bytes:
    return number(1, job) + number(2, region) + number(3, chunk) + number(4, 1) + number(5, 1) + fixed(6, session)


def hello(session: int) -> bytes:
    body = number(1, 1) + number(2, 1) + data(3, b"stranger") + number(5, 4)
    return fixed(1, session) + data(2, body + number(6, 1 << 30))


def pull(session: int, held: int) -> bytes:
    leases = b"".join(data(4, token(1, 1, chunk, session)) for chunk in range(held))
    return fixed(1, session) + data(3, number(3, 1 << 40) + leases + number(5, 1))


def result(session: int, job: int, region: int, chunk: int) -> bytes:
    outcome = number(1, chunk) + number(2, 1) + number(3, 100) + data(6, data(1, b"not the effects"))
    return fixed(1, session) + data(2, data(1, token(job, region, chunk, session)) + data(2, outcome))


def heartbeat(session: int, node: int) -> bytes:
    return fixed(1, session) + number(2, node)


def mutated(message: bytes, chance: random.Random) -> bytes:
    """The message with a few bytes turned, dropped, doubled or cut."""
    changed = bytearray(message)
    for _ in range(chance.randint(1, 4)):
        if not changed:
            break
        position = chance.randrange(len(changed))
        way = chance.randrange(4)
        if way == 0:
            changed[position] = chance.randrange(256)
        elif way == 1:
            del changed[position]
        elif way == 2:
            changed[position:position] = changed[position : position + 8]
        else:
            del changed[position:]
    return bytes(changed)
