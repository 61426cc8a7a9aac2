"""Pictures in a zip of a folder of folders, read member by member: nothing is ever unpacked to a path it chooses."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from bearkit.collect.layout import Found, is_litter, places, readable
from bearkit.errors import ImageError, ImportSourceError
from bearkit.images import MAX_BYTES, too_big

MAX_MEMBERS = 200_000


def find(path: Path, labelled: bool = True) -> list[Found]:
    """Every file in the zip, with what its folders say.

    Raises:
        ImportSourceError: it is no zip file.
    """
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises almost anything on damaged bytes
        raise ImportSourceError(
            f"{path.name} cannot be opened as a zip file, it is damaged or none: {error}",
            hint="give a folder or a zip of one; unpack other kinds of archive first",
        ) from error
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_MEMBERS:
        raise ImportSourceError(f"{path} holds more than {MAX_MEMBERS} files", hint="unpack it and import the folder")
    names = [PurePosixPath(readable(member.filename.replace("\\", "/"))) for member in members]
    refused = [_refusal(member, name) for member, name in zip(members, names, strict=True)]
    good = [
        (member, name)
        for member, name, why in zip(members, names, refused, strict=True)
        if not why and not is_litter(name)
    ]
    found = [
        Found(f"{path}!{name}", name.name, None, None, _nothing, why)
        for name, why in zip(names, refused, strict=True)
        if why
    ]
    for (member, name), place in zip(good, places([name for _, name in good], path.stem, labelled), strict=True):
        read = _Member(archive, member)
        found.append(Found(f"{path}!{name}", name.name, place.label, place.split, read, place.problem))
    return found


def _refusal(member: zipfile.ZipInfo, name: PurePosixPath) -> str:
    """Why a member is not even read: it would leave the archive's folder, or is a link."""
    if not name.parts:
        return "it has no name"
    if name.is_absolute() or ".." in name.parts or name.parts[0][1:2] == ":":
        return "its path points outside of the archive: refused"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, not a picture"
    return ""


def _nothing() -> bytes:
    return b""


class _Member:
    """Reads one member, never more than MAX_BYTES of it, whatever its header says."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        self.archive, self.member = archive, member

    def __call__(self) -> bytes:
        if self.member.file_size > MAX_BYTES:
            raise too_big(self.member.file_size)
        if self.member.flag_bits & 0x1:
            raise ImageError("it is locked with a password", hint="make the zip again without a password")
        try:
            with self.archive.open(self.member) as stream:
                return stream.read(MAX_BYTES)
        except Exception as error:  # from any of zip's decompressors
            raise ImageError(f"the archive is damaged here ({error})") from error
