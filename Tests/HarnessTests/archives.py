"""Makes archives that no honest program makes: run with a folder, writes one of each kind to it."""

import os
import random
import stat
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Optional

KINDS: dict[str, tuple[str, Callable[[str], None]]] = {}


def kind(name: str, sentence: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """An archive, and a part of what must be said of it."""
    def add(make: Callable[[str], None]) -> Callable[[str], None]:
        KINDS[name] = (sentence, make)
        return make
    return add


def local(name: bytes, data: bytes, size: Optional[int] = None, crc: int = 0, method: int = 8, flags: int = 0) -> bytes:
    size = len(data) if size is None else size
    return struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 33, crc, len(data), size, len(name), 0) + name + data


def central(name: bytes, packed: int, size: int, offset: int, crc: int = 0, method: int = 8, flags: int = 0,
            mode: int = 0o100644) -> bytes:
    return struct.pack("<4s6H3L5H2L", b"PK\1\2", 0x314, 20, flags, method, 0, 33, crc, packed, size,
                       len(name), 0, 0, 0, 0, mode << 16, offset) + name


def end(count: int, size: int, offset: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, 0)


def one(path: str, name: bytes, mode: int = 0o100644, flags: int = 0, method: int = 8, size: Optional[int] = None,
        crc: Optional[int] = None) -> None:
    """One entry of a few bytes, right but for what is asked for."""
    content = b"" if name.endswith(b"/") else b"harmless\n"
    data = content
    if method == 8:
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(content) + packer.flush()
    crc = zlib.crc32(content) if crc is None else crc
    size = len(content) if size is None else size
    body = local(name, data, size, crc, method, flags)
    table = central(name, len(data), size, 0, crc, method, flags, mode)
    with open(path, "wb") as file:
        file.write(body + table + end(1, len(table), len(body)))


def simple(name: str, sentence: str, entry: bytes, **options: int) -> None:
    def make(path: str) -> None:
        one(path, entry, **options)
    kind(name, sentence)(make)


def several(name: str, sentence: str, *entries: str) -> None:
    def make(path: str) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
            warnings.simplefilter("ignore")
            for entry in entries:
                archive.writestr(entry, "" if entry.endswith("/") else "harmless\n")
    kind(name, sentence)(make)


simple("absolute", 'The entry "/etc/passwd" has an absolute name.', b"/etc/passwd")
simple("parent", 'The entry "a/../../b" leads out of the archive by "..".', b"a/../../b")
simple("dot", 'The entry "./a" has an empty part or . in its name.', b"./a")
simple("empty_part", 'The entry "a//b" has an empty part or . in its name.', b"a//b")
simple("backslash", 'The entry "a\\b" has a backslash in its name', b"a\\b")
simple("drive", 'The entry "C:evil.txt" has an absolute name.', b"C:evil.txt")
simple("zero_byte", 'The entry "a.txt\\0.py" has a zero byte in its name.', b"a.txt\0.py")
simple("not_utf8", 'The entry "caf\\xe9" has a name that is not UTF-8.', b"caf\xe9")
simple("not_utf8_flagged", 'The entry "caf\\xe9" has a name that is not UTF-8.', b"caf\xe9", flags=0x800)
simple("nameless", "An entry of the archive has no name.", b"")
simple("long_name", "has a name of 4999 bytes; at most 1024 are allowed.", b"/".join([b"a" * 99] * 50))
simple("long_part", "has a part of more than 255 bytes in its name.", b"a" * 256)
simple("deep", "lies 40 folders deep; at most 32 are allowed.", b"/".join([b"a"] * 40))
simple("link", 'The entry "link" is a link.', b"link", mode=stat.S_IFLNK | 0o777)
simple("device", 'The entry "null" is a device, a pipe or a socket.', b"null", mode=stat.S_IFCHR | 0o666)
simple("pipe", 'The entry "pipe" is a device, a pipe or a socket.', b"pipe", mode=stat.S_IFIFO | 0o666)
simple("folder_without_slash", 'The entry "a" is a file by its name or size', b"a", mode=stat.S_IFDIR | 0o755)
simple("folder_with_bytes", 'The entry "a/" is a file by its name or size', b"a/", size=5)
simple("encrypted", 'The entry "secret" is encrypted.', b"secret", flags=1)
simple("strongly_encrypted", 'The entry "secret" is encrypted.', b"secret", flags=0x41)
simple("bzip2", 'The entry "a" is compressed by method 12; only deflate (8) is supported.', b"a", method=12)
simple("stored_in_another_size", 'The entry "a" is stored as it is, but in another size.', b"a", method=0, size=5)
simple("bad_crc", 'The entry "a" is damaged: Bad CRC-32', b"a", crc=1)
simple("longer_than_it_is", 'The entry "a" is damaged: ', b"a", size=500)
simple("shorter_than_it_is", 'The entry "a" is damaged: Bad CRC-32', b"a", size=5)
several("duplicate", 'The entry "a" is there twice.', "a", "b", "a")
several("duplicate_folder", 'The entry "a/" is there twice.', "a/", "b", "a/")
several("file_and_folder", 'The entry "a/" is there twice.', "a", "a/")
several("file_then_folder", 'The entry "a/b" lies in "a", which is a file.', "a", "a/b")
several("folder_then_file", 'The entry "a" is a file, and a folder of others.', "a/b/c", "a")


@kind("bomb", 'The entry "zeros" grows to more than 500 times its size in the archive.')
def bomb(path: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(64 << 20))


@kind("many_bytes", "makes the archive inflate to more than")
def many_bytes(path: str) -> None:
    names = [b"%d" % number for number in range(20)]
    body = table = b""
    for name in names:
        table += central(name, 16 << 20, 0xf0000000, len(body))
        body += local(name, b"", 0xf0000000)
    with open(path, "wb") as file:
        file.write(body + table + end(len(names), len(table), len(body)))


@kind("many_entries", "The archive has 10001 entries; at most 10000 are allowed.")
def many_entries(path: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_001):
            archive.writestr(str(number), "")


@kind("full_overlap", 'The entry "1" is another in the archive\'s body than in its central directory.')
def full_overlap(path: str) -> None:
    """All entries inflate the same bytes."""
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(bytes(1 << 20)) + packer.flush()
    crc = zlib.crc32(bytes(1 << 20))
    body = local(b"0", data, 1 << 20, crc)
    table = b"".join(central(b"%d" % number, len(data), 1 << 20, 0, crc) for number in range(9))
    with open(path, "wb") as file:
        file.write(body + table + end(9, len(table), len(body)))


@kind("nested_overlap", "overlaps the entry")
def nested_overlap(path: str) -> None:
    """Each entry's data begins with the next one's header, quoted as a stored deflate block, and shares the rest."""
    packer = zlib.compressobj(wbits=-15)
    content = random.Random(1).randbytes(1 << 16)
    kernel = packer.compress(content) + packer.flush()
    tail = local(b"9", kernel, len(content), zlib.crc32(content))
    packed: dict[bytes, tuple[int, int, int, int]] = {b"9": (len(kernel), len(content), zlib.crc32(content), len(tail))}
    for number in range(8, -1, -1):
        name = b"%d" % number
        header = tail[:31]
        content = header + content
        data = struct.pack("<BHH", 0, len(header), len(header) ^ 0xffff) + tail
        crc = zlib.crc32(content)
        tail = local(name, data, len(content), crc)
        packed[name] = (len(data), len(content), crc, len(tail))
    table = b"".join(
        central(name, size, inflated, len(tail) - length, crc)
        for name, (size, inflated, crc, length) in sorted(packed.items()))
    with open(path, "wb") as file:
        file.write(tail + table + end(len(packed), len(table), len(tail)))


@kind("body_under_the_directory", "overlaps the archive's central directory.")
def body_under_the_directory(path: str) -> None:
    body = local(b"a", b"xy", method=0)
    table = central(b"a", 40, 40, 0, method=0)
    with open(path, "wb") as file:
        file.write(body + table + end(1, len(table), len(body)))


@kind("other_name_in_the_body", 'The entry "a" is another in the archive\'s body than in its central directory.')
def other_name_in_the_body(path: str) -> None:
    body = local(b"b", b"xy", method=0)
    table = central(b"a", 2, 2, 0, method=0)
    with open(path, "wb") as file:
        file.write(body + table + end(1, len(table), len(body)))


@kind("nothing_in_the_body", 'The entry "a" is not where the central directory says.')
def nothing_in_the_body(path: str) -> None:
    table = central(b"a", 2, 2, 0, method=0)
    with open(path, "wb") as file:
        file.write(bytes(64) + table + end(1, len(table), 64))


@kind("wrong_count", "does not have the 3 entries that its end says.")
def wrong_count(path: str) -> None:
    one(path, b"a")
    with open(path, "r+b") as file:
        file.seek(-22, os.SEEK_END)
        record = bytearray(file.read())
        record[8:12] = struct.pack("<2H", 3, 3)
        file.seek(-22, os.SEEK_END)
        file.write(record)


@kind("torn_directory", "The archive's central directory is damaged at its entry 1.")
def torn_directory(path: str) -> None:
    one(path, b"a")
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        data[data.index(b"PK\1\2")] = 0
        file.seek(0)
        file.write(data)


@kind("directory_elsewhere", "The archive's central directory is not where its end says it is.")
def directory_elsewhere(path: str) -> None:
    with open(path, "wb") as file:
        file.write(end(1, 0x00ffffff, 0x00ffffff))


@kind("split", "The archive is one part of several; send it as one file.")
def split(path: str) -> None:
    with open(path, "wb") as file:
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 1, 0, 1, 2, 0, 0, 0))


@kind("cut_off", "The file is not a zip archive, or its end is missing.")
def cut_off(path: str) -> None:
    one(path, b"a")
    os.truncate(path, os.path.getsize(path) - 10)


@kind("no_archive", "The file is not a zip archive, or its end is missing.")
def no_archive(path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"PK\3\4 is how they begin")


@kind("empty_file", "The file is not a zip archive, or its end is missing.")
def empty_file(path: str) -> None:
    with open(path, "wb"):
        pass


def make_all(folder: str) -> dict[str, str]:
    """The sentences by kind; `folder` gets a file of each."""
    for name, (_, make) in KINDS.items():
        make(f"{folder}/{name}")
    return {name: sentence for name, (sentence, _) in KINDS.items()}


if __name__ == "__main__":
    import json
    json.dump(make_all(sys.argv[1]), sys.stdout)
