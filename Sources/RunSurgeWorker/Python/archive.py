"""Takes zip archives apart, and puts them together, inside of a sandbox.

Runs as `python3 -I -c` with a folder, `inflate` or `pack`, and a JSON object. Writes frames on standard output, as
`pipe.py` does: an archive's entries, each with its bytes behind it, or the bytes of a new archive; then `end`, or
`refused` with a sentence for who sent the archive.
"""

import datetime
import io
import json
import re
import shutil
import stat
import struct
import sys
import zipfile
import zlib
from typing import Any, BinaryIO, NamedTuple

Json = dict[str, Any]

PIECE_BYTES = 256 << 10
# Of a central directory; it is held in memory.
DIRECTORY_BYTES = 64 << 20
# Of an entry that may be packed as tightly as it likes.
UNJUDGED_BYTES = 1 << 20
PART_BYTES = 255
ENCRYPTED = 0x1 | 0x40 | 0x2000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# The earliest that the format knows. The same files are to give the same archive.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Refused(Exception):
    """The archive is not taken; the text says why to who sent it."""


class Entry(NamedTuple):
    """What is taken of an archive."""

    info: zipfile.ZipInfo
    name: str
    is_folder: bool

    def refused(self, reason: str) -> Refused:
        return refused(self.name, reason)


def refused(name: str, reason: str) -> Refused:
    shown = name if len(name) <= 200 else name[:200] + "…"
    return Refused(f'The entry "{shown}" {reason}.')


def send(head: Json, body: bytes = b"") -> None:
    text = json.dumps(head).encode()
    sys.stdout.buffer.write(len(text).to_bytes(4, "little") + len(body).to_bytes(4, "little") + text + body)


# MARK: What an archive says of itself


class Directory(NamedTuple):
    """The central directory, before anything trusts it."""

    start: int
    # Behind what other data lies before the archive.
    shift: int
    names: list[bytes]


def directory(file: BinaryIO, most: int) -> Directory:
    """Read by hand: zipfile makes objects of as many entries as there are, and cuts names at their first NUL."""
    try:
        record = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    except UNREADABLE as error:
        raise Refused(f"The archive can't be read: {error}.") from error
    if not record:
        raise Refused("The file is not a zip archive, or its end is missing.")
    signature, disk, first_disk, here, total, size, offset = record[:7]
    if disk or first_disk or here != total:
        raise Refused("The archive is one part of several; send it as one file.")
    if total > most:
        raise Refused(f"The archive has {total} entries; at most {most} are allowed.")
    # Where the end record lies, less those that a large archive has before it.
    start = record[9] - size - (76 if signature == b"PK\6\6" else 0)
    if size > DIRECTORY_BYTES or start < 0 or offset > start:
        raise Refused("The archive's central directory is not where its end says it is.")
    file.seek(start)
    data = file.read(size)
    names: list[bytes] = []
    place = 0
    while place < size and len(names) <= total:
        if data[place:place + 4] != b"PK\1\2" or place + 46 > size:
            raise Refused(f"The archive's central directory is damaged at its entry {len(names) + 1}.")
        lengths = struct.unpack_from("<3H", data, place + 28)
        names.append(data[place + 46:place + 46 + lengths[0]])
        place += 46 + sum(lengths)
    if place != size or len(names) != total:
        raise Refused(f"The archive's central directory does not have the {total} entries that its end says.")
    return Directory(start, start - offset, names)


def checked_name(raw: bytes, limits: Json) -> str:
    """A relative path that means the same everywhere; a folder's keeps its slash."""
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        raise refused(raw.decode(errors="backslashreplace"), "has a name that is not UTF-8") from error
    if not name:
        raise Refused("An entry of the archive has no name.")
    if "\0" in name:
        raise refused(name.replace("\0", "\\0"), "has a zero byte in its name")
    if "\\" in name:
        raise refused(name, "has a backslash in its name; folders are divided by /")
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        raise refused(name, "has an absolute name")
    if len(raw) > limits["name_bytes"]:
        raise refused(name, f"has a name of {len(raw)} bytes; at most {limits['name_bytes']} are allowed")
    parts = name[:-1].split("/") if name.endswith("/") else name.split("/")
    if ".." in parts:
        raise refused(name, 'leads out of the archive by ".."')
    if "" in parts or "." in parts:
        raise refused(name, "has an empty part or . in its name")
    if any(len(part.encode()) > PART_BYTES for part in parts):
        raise refused(name, f"has a part of more than {PART_BYTES} bytes in its name")
    if len(parts) > limits["depth"]:
        raise refused(name, f"lies {len(parts)} folders deep; at most {limits['depth']} are allowed")
    return name


class Places:
    """No two entries for one place. Names that differ in case are two places, as they are to the script."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.parents: set[str] = set()

    def take(self, entry: Entry) -> None:
        name = entry.name.rstrip("/")
        if name in self.folders or name in self.files:
            raise entry.refused("is there twice")
        place = name
        while "/" in place:
            place = place.rpartition("/")[0]
            if place in self.files:
                raise entry.refused(f'lies in "{place}", which is a file')
            self.parents.add(place)
        if not entry.is_folder and name in self.parents:
            raise entry.refused("is a file, and a folder of others")
        (self.folders if entry.is_folder else self.files).add(name)


def check(entry: Entry, limits: Json) -> None:
    """All that an entry's own record can be refused for."""
    info = entry.info
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise entry.refused("is a link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise entry.refused("is a device, a pipe or a socket")
    if kind == stat.S_IFDIR and not entry.is_folder or entry.is_folder and info.file_size:
        raise entry.refused("is a file by its name or size, and a folder by the other")
    if info.flag_bits & ENCRYPTED:
        raise entry.refused("is encrypted")
    if info.compress_type not in METHODS:
        raise entry.refused(f"is compressed by method {info.compress_type}; only deflate (8) is supported")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise entry.refused("is stored as it is, but in another size")
    if info.file_size > limits["entry_bytes"]:
        raise entry.refused(f"has {info.file_size} bytes; at most {limits['entry_bytes']} are allowed")
    if info.file_size > max(UNJUDGED_BYTES, info.compress_size * limits["ratio"]):
        raise entry.refused(f"grows to more than {limits['ratio']} times its size in the archive")


def check_body(file: BinaryIO, entries: list[tuple[Entry, bytes]], end: int) -> None:
    """Every entry lies where the directory says, under its name, and shares no byte with another: many entries that
    inflate the same bytes would make much of little."""
    extents: list[tuple[int, int, Entry]] = []
    for entry, raw in entries:
        info = entry.info
        header = b""
        if info.header_offset < end:
            file.seek(info.header_offset)
            header = file.read(30)
        if len(header) < 30 or header[:4] != b"PK\3\4":
            raise entry.refused("is not where the central directory says")
        flags, method = struct.unpack_from("<2H", header, 6)
        lengths = struct.unpack_from("<2H", header, 26)
        same_flags = not (flags ^ info.flag_bits) & ENCRYPTED
        if file.read(lengths[0]) != raw or method != info.compress_type or not same_flags:
            raise entry.refused("is another in the archive's body than in its central directory")
        extents.append((info.header_offset, info.header_offset + 30 + sum(lengths) + info.compress_size, entry))
    extents.sort(key=lambda extent: extent[0])
    for (_, stop, entry), (start, _, following) in zip(extents, extents[1:]):
        if start < stop:
            raise following.refused(f'overlaps the entry "{entry.name}"')
    if extents and extents[-1][1] > end:
        raise extents[-1][2].refused("overlaps the archive's central directory")


def checked(file: BinaryIO, archive: zipfile.ZipFile, found: Directory, limits: Json) -> list[Entry]:
    entries = [
        (Entry(info, checked_name(raw, limits), raw.endswith(b"/")), raw)
        for info, raw in zip(archive.infolist(), found.names)]
    places = Places()
    total = 0
    for entry, _ in entries:
        check(entry, limits)
        places.take(entry)
        total += entry.info.file_size
        if total > limits["total_bytes"]:
            raise entry.refused(f"makes the archive inflate to more than {limits['total_bytes']} bytes")
    check_body(file, entries, found.start)
    return [entry for entry, _ in entries]


# MARK: Inflating


def inflate(folder: str, limits: Json) -> None:
    """Nothing is sent before all that can be told without inflating is known to be right."""
    with open(folder + "/archive", "rb") as file:
        found = directory(file, limits["entries"])
        for raw in found.names:
            checked_name(raw, limits)
        try:
            archive = zipfile.ZipFile(file)
        except UNREADABLE as error:
            raise Refused(f"The archive's central directory can't be read: {error}.") from error
        for entry in checked(file, archive, found, limits):
            send({"t": "entry", "name": entry.name.rstrip("/"), "folder": entry.is_folder,
                  "size": entry.info.file_size, "mode": mode(entry), "modified": modified(entry.info)})
            if not entry.is_folder:
                send_bytes(archive, entry)


def send_bytes(archive: zipfile.ZipFile, entry: Entry) -> None:
    left = entry.info.file_size
    try:
        with archive.open(entry.info) as data:
            while piece := data.read(PIECE_BYTES):
                left -= len(piece)
                send({"t": "data"}, piece)
    except UNREADABLE as error:
        raise entry.refused(f"is damaged: {error}") from error
    if left:
        raise entry.refused(f"is damaged: {left} bytes are missing")


def mode(entry: Entry) -> int:
    """Its permissions, as far as they are any, and always those that its owner needs."""
    given = entry.info.external_attr >> 16 & 0o777
    if entry.is_folder:
        return (given or 0o755) | 0o700
    return (given or 0o644) | 0o600


def modified(info: zipfile.ZipInfo) -> int:
    """Seconds since 1970. The format has no time zone: taken for UTC."""
    try:
        return int(datetime.datetime(*info.date_time, tzinfo=datetime.timezone.utc).timestamp())
    except ValueError:
        return int(datetime.datetime(*EPOCH, tzinfo=datetime.timezone.utc).timestamp())


# MARK: Packing


class Frames(io.RawIOBase):
    """Where an archive is written to; nobody can go back in it."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        send({"t": "data"}, piece)
        return len(piece)


def pack(folder: str) -> None:
    """The files of the list, in its order."""
    with open(folder + "/list", "rb") as file:
        entries = json.load(file)
    with io.BufferedWriter(Frames(), PIECE_BYTES) as sink:
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in entries:
                add(archive, entry, folder)


def add(archive: zipfile.ZipFile, entry: Json, folder: str) -> None:
    info = zipfile.ZipInfo(entry["name"] + ("/" if entry["folder"] else ""), EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = ((stat.S_IFDIR if entry["folder"] else stat.S_IFREG) | entry["mode"] & 0o777) << 16
    # From it zipfile tells whether the entry needs the large form.
    info.file_size = entry["size"]
    with archive.open(info, "w") as target:
        if entry["size"]:
            with open(f"{folder}/{entry['blob']}", "rb") as source:
                shutil.copyfileobj(source, target, PIECE_BYTES)


def main(folder: str, task: str, options: str) -> None:
    try:
        if task == "inflate":
            inflate(folder, json.loads(options))
        else:
            pack(folder)
        send({"t": "end"})
    except Refused as refusal:
        send({"t": "refused", "reason": str(refusal)})
    except Exception as error:
        send({"t": "failed", "reason": f"{type(error).__name__}: {error}"})
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:4])
