"""Zips and other archives at the door: names in any encoding, bombs, archives inside archives, addresses."""

import io
import struct
import tracemalloc
import unicodedata
import zipfile

import pytest

from bearkit import import_images
from bearkit.errors import ImportSourceError, NoImagesError
from bearkit.sources import zip_names
from tests.conftest import picture, write_pictures


class Raw(zipfile.ZipInfo):
    """A member whose name is stored as these bytes, without the flag for UTF-8, as macOS and Windows do."""

    raw = b""

    def _encodeFilenameFlags(self):
        return self.raw, self.flag_bits & ~0x800


def zip_of(path, names, extra=lambda name: b""):
    """A zip with a picture under each name (bytes)."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            member = Raw(f"x{number}")
            member.raw, member.extra = name, extra(name)
            archive.writestr(member, picture(number, kind="PNG"))
    return path


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_of_a_mac_are_utf_8(form, tmp_path, project):
    labels = ("Bär", "größer", "黑熊", "ours")
    names = [unicodedata.normalize(form, f"{label}/{n}.png").encode() for label in labels for n in range(2)]
    report = import_images(project, zip_of(tmp_path / "mac.zip", names))
    assert report.labels == dict.fromkeys(sorted(labels), 2)
    assert not any("encoding" in note for note in report.notes)


def test_names_in_an_old_encoding_are_read_as_dos_names_and_that_is_said(tmp_path, project):
    names = [f"{label}/{n}.png".encode("cp437") for label in ("Bär", "Fuß") for n in range(2)]
    report = import_images(project, zip_of(tmp_path / "dos.zip", names))
    assert report.labels == {"Bär": 2, "Fuß": 2}
    (note,) = report.notes
    assert "the encoding of 4 names in dos.zip is unknown" in note


def test_a_name_that_is_given_in_utf_8_beside_the_old_one_counts(tmp_path, project):
    def both(name):
        better = name.decode("cp1252").encode()
        return struct.pack("<HHBL", 0x7075, 5 + len(better), 1, 0) + better

    names = [f"{label}/{n}.png".encode("cp1252") for label in ("Bär", "Fuß") for n in range(2)]
    report = import_images(project, zip_of(tmp_path / "both.zip", names, both))
    assert (report.labels, report.notes) == ({"Bär": 2, "Fuß": 2}, [])


@pytest.mark.parametrize("count_lies", [False, True])
def test_a_zip_of_too_many_files_is_refused_before_its_list_is_read(count_lies, tmp_path, project):
    member = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    n = 300_000
    said = 5 if count_lies else 65_535
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, said, said, n * len(member), 0, 0)
    big = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, n * len(member), 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, n * len(member), 1)
    path = tmp_path / "many.zip"
    path.write_bytes(member * n + (b"" if count_lies else big + locator) + end)
    tracemalloc.start()
    with pytest.raises(ImportSourceError, match="lists 300,000 files"):
        import_images(project, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 2**20
    assert not project.exists


def test_a_zip_that_unpacks_to_far_more_than_itself_is_refused(tmp_path, project):
    path = zip_of(tmp_path / "bomb.zip", [f"black/{n}.png".encode() for n in range(20)])
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    while at >= 0:  # each member says that it unpacks to 90 MiB
        data[at + 24 : at + 28] = struct.pack("<L", 90 * 2**20)
        at = data.find(b"PK\1\2", at + 4)
    path.write_bytes(data)
    with pytest.raises(ImportSourceError, match=r"bomb.zip has 0 MiB and would unpack to 2 GiB: refused"):
        import_images(project, path)


def test_a_zip_is_known_by_its_content(tmp_path, project):
    source = write_pictures(tmp_path / "s", {"black": 2, "teddy": 2})
    for number, name in enumerate(("download", "bears.part", "bears.ZIP")):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for file in source.rglob("*.png"):
                archive.write(file, file.relative_to(source))
        report = import_images(project, path)
        assert (report.imported, report.duplicates) == ((4, 0) if number == 0 else (0, 4))
    assert not zip_names.is_zip(source / "black" / "0.png")


def test_archives_inside_archives_and_folders_are_named_with_what_to_do(tmp_path, project):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("black/1.png", picture(1))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("bears.zip", inner.getvalue())
    with pytest.raises(NoImagesError, match="it is an archive: unpack it first") as caught:
        import_images(project, tmp_path / "outer.zip")
    assert caught.value.hint.startswith("unpack it first, and import the zip")
    source = write_pictures(tmp_path / "s", {"black": 2, "teddy": 2})
    (source / "more.tar.gz").write_bytes(b"\x1f\x8b")
    report = import_images(project, source)
    assert report.imported == 4
    assert "unpack it first" in report.rejected[0]["reason"]


@pytest.mark.parametrize("name", ["b.tar.gz", "b.TGZ", "b.7z", "b.rar", "b.tar"])
def test_other_archives_are_told_apart_from_pictures(name, tmp_path, project):
    (tmp_path / name).write_bytes(b"\x1f\x8b and more")
    for how in ({}, {"label": "black"}):
        with pytest.raises(ImportSourceError, match="is an archive of a kind that cannot be read") as caught:
            import_images(project, tmp_path / name, **how)
        assert "a zip of the folder" in caught.value.hint
