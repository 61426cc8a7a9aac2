"""Sources other than copied folders and zips: links, single files, data sets on the Hub, sounds, packages' own."""

import io
import json
from importlib.metadata import EntryPoint

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from huggingface_hub import constants
from PIL import Image

from bearkit import Project, apply_decisions, decide_one, import_images, unapply_decisions
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ImageError, ImportSourceError, NoImagesError
from bearkit.images import content_id
from bearkit.sources import audio, plugins
from bearkit.sources.layout import SourceItem
from tests.conftest import picture, write_drawings
from tests.fake_hub import COMMIT
from tests.samples import sound


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "p")


def images(project):
    return Catalog(project).images()


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- links


def test_linked_pictures_stay_where_they_are(project, tmp_path):
    photos = tmp_path / "photos"
    write_drawings(photos, 3)
    before = files(photos)
    assert import_images(project, photos, link=True).imported == 9
    assert not project.images.exists()
    assert {image.path for image in images(project)} == {str(path.resolve()) for path in photos.rglob("*.png")}
    again = import_images(project, photos, link=True)
    assert (again.imported, again.duplicates) == (0, 9)
    assert files(photos) == before


def test_what_is_decided_about_linked_pictures_touches_no_file(project, tmp_path):
    photos = tmp_path / "photos"
    write_drawings(photos, 3)
    before = files(photos)
    import_images(project, photos, link=True)
    one, two, *_ = images(project)
    decide_one(project, one.image_id, "delete", "ann")
    decide_one(project, two.image_id, "relabel:star", "ann")
    assert apply_decisions(project).as_dict() == {"moved": 0, "trashed": 0, "missing": []}
    assert files(photos) == before
    assert unapply_decisions(project).moved == 0
    assert files(photos) == before


def test_a_linked_picture_that_went_away_comes_back_from_where_it_is_now(project, tmp_path):
    photos = tmp_path / "photos"
    write_drawings(photos, 2)
    import_images(project, photos, link=True)
    photos.rename(tmp_path / "moved")
    import_images(project, tmp_path / "moved")
    assert all(Catalog(project).path(image).is_file() for image in images(project))
    assert {image.linked for image in images(project)} == {False}
    assert not photos.exists()
    assert unapply_decisions(project).as_dict() == {"moved": 0, "trashed": 0, "missing": []}


def test_a_link_to_a_folder_inside_the_project_is_one_too(project):
    write_drawings(project.root / "photos", 2)
    import_images(project, project.root / "photos", link=True)
    one, *_ = images(project)
    assert one.linked
    decide_one(project, one.image_id, "delete", "ann")
    assert apply_decisions(project).trashed == 0
    assert (project.root / one.path).is_file()


def test_what_is_made_from_a_file_is_kept_and_not_linked(project, tmp_path):
    (tmp_path / "owls").mkdir()
    for n in range(3):
        (tmp_path / "owls" / f"{n}.wav").write_bytes(sound(300 + 100 * n))
    import_images(project, tmp_path / "owls", link=True, label="owl")
    assert {image.linked for image in images(project)} == {False}
    assert all(content_id(Catalog(project).path(image).read_bytes()) == image.image_id for image in images(project))


@pytest.mark.slow
def test_linking_is_trained_on_and_told_on_the_command_line(project, tmp_path, bearkit_json):
    write_drawings(tmp_path / "photos", 8)
    assert bearkit_json("import", tmp_path / "photos", "--link", "-p", project.root)["imported"] == 24
    result = bearkit_json("train", "--epochs", 2, "-p", project.root)
    assert result["skipped"] == []


# --- files


def test_files_for_a_label(project, tmp_path, bearkit_json):
    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(picture(n, kind="PNG"))
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    result = bearkit_json("import", *paths, "--label", "bear", "-p", project.root)
    assert (result["imported"], result["labels"]) == (3, {"bear": 3})
    assert (project.images / "bear" / "1.png").is_file()


def test_files_without_a_label(project, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(picture(1, kind="PNG"))
    with pytest.raises(ImportSourceError, match="no folder gives it a label") as caught:
        import_images(project, path)
    assert "--label" in caught.value.hint
    with pytest.raises(ImportSourceError, match="the label is empty"):
        import_images(project, path, label=" ")
    assert import_images(project, path, labelled=False).unlabelled == 1


def test_the_same_file_under_another_label_is_a_conflict(project, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1, kind="PNG"))
    import_images(project, tmp_path / "a.png", label="black")
    report = import_images(project, tmp_path / "a.png", label="teddy")
    (row,) = report.conflicts
    assert (row["labels"], row["kept_label"]) == (["black", "teddy"], "black")


def test_files_are_named_by_what_they_are(project, tmp_path):
    (tmp_path / "show.php").write_bytes(picture(1))
    import_images(project, tmp_path / "show.php", label="black")
    assert (project.images / "black" / "show.php.jpg").is_file()


def test_a_label_for_a_whole_folder(project, tmp_path):
    write_drawings(tmp_path / "photos", 2)
    assert import_images(project, tmp_path / "photos", label="shape").labels == {"shape": 6}


# --- the Hub


def table(rows, names=None, group=None):
    """A parquet file of (label, picture bytes), as the datasets library writes one."""
    values = {
        "image": [{"bytes": data, "path": None} for _, data in rows],
        "label": [label for label, _ in rows],
    }
    made = arrow.table(values)
    if names:
        about = {"info": {"features": {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}}}
        made = made.replace_schema_metadata({"huggingface": json.dumps(about)})
    out = io.BytesIO()
    parquet.write_table(made, out, row_group_size=group)
    return out.getvalue()


def test_a_data_set_of_folders(project, with_hub):
    pictures = {
        f"train/{label}/{n}.png": picture(10 * k + n, kind="PNG") for k, label in enumerate("ab") for n in range(3)
    }
    pictures["test/a/9.png"] = picture(99, kind="PNG")
    server = with_hub({"ann/bears": pictures | {"README.md": b"# Bears", "code/evil.py": b"print()"}})
    report = import_images(project, "hf://ann/bears")
    assert (report.imported, report.rejected, report.labels) == (7, [], {"a": 4, "b": 3})
    assert {image.given_split for image in images(project)} == {"train", "test"}
    assert {source.origin for source in Catalog(project).sources()} == {
        f"hf://ann/bears@{COMMIT}/{name}" for name in pictures
    }
    assert not any("evil" in path for path in server.asked)


def test_a_data_set_of_folders_with_the_hubs_own_table(project, with_hub):
    files = {f"train/{n}.png": picture(n, kind="PNG") for n in range(4)}
    table = "file_name,label\n" + "".join(f"{n}.png,{'black' if n % 2 else 'teddy'}\n" for n in range(4))
    with_hub({"ann/bears": files | {"train/metadata.csv": table.encode()}})
    report = import_images(project, "hf://ann/bears")
    assert (report.labels, report.splits, report.rejected) == ({"black": 2, "teddy": 2}, {"train": 4}, [])


def test_a_data_set_of_parquet_files(project, with_hub):
    rows = [(n % 2, picture(n, kind="PNG")) for n in range(10)]
    test = [(-1, picture(50, kind="PNG")), (1, picture(51, kind="PNG")), (0, b"no picture")]
    with_hub(
        {
            "ann/bears": {
                "data/train-00000-of-00001.parquet": table(rows, ["black", "teddy"], group=3),
                "data/test-00000-of-00001.parquet": table(test, ["black", "teddy"]),
            }
        }
    )
    report = import_images(project, "hf://datasets/ann/bears")
    assert (report.imported, report.labels, report.unlabelled) == (12, {"black": 5, "teddy": 6}, 1)
    assert {row["reason"] for row in report.rejected} == {
        "not a picture that can be read: it is a text, of no known picture format"
    }
    by_id = {image.image_id: image for image in images(project)}
    assert [by_id[content_id(data)].label for _, data in rows] == ["black", "teddy"] * 5
    assert by_id[content_id(test[1][1])].given_split == "test"
    assert f"hf://ann/bears@{COMMIT}/data/train-00000-of-00001.parquet#7" in {
        source.origin for source in Catalog(project).sources()
    }


def test_a_column_of_words(project, with_hub):
    with_hub(
        {"ann/bears": {"all.parquet": table([("black", picture(1, kind="PNG")), ("teddy", picture(2, kind="PNG"))])}}
    )
    assert import_images(project, "hf://ann/bears").labels == {"black": 1, "teddy": 1}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"0.png": picture(0), "1.png": picture(1)}, "there are no folders for labels"),
        ({"train/0.png": picture(0), "test/1.png": picture(1)}, "in no label's folder"),
        ({"README.md": b"#"}, "holds neither pictures nor parquet"),
        ({"a.parquet": b"no parquet"}, "cannot be read as parquet"),
    ],
)
def test_data_sets_that_are_none(project, with_hub, files, reason):
    with_hub({"ann/bears": files})
    with pytest.raises(ImportSourceError, match=reason):
        import_images(project, "hf://ann/bears")


def test_data_sets_that_cannot_be_had(project, with_hub):
    with_hub({})
    for name in ("ann/nothing", "not a name/at all/really"):
        with pytest.raises(ImportSourceError, match="cannot be downloaded") as caught:
            import_images(project, f"hf://{name}")
        assert "hf auth login" in caught.value.hint
    assert not project.exists


def test_a_space_never_lends_its_token_to_who_asks_for_a_private_data_set(project, with_hub, monkeypatch):
    server = with_hub({"owner/private": {"a/1.png": picture(1, kind="PNG"), "b/2.png": picture(2, kind="PNG")}})
    server.hub.repos["dataset", "owner/private"].private = True
    monkeypatch.setenv("SPACE_ID", "owner/studio")
    with pytest.raises(ImportSourceError, match="cannot be downloaded"):
        import_images(project, "hf://owner/private")
    assert not project.exists
    monkeypatch.delenv("SPACE_ID")
    assert import_images(project, "hf://owner/private").imported == 2


def test_no_network_is_told(project, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(ImportSourceError, match="hf://ann/bears cannot be downloaded"):
        import_images(project, "hf://ann/bears")


def test_a_damaged_table_loses_only_its_rows(project, with_hub):
    data = bytearray(table([("ab"[n % 2], picture(n, kind="PNG")) for n in range(8)], group=4))
    column = parquet.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    place = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size // 2
    data[place : place + 40] = bytes(40)
    with_hub({"ann/bears": {"train.parquet": bytes(data)}})
    report = import_images(project, "hf://ann/bears")
    assert report.imported == 4
    assert len(report.rejected) == 4


def test_columns_that_are_missing(project, with_hub):
    out = io.BytesIO()
    parquet.write_table(arrow.table({"image": [{"bytes": picture(1, kind="PNG")}], "caption": ["a bear"]}), out)
    with_hub({"ann/bears": {"a.parquet": out.getvalue()}})
    with pytest.raises(ImportSourceError, match="has no column of labels; it has: image, caption"):
        import_images(project, "hf://ann/bears")
    assert import_images(project, "hf://ann/bears", labelled=False).unlabelled == 1
    more = {"b.parquet": table([("black", picture(2, kind="PNG")), (None, picture(3, kind="PNG"))])}
    with_hub({"ann/mixed": {"a.parquet": out.getvalue(), **more}})
    report = import_images(project, "hf://ann/mixed")
    assert (report.labels, report.unlabelled) == ({"black": 1}, 2), "one of three has a label"


# --- sounds


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("hertz", [300, 1000, 3000])
def test_a_tone_is_a_line_at_its_pitch(hertz, rate):
    image = np.asarray(Image.open(io.BytesIO(audio.picture(lambda: sound(hertz, rate=rate)))))[..., 0]
    assert image.shape[0] == audio.BANDS
    middle = image[:, image.shape[1] // 2]
    mel = 2595 * np.log10(1 + np.array([audio.LOWEST, hertz, min(audio.HIGHEST, rate / 2)]) / 700)
    expected = audio.BANDS * (1 - (mel[1] - mel[0]) / (mel[2] - mel[0]))
    assert abs(int(middle.argmax()) - expected) < 5
    assert middle.max() > 250
    assert np.median(middle) < 60


def test_time_goes_to_the_right_and_long_recordings_are_cut():
    rate = 8000
    first, second = np.zeros(rate), np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    image = audio.spectrogram(np.concatenate([first, second]), rate)
    half = image.shape[1] // 2
    assert image[:, : half - 5].mean() < 0.02 < image[:, half + 5 :].mean()
    assert audio.spectrogram(np.random.default_rng(0).normal(size=100 * rate), rate).shape[1] <= audio.WIDEST + 1
    assert (audio.spectrogram(np.zeros(rate), rate) == 0).all()


def test_a_folder_of_sounds_becomes_pictures(project, tmp_path):
    for label, hertz in (("owl", 400), ("tit", 4000)):
        for n in range(4):
            path = tmp_path / "birds" / label / f"{n}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sound(hertz + 20 * n))
    (tmp_path / "birds" / "owl" / "broken.wav").write_bytes(b"RIFF nothing")
    report = import_images(project, tmp_path / "birds")
    assert report.labels == {"owl": 4, "tit": 4}
    assert [row["reason"].partition(" (")[0] for row in report.rejected] == ["not a sound that can be read"]
    assert all((project.images / "owl" / f"{n}.png").is_file() for n in range(4))
    assert import_images(project, tmp_path / "birds").duplicates == 8


def test_a_small_sound_that_asks_for_everything_is_refused():
    data = bytearray(sound(300, seconds=0.01))
    data[24:28] = (2_000_000_000).to_bytes(4, "little")
    with pytest.raises(ImageError, match="too much"):
        audio.picture(lambda: bytes(data))


def test_pictures_beside_a_few_sounds_stay_pictures(project, tmp_path):
    write_drawings(tmp_path / "photos", 3)
    (tmp_path / "photos" / "disc" / "a.wav").write_bytes(sound(300))
    report = import_images(project, tmp_path / "photos")
    assert report.imported == 9
    assert len(report.rejected) == 1


# --- packages' own


class Numbers:
    """An importer as a package would add it: `numbers://N` draws so many pictures."""

    def accepts(self, source):
        return source.startswith("numbers://")

    def find(self, source, labelled, leave_out):
        for n in range(int(source.rpartition("/")[2])):
            yield SourceItem(f"{source}#{n}", f"{n}.png", "drawn", None, lambda n=n: picture(n, kind="PNG"))


def with_entry_point(monkeypatch, value):
    entry = EntryPoint("numbers", value, plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry])
    plugins._importers.cache_clear()
    monkeypatch.setattr(plugins, "_importers", plugins._importers.__wrapped__)


def test_a_package_can_add_an_importer(project, monkeypatch):
    with_entry_point(monkeypatch, f"{__name__}:Numbers")
    assert import_images(project, "numbers://7").labels == {"drawn": 7}
    with pytest.raises(NoImagesError):
        import_images(project, "numbers://0")


def test_a_broken_importer_is_named(project, monkeypatch, tmp_path):
    with_entry_point(monkeypatch, "nowhere.at_all:Numbers")
    with pytest.raises(ImportSourceError, match=r"the importer `numbers` .* cannot be loaded"):
        import_images(project, tmp_path)


def test_sounds_are_registered_like_a_packages_own():
    assert any(isinstance(one, audio.Sounds) for one in plugins._importers())


def test_unknown_sources(project):
    with pytest.raises(ImportSourceError, match="does not exist"):
        import_images(project, "/nowhere")
    for source in ("ftp://example.org/a.zip", "https://example.org/a.zip"):
        with pytest.raises(ImportSourceError, match="is an address") as caught:
            import_images(project, source)
        assert caught.value.hint.startswith("download it first")
    with pytest.raises(ImportSourceError) as caught:
        import_images(project, "https://huggingface.co/datasets/ann/bears/tree/main")
    assert "hf://ann/bears" in caught.value.hint
