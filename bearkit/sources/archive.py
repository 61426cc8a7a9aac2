"""Pictures in a zip of a folder of folders, read member by member: nothing is ever unpacked to a path it chooses."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from bearkit.errors import ImageError, ImportSourceError
from bearkit.images import MAX_BYTES, too_big
from bearkit.sources.layout import SourceItem, archive_problem, left_out_system_files, readable_path, system_part
from bearkit.sources.zip_names import check_member_list, member_name

ALWAYS, TIMES = 2**30, 100  # bytes that may always come out of a zip; above that, so many times its own size


def list_files(path: Path, labelled: bool = True, tell: bool = False) -> list[SourceItem]:
    """Every file in the zip, at its place in it.

    Args:
        path: the zip.
        labelled: whether the folders say labels; otherwise each file has the label "".
        tell: whether what is left out is in the list too.

    Raises:
        ImportSourceError: it is no zip file, or one that would fill the memory or take for ever.
    """
    check_member_list(path)
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises almost anything on damaged bytes
        raise ImportSourceError(
            f"{path.name} cannot be opened as a zip file, it is damaged or none: {error}",
            hint="give a folder or a zip of one; unpack other kinds of archive first",
        ) from error
    members = [member for member in archive.infolist() if not member.is_dir()]
    _refuse_bomb(path, sum(member.file_size for member in members))
    refused, found, places = [], [], []
    for member in members:
        place = PurePosixPath(readable_path(member_name(member)[0].replace("\\", "/")))
        if problem := _refusal(member, place):
            refused.append(SourceItem(f"{path}!{place}", place.name, None, None, bytes, problem))
        elif system_part(place):
            places.append(place)
        else:
            problem, label = archive_problem(place.name), None if labelled else ""
            read = _Member(archive, member)
            found.append(SourceItem(f"{path}!{place}", place.name, label, None, read, problem, place))
    return refused + found + (left_out_system_files(places, lambda place: f"{path}!{place}") if tell else [])


def unsure_names_note(path: Path) -> str:
    """A sentence about the names in a zip that are in an unknown encoding; "" where all are clear.

    Raises:
        ImportSourceError: it is no zip file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name, sure in map(member_name, archive.infolist()) if not sure]
    except Exception as error:
        raise ImportSourceError(f"{path.name} cannot be opened as a zip file: {error}") from error
    if not names:
        return ""
    return (
        f"{len(names)} names in {path.name} are in an unknown encoding and were read as DOS names, for example "
        f"`{names[0]}`; if they are wrong, unpack it and import the folder"
    )


def _refuse_bomb(path: Path, unpacked: int) -> None:
    own = path.stat().st_size
    if unpacked > ALWAYS + TIMES * own:
        raise ImportSourceError(
            f"{path.name} has {own / 2**20:.0f} MiB and would unpack to {unpacked / 2**30:.0f} GiB: refused",
            hint="unpack what you need of it and import the folder",
        )


def _refusal(member: zipfile.ZipInfo, name: PurePosixPath) -> str:
    """Why a member is not even read: it would leave the archive's folder, or is a link."""
    if not name.parts:
        return "it has no name"
    if name.is_absolute() or ".." in name.parts or name.parts[0][1:2] == ":":
        return "its path points outside of the archive: refused"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, not a picture"
    return ""


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
