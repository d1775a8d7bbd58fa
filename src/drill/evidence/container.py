"""The container of a bundle: a plain tar (ustar) that has exactly one spelling.

    for each member, by name:  header (512)  data  zeros to the next 512      then 1,024 zeros, and the end

The header is a function of name and size alone: owner 0, mode 0644, time 0, a plain file. A reader makes
the header that must stand there and compares, so there is no place for a link, a path that leaves the
folder, a name twice, or a byte more. Nothing is compressed, so nothing unpacks to more than it is.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from drill.model.errors import JournalError

BLOCK = 512
MAX_MEMBERS = 1000
MAX_DOCUMENT_BYTES = 64 << 20  # of a member that is read whole; a journal stream is read line by line
MAX_MEMBER_BYTES = 8**11 - 1  # what the eleven octal digits of a ustar header can tell: 8 GiB
NAME = re.compile(
    r"[a-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)?"
)
_END = bytes(2 * BLOCK)
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's data stands in the file."""

    name: str
    offset: int
    size: int


def header(name: str, size: int) -> bytes:
    """The one header of a member; JournalError when it cannot be one of a bundle."""
    if not NAME.fullmatch(name) or len(name) > 100 or size > MAX_MEMBER_BYTES:
        raise JournalError(f"{name[:100]!r} of {size} bytes cannot be a member of a bundle")
    fields = (
        name.encode().ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0", b"%011o\0" % size,
        b"00000000000\0", b" " * 8, b"0", bytes(100), b"ustar\0" + b"00", bytes(64), b"0000000\0" * 2,
    )  # fmt: skip
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def write_container(path: Path, members: Mapping[str, bytes | BinaryIO]) -> None:
    """Write a bundle whole or not at all: beside its place first, then in it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("xb") as file:
            for name in sorted(members):
                _append(file, name, members[name])
            file.write(_END)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise JournalError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):  # where it could not be made, it is not there either
            beside.unlink()


def _append(file: BinaryIO, name: str, data: bytes | BinaryIO) -> None:
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    file.write(header(name, size))
    copied = 0
    while chunk := source.read(_COPY_BYTES):
        file.write(chunk)
        copied += len(chunk)
    if copied != size:
        raise JournalError(f"{name} grew or shrank while it was being sealed")
    file.write(bytes(-size % BLOCK))


def members(file: BinaryIO) -> dict[str, Member]:
    """Every member by name; JournalError at the first byte that stands where no bundle has it."""
    found: dict[str, Member] = {}
    total, last = file.seek(0, os.SEEK_END), ""
    for member in _members(file, total):
        if member.name <= last:
            raise JournalError(f"{member.name} stands after {last}: names go up, and each is there once")
        if len(found) == MAX_MEMBERS:
            raise JournalError(f"it has more than {MAX_MEMBERS} members")
        found[member.name], last = member, member.name
    return found


def _members(file: BinaryIO, total: int) -> Iterator[Member]:
    at = 0
    while True:
        file.seek(at)
        block = file.read(BLOCK)
        if block == bytes(BLOCK):
            return _ending(file, at, total)
        member = _member(block, at)
        end = member.offset + member.size
        after = end + -member.size % BLOCK
        if after > total:
            raise JournalError(f"{member.name} is cut off")
        file.seek(end)
        if any(file.read(after - end)):
            raise JournalError(f"something stands behind the end of {member.name}")
        yield member
        at = after


def _ending(file: BinaryIO, at: int, total: int) -> None:
    file.seek(at)
    if file.read(len(_END)) != _END or total != at + len(_END):
        raise JournalError("it does not end where a bundle ends: bytes were added or cut off")


def _member(block: bytes, at: int) -> Member:
    try:
        name, size = block[:100].rstrip(b"\0").decode("ascii"), int(block[124:135], 8)
        right = header(name, size) == block
    except (ValueError, JournalError):
        right = False
    if not right:
        raise JournalError(f"no member of a bundle begins at byte {at}")
    return Member(name, at + BLOCK, size)


class Slice(io.RawIOBase):
    """One member's bytes as a file of its own."""

    def __init__(self, file: BinaryIO, member: Member) -> None:
        self._file, self._member, self._at = file, member, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._member.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typed for any buffer; the reader around it passes memoryviews only
        """As any file; never beyond the member."""
        want = max(0, min(len(buffer), self._member.size - self._at))
        self._file.seek(self._member.offset + self._at)
        data = self._file.read(want)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def opened(file: BinaryIO, member: Member) -> io.BufferedReader:
    """A member as a buffered file."""
    return io.BufferedReader(Slice(file, member), 1 << 16)


def document(file: BinaryIO, member: Member) -> bytes:
    """A member's bytes; JournalError when it is larger than any document of a bundle."""
    if member.size > MAX_DOCUMENT_BYTES:
        raise JournalError(f"{member.name} has {member.size} bytes, more than any document of a bundle")
    file.seek(member.offset)
    return file.read(member.size)
