"""Read the files of a zip one by one, in memory. Nothing is unpacked to disk, so that no path in it can do harm."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from bearkit.errors import ImageError, ImportSourceError
from bearkit.images import MAX_BYTES, too_big_error
from bearkit.sources.layout import SourceItem, archive_problem, left_out_system_files, readable_path, system_part
from bearkit.sources.zip_names import check_member_list, member_name

ALWAYS, TIMES = 2**30, 100  # bytes; a zip may unpack to ALWAYS + TIMES x its own size


def list_files(path: Path, labelled: bool = True, include_left_out: bool = False) -> list[SourceItem]:
    """List every file in a zip, with its place in it.

    Args:
        path: the zip.
        labelled: whether folder names are read as labels later; otherwise each file gets the label "".
        include_left_out: also list what is left out, as items with `ignored` set and a reason.

    Raises:
        ImportSourceError: it is not a zip file, or lists or unpacks to more than the limits (a zip bomb).
    """
    check_member_list(path)
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds of error on damaged bytes
        raise ImportSourceError(
            f"{path.name} cannot be opened as a zip file, it is damaged or not a zip: {error}",
            hint="give a folder or a zip of a folder; unpack other kinds of archive first",
        ) from error
    members = [member for member in archive.infolist() if not member.is_dir()]
    _refuse_bomb(path, sum(member.file_size for member in members))
    refused, items, system_files = [], [], []
    for member in members:
        place = PurePosixPath(readable_path(member_name(member)[0].replace("\\", "/")))
        if problem := _refusal(member, place):
            refused.append(SourceItem(f"{path}!{place}", place.name, None, None, bytes, problem))
        elif system_part(place):
            system_files.append(place)
        else:
            problem, label = archive_problem(place.name), None if labelled else ""
            read = _Member(archive, member)
            items.append(SourceItem(f"{path}!{place}", place.name, label, None, read, problem, place))
    if include_left_out:
        items += left_out_system_files(system_files, lambda place: f"{path}!{place}")
    return refused + items


def unsure_names_note(path: Path) -> str:
    """Return a sentence about the names in a zip whose encoding is unknown; "" if there are none.

    Raises:
        ImportSourceError: it is not a zip file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name, sure in map(member_name, archive.infolist()) if not sure]
    except Exception as error:
        raise ImportSourceError(f"{path.name} cannot be opened as a zip file: {error}") from error
    if not names:
        return ""
    return (
        f"the encoding of {len(names)} names in {path.name} is unknown; they were read as DOS names, for example "
        f"`{names[0]}`. If they are wrong, unpack the zip and import the folder"
    )


def _refuse_bomb(path: Path, unpacked: int) -> None:
    size = path.stat().st_size
    if unpacked > ALWAYS + TIMES * size:
        raise ImportSourceError(
            f"{path.name} has {size / 2**20:.0f} MiB and would unpack to {unpacked / 2**30:.0f} GiB: refused",
            hint="unpack the files that you need, and import their folder",
        )


def _refusal(member: zipfile.ZipInfo, name: PurePosixPath) -> str:
    """Return why a member is not read: its path leaves the archive's folder, or it is a link. "" if it is read."""
    if not name.parts:
        return "it has no name"
    if name.is_absolute() or ".." in name.parts or name.parts[0][1:2] == ":":
        return "its path points outside of the archive: refused"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, not a picture"
    return ""


class _Member:
    """Reads one member, and at most MAX_BYTES of it, even if its header gives a wrong size."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        self.archive, self.member = archive, member

    def __call__(self) -> bytes:
        if self.member.file_size > MAX_BYTES:
            raise too_big_error(self.member.file_size)
        if self.member.flag_bits & 0x1:
            raise ImageError("it is locked with a password", hint="make the zip again, without a password")
        try:
            with self.archive.open(self.member) as stream:
                return stream.read(MAX_BYTES)
        except Exception as error:  # the decompressors of zip raise many kinds of error
            raise ImageError(f"the archive is damaged here ({error})") from error
