"""What the names in a zip are, and whether its list of them is bearable, before anything else reads it."""

import os
import struct
import zipfile
from pathlib import Path

from bearkit.errors import ImportSourceError

MAX_MEMBERS = 200_000
MAX_LIST = 200 * MAX_MEMBERS  # bytes of the list of members
END, END_64, MEMBER = b"PK\5\6", b"PK\6\6", b"PK\1\2"
UTF8, UNICODE_PATH = 0x800, 0x7075  # a flag; the kind of extra field that holds a name in UTF-8


def is_zip(path: Path) -> bool:
    """Whether a file is a zip, whatever its name is; one that only says so by its name is one too."""
    if not path.is_file():
        return False
    return path.suffix.lower() == ".zip" or (_begins_as_zip(path) and zipfile.is_zipfile(path))


def holds_zip(path: Path) -> bool:
    """Whether a file's bytes are those of a zip, also of one that is damaged: a picture may be called x.zip."""
    return path.is_file() and (_begins_as_zip(path) or (path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)))


def _begins_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\3\4", END)
    except OSError:
        return False


def check_member_list(path: Path) -> None:
    """Refuse a zip whose list of members alone would fill the memory.

    Raises:
        ImportSourceError: it has more than MAX_MEMBERS files.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 66_000))
        tail = file.read()
        at = tail.rfind(END)
        if at < 0 or len(tail) - at < 22:
            return  # no zip at all: who opens it says so
        members, n_bytes, start = struct.unpack("<HII", tail[at + 10 : at + 20])
        if (at_64 := tail.rfind(END_64, 0, at)) >= 0 and len(tail) - at_64 >= 56:
            members, n_bytes, start = struct.unpack("<QQQ", tail[at_64 + 32 : at_64 + 56])
        if members <= MAX_MEMBERS and n_bytes <= MAX_LIST:
            file.seek(max(0, min(start, size)))  # the count may lie; every member begins with the same four bytes
            members = file.read(n_bytes).count(MEMBER)
    if members > MAX_MEMBERS or n_bytes > MAX_LIST:
        raise ImportSourceError(
            f"{path} lists {members:,} files in {n_bytes / 2**20:.0f} MiB; the limit is {MAX_MEMBERS:,} files",
            hint="unpack it and import the folder",
        )


def member_name(member: zipfile.ZipInfo) -> tuple[str, bool]:
    """A member's name, and whether it is sure.

    Names without the flag for UTF-8 that are valid UTF-8 are UTF-8 (macOS leaves the flag out); others are read as
    the old DOS code page, as zip's description says, which many programs do not keep to.
    """
    if member.flag_bits & UTF8 or member.filename.isascii():
        return member.filename, True
    if named := _unicode_path(member.extra):
        return named, True
    try:
        return member.filename.encode("cp437").decode("utf-8"), True
    except UnicodeError:
        return member.filename, False


def _unicode_path(extra: bytes) -> str:
    """The name in UTF-8 that some programs add; "" where there is none."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == UNICODE_PATH and size > 5:
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return ""
