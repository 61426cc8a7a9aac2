"""Recognise zip files, limit the size of their list of members, and decode the members' names."""

import os
import struct
import zipfile
from pathlib import Path

from bearkit.errors import ImportSourceError

MAX_MEMBERS = 200_000
MAX_LIST = 200 * MAX_MEMBERS  # bytes of the list of members
END, END_64, MEMBER = b"PK\5\6", b"PK\6\6", b"PK\1\2"
UTF8, UNICODE_PATH = 0x800, 0x7075  # a flag; the id of the extra field with a name in UTF-8


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip, by its name or by its content."""
    if not path.is_file():
        return False
    return path.suffix.lower() == ".zip" or (_begins_as_zip(path) and zipfile.is_zipfile(path))


def holds_zip(path: Path) -> bool:
    """Return whether a file's content is a zip, even a damaged one. An image may be called x.zip."""
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
            return  # not a zip: the code that opens it raises
        members, n_bytes, start = struct.unpack("<HII", tail[at + 10 : at + 20])
        if (at_64 := tail.rfind(END_64, 0, at)) >= 0 and len(tail) - at_64 >= 56:
            members, n_bytes, start = struct.unpack("<QQQ", tail[at_64 + 32 : at_64 + 56])
        if members <= MAX_MEMBERS and n_bytes <= MAX_LIST:
            file.seek(max(0, min(start, size)))  # the count may be wrong; each member begins with the same four bytes
            members = file.read(n_bytes).count(MEMBER)
    if members > MAX_MEMBERS or n_bytes > MAX_LIST:
        raise ImportSourceError(
            f"{path} lists {members:,} files in {n_bytes / 2**20:.0f} MiB; the limit is {MAX_MEMBERS:,} files",
            hint="unpack it and import the folder",
        )


def member_name(member: zipfile.ZipInfo) -> tuple[str, bool]:
    """Return a member's name, and whether its encoding is certain.

    A name without the flag for UTF-8 is read as UTF-8 if it is valid UTF-8, since macOS does not set the flag. Other
    names are read as the DOS code page 437, as the zip specification says; many programs use other code pages.
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
    """Return the name in UTF-8 that some programs add in an extra field; an empty text if there is none."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == UNICODE_PATH and size > 5:
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return ""
