"""Decisions in the tables of other tools: what they ask for, and nothing else."""

import json

import pytest

from bearkit import decide_file, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.errors import ReviewError
from bearkit.labelling.decisions_csv import parse_decision
from tests.conftest import write_pictures


@pytest.fixture
def bears(pictured, tmp_path):
    """Three black, three Bär and three teddy pictures of a folder named bears."""
    return pictured(tmp_path, "bears", {"black": 3, "Bär": 3, "teddy": 3})


def changes(project, path, content):
    """What a table changes: (number of the picture, label before, label after)."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    names = {image.image_id: image.path.rpartition("/")[2].partition(".")[0] for image in Catalog(project).images()}
    result = decide_file(project, path, "ann")
    assert not result["unmatched"]
    return [(names[row["image_id"]], row["from_label"], row["to_label"]) for row in result["stored"]]


@pytest.mark.parametrize(
    "word", ["0.0", "0", "no", "N", "f", "False", "FALSE", "none", "None", "", "NaN", "nan", "null", "N/A", "-"]
)
def test_a_row_that_is_no_issue_changes_nothing(bears, tmp_path, word):
    text = f"path,is_label_issue,predicted_label\nteddy/6.png,{word},Bär\nteddy/7.png,True,Bär\n"
    assert changes(bears, tmp_path / "issues.csv", text) == [("7", "teddy", "Bär")]


@pytest.mark.parametrize("word", ["1.0", "1", "yes", "Y", "t", "TRUE", " True "])
def test_a_row_that_is_an_issue_changes_its_label(bears, tmp_path, word):
    text = f"path,is_label_issue,predicted_label\nteddy/6.png,{word},Bär\n"
    assert changes(bears, tmp_path / "issues.csv", text) == [("6", "teddy", "Bär")]


@pytest.mark.parametrize("word", ["maybe", "0.5", "2", "nein"])
def test_a_word_that_is_not_known_is_an_error_that_names_the_row(bears, tmp_path, word):
    text = f"path,is_label_issue,predicted_label\nteddy/6.png,True,Bär\nteddy/7.png,{word},Bär\n"
    with pytest.raises(ReviewError, match=f"line 3 of .*issues.csv: `{word}` in the column `is_label_issue`"):
        changes(bears, tmp_path / "issues.csv", text)
    assert DecisionLog(Catalog(bears)).history() == []


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_separators_and_encodings_of_spreadsheets_are_read(bears, tmp_path, separator, encoding):
    lines = ("Path|Action", "teddy/6.png|relabel:Bär", "black/0.png|DELETE", "Bär/3.png|")
    text = "\r\n".join(lines).replace("|", separator)
    assert changes(bears, tmp_path / "d.csv", text.encode(encoding)) == [("6", "teddy", "Bär"), ("0", "black", None)]


@pytest.mark.parametrize(
    "text",
    [
        "image,id,choice\n/data/local-files/?d=bears/teddy/6.png,1,Bär\n",
        "image,id,choice\n/data/local-files/?d=bears%2Fteddy%2F6.png&x=1,1,Bär\n",
        "img,choice\nhttp://localhost:8080/data/upload/1/1a2b3c4d-6.png?token=1,Bär\n",
        'image,label\ns3://bucket/bears/teddy/6.png,"{""choices"": [""Bär""]}"\n',
        "filepath,ground_truth\nC:\\data\\bears\\teddy\\6.png,Bär\n",
        "filepath,tags,ground_truth.label\n/data/bears/teddy/6.png,x,Ba\u0308r\n",
        "path,label,is_label_issue,predicted_label\nteddy/6.png,teddy,True,Bär\n",
        json.dumps([{"path": "teddy/6.png", "is_label_issue": True, "predicted_label": "Bär"}]),
    ],
)
def test_the_columns_and_names_of_other_tools_are_known(bears, tmp_path, text):
    assert changes(bears, tmp_path / "d.csv", text) == [("6", "teddy", "Bär")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("path,is_label_issue,predicted_label\nteddy/6.png,True,1\n", "`1` in the column `predicted_label` is no l"),
        ("path,predicted_label\nteddy/6.png,Bär\n", "holds predictions"),
        ("path,label,probability,known,similarity,error\nteddy/6.png,Bär,0.9,True,,\n", "holds predictions"),
        ("path,action\nteddy/6.png,relabel:black, brown\n", "1 more cells than there are columns: `brown`"),
        ("path,label\nteddy/6.png,B\xe4r \u718a\ufffd\n", "letters that cannot be read"),
        ("PK\x03\x04", "spreadsheet"),
    ],
)
def test_nothing_is_relabelled_by_guesswork(bears, tmp_path, text, error):
    with pytest.raises(ReviewError, match=error) as caught:
        changes(bears, tmp_path / "d.csv", text)
    assert caught.value.hint
    assert DecisionLog(Catalog(bears)).history() == []


def test_an_empty_label_is_none_but_a_label_may_be_called_none(bears, tmp_path):
    text = "path,label\nteddy/6.png,nan\nteddy/7.png,None\nteddy/8.png,\n"
    assert changes(bears, tmp_path / "d.csv", text) == []
    import_images(bears, write_pictures(tmp_path / "more", {"None": 1}, start=50))
    assert changes(bears, tmp_path / "d.csv", text) == [("7", "teddy", "None")]


def test_a_decision_takes_the_labels_that_an_import_would_take():
    assert parse_decision("abc", "relabel:polar\u00a0be\u200bar").to == "polar bear"
    with pytest.raises(ReviewError, match="control character"):
        parse_decision("abc", "relabel:x\ny")


# --- two rows about one picture

CONFLICTS = [
    "image,annotator,choice\nteddy/6.png,1,Bär\nteddy/7.png,1,Bär\nteddy/6.png,2,black\n",
    "image,annotator,choice\nteddy/6.png,1,teddy\nteddy/7.png,1,Bär\nteddy/6.png,2,black\n",
    "path,action\nteddy/6.png,keep\nteddy/7.png,keep\nbears/teddy/6.png,delete\n",
    "path,action\nteddy/6.png,relabel:Bär\nteddy/7.png,keep\nteddy/6.png,unlabel\n",
    "path,is_label_issue,predicted_label\nteddy/6.png,True,Bär\nteddy/7.png,True,Bär\nteddy/6.png,False,black\n",
    'image,choice\nteddy/6.png,"{""choices"": [""teddy""]}"\nteddy/7.png,Bär\nteddy/6.png,"{""choices"": [""Bär""]}"\n',
]


@pytest.mark.parametrize("text", CONFLICTS)
def test_rows_that_contradict_each_other_are_an_error_that_names_the_picture_and_both_rows(bears, tmp_path, text):
    with pytest.raises(ReviewError, match=r"images/teddy/6.png is .* in line 2, .* in line 4") as caught:
        changes(bears, tmp_path / "d.csv", text)
    assert "contradict each other about 1 picture" in str(caught.value)
    assert caught.value.details["conflicts"] == [{"path": "images/teddy/6.png", "lines": [2, 4]}]
    assert "nothing was stored" in caught.value.hint
    assert DecisionLog(Catalog(bears)).history() == []


@pytest.mark.parametrize(
    "text",
    [
        "image,choice\nteddy/6.png,Bär\nteddy/6.png,Bär\nbears/teddy/6.png,Bär\n",
        "image,choice\nteddy/6.png,Bär\nteddy/6.png,\nteddy/6.png,Ba\u0308r\n",
        "path,action\nteddy/6.png,relabel:Bär\nteddy/6.png,label:Bär\nteddy/6.png,none\n",
    ],
)
def test_rows_that_say_the_same_are_one_decision(bears, tmp_path, text):
    assert changes(bears, tmp_path / "d.csv", text) == [("6", "teddy", "Bär")]
    assert len(DecisionLog(Catalog(bears)).history()) == 1
