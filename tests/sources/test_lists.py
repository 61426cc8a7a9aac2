"""Lists of addresses as people have them: encodings, separators, and what is copied along with an address."""

import io
import json

import pytest

from bearkit.cli.data import _source
from bearkit.errors import ImportSourceError
from bearkit.sources.web import url_list
from bearkit.sources.web.address_text import clean_address

PAIR = {"https://e.org/a.jpg": "Bär", "https://e.org/b.jpg": "teddy"}


def read(path, content, label=None):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return url_list.read_lists([(label, path)])


def csv_of(separator, header="url{0}label", line_end="\n"):
    lines = [header.format(separator), *(f"{url}{separator}{label}" for url, label in PAIR.items())]
    return line_end.join([*lines, ""])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_list_is_read_in_the_encoding_that_it_has(tmp_path, encoding):
    assert read(tmp_path / "list.csv", csv_of(",").encode(encoding)).urls == PAIR


def test_one_damaged_letter_does_not_change_the_encoding_of_the_others(tmp_path):
    text = "url,label\nhttps://e.org/a.jpg,黑熊\nhttps://e.org/b.jpg,泰迪\n".encode()
    found = read(tmp_path / "list.csv", text + b"https://e.org/c.jpg,\xe9\n")
    assert list(found.urls.values()) == ["黑熊", "泰迪", "\ufffd"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["list.csv", "list.txt", "list.tsv"])
def test_columns_are_found_whatever_separates_them(tmp_path, separator, name):
    assert read(tmp_path / name, csv_of(separator, line_end="\r\n")).urls == PAIR
    assert read(tmp_path / name, csv_of(separator, "photo_link{0}Label")).urls == PAIR, "a column of addresses"
    excel = f"sep={separator}\n# mine\n\n" + csv_of(separator)
    assert read(tmp_path / name, excel).urls == PAIR
    without_header = csv_of(separator).partition("\n")[2]
    assert list(read(tmp_path / name, without_header, "bear").urls) == list(PAIR)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"url": url, "label": label} for url, label in PAIR.items()], indent=1),
        "\n".join(json.dumps({"label": label, "url": url}) for url, label in PAIR.items()),
        json.dumps({"url": list(PAIR), "label": list(PAIR.values())}),
    ],
)
def test_json_is_a_table_too(tmp_path, text):
    assert read(tmp_path / "list.json", text).urls == PAIR


def test_json_without_labels_takes_the_one_that_is_given(tmp_path):
    assert read(tmp_path / "list.json", json.dumps(list(PAIR)), "bear").urls == dict.fromkeys(PAIR, "bear")
    piece = json.dumps(list(PAIR), indent=1).rstrip("]\n") + ","
    assert list(read(tmp_path / "list.txt", piece, "bear").urls) == list(PAIR)


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ('"https://e.org/c.jpg",', "https://e.org/c.jpg"),
        ("https://e.org/my photo.jpg", "https://e.org/my%20photo.jpg"),
        ('"https://e.org/my photo.jpg",', "https://e.org/my%20photo.jpg"),
        ("<https://e.org/c.jpg>", "https://e.org/c.jpg"),
        ('<img alt="a" src="https://e.org/c.jpg?w=1&amp;h=2" width=3>', "https://e.org/c.jpg?w=1&h=2"),
        ('* ![bear](https://e.org/a_(b).jpg "a bear")', "https://e.org/a_(b).jpg"),
        ('"image_url": "https:\\/\\/e.org\\/c.jpg",', "https://e.org/c.jpg"),
        ("https://e.org/c.jpg  # the best one", "https://e.org/c.jpg"),
        ("https://e.org/a_(b).jpg", "https://e.org/a_(b).jpg"),
        ("https://e.org/show;id=4?q=a,b", "https://e.org/show;id=4?q=a,b"),
        ("https://e.org/c.jpg?of=[1]", "https://e.org/c.jpg?of=[1]"),
    ],
)
def test_an_address_is_taken_without_what_was_copied_along(line, address):
    assert clean_address(line) == address


def test_lines_that_hold_no_address_or_several(tmp_path):
    text = "# bears\nhttps://e.org/1.jpg, https://e.org/2.jpg\n\nhttps://e.org/3.jpg and more words\nn01_4\thttps://e.org/4\n"
    found = read(tmp_path / "list.txt", text + "https://e.org/\x1b[2J5.jpg\n1. https://e.org/6.jpg\n", "bear")
    assert list(found.urls) == [f"https://e.org/{name}" for name in ("1.jpg", "2.jpg", "4", "6.jpg")]
    assert found.skipped == {"a comment": 1, "blank": 1, "not an address": 2}


def test_a_comma_without_quotes_moves_no_address_under_a_wrong_label(tmp_path):
    found = read(tmp_path / "list.csv", "url,label\nhttps://e.org/a,b.jpg,black\nhttps://e.org/c.jpg,black,\n")
    assert found.urls == {"https://e.org/c.jpg": "black"}
    assert found.skipped == {"more cells than columns": 1}


def test_the_label_ends_where_a_file_begins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b").mkdir()
    for name in ("a=b/x.csv", "x.csv"):
        (tmp_path / name).write_text("url,label\n")
    assert _source("a=b/x.csv") == (None, tmp_path.relative_to(tmp_path) / "a=b" / "x.csv")
    assert [str(part) for part in _source("black=x.csv")] == ["black", "x.csv"]
    assert [str(part) for part in _source("black=a=b/x.csv")] == ["black", "a=b/x.csv"]
    assert [str(part) for part in _source("n=1=x.csv")] == ["n=1", "x.csv"]
    assert [str(part) for part in _source("black=gone.csv")] == ["black", "gone.csv"]


def test_a_list_comes_through_a_pipe(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(csv_of(";").encode())))
    assert url_list.read_lists([_source("-")]).urls == PAIR


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"PK\x03\x04rest", "spreadsheet"), (b"\x1f\x8brest", "packed"), (b"a\0\0\0b\0", "not text")],
)
def test_what_is_no_text_is_named(tmp_path, content, reason):
    with pytest.raises(ImportSourceError, match=reason) as caught:
        read(tmp_path / "list.csv", content, "bear")
    assert "save it as CSV" in caught.value.hint


def test_an_address_instead_of_a_list_is_told_as_it_was_typed():
    with pytest.raises(ImportSourceError, match=r"https://e.org/list.txt is an address") as caught:
        url_list.read_lists([_source("black=https://e.org/list.txt")])
    assert "download it" in caught.value.hint


# --- several addresses in a line, and labels of their own

A, B, C, D = (f"https://e.org/{name}.jpg" for name in "abcd")


@pytest.mark.parametrize(
    "line",
    [
        f'<p><img src="{A}" alt="1"><img alt="2" src="{B}"></p>',
        f"<img src='{A}'/> <IMG width=3 SRC={B}>",
        f'<a href="https://e.org/page"><img src="{A}"></a><a href="https://e.org/page2"><img src="{B}"></a>',
        f'<img src="data:image/gif;base64,R0" data-src="{A}"><img data-src="{B}">',
        f'<a href="{A}">one</a>, <a href="{B}">two</a>',
        f"![a]({A}) and ![b]({B} 'b')",
        f'"first": "{A}", "second": "{B}",',
        f"var list = ['{A}', '{B}'];",
        f"{A},{B}",
        f"{A};{B}",
        f"{A} {B}",
        f"{A}\t{B}",
        f"{A} | {B}",
        "<!-- " + "x" * 200_000 + f' --><img src="{A}"><img src="{B}">',
    ],
)
@pytest.mark.parametrize("name", ["list.txt", "list.csv", "list.html"])
def test_several_addresses_in_a_line_are_all_taken(tmp_path, line, name):
    found = read(tmp_path / name, f"{line}\n{C}\n", "bear")
    assert list(found.urls) == [A, B, C]


def test_what_is_not_taken_of_a_line_is_counted(tmp_path):
    page = f'<a href="https://e.org/page"><img src="{A}"></a>\n'
    found = read(tmp_path / "list.html", page, "bear")
    assert (list(found.urls), found.skipped) == ([A], {"another address in its line": 1})
    found = read(tmp_path / "list.csv", f"url,label,url2,thumbnail\n{A},cat,{B},{C}\n")
    assert (found.urls, found.skipped) == ({A: "cat"}, {"another address in its line": 1})


@pytest.mark.parametrize(
    "value",
    [
        {"cat": [A, B], "Dog": [C]},
        {"cat": [A, B], "Dog": [C, None]},
        {"cat": {"urls": [A, B]}, "Dog": {"urls": C}},
        {"cat": [{"url": A}, {"url": B}], "Dog": [{"url": C}]},
        {"animals": {"cat": [A, B], "Dog": [C]}},
        {"cat": {"train": [A], "test": [B]}, "Dog": {"train": [C]}},
        {A: "cat", B: "cat", C: "Dog"},
        [{"label": "cat", "urls": [A, B]}, {"label": "Dog", "urls": [C]}],
        [{"label": "cat", "photos": [A, B]}, {"label": "Dog", "photos": [C]}],
        {"images": [{"url": A, "label": "cat"}, {"url": B, "label": "cat"}, {"url": C, "label": "Dog"}]},
        {"url": {"0": A, "1": B, "2": C}, "label": {"0": "cat", "1": "cat", "2": "Dog"}},
        {"cat": A + " " + B, "Dog": C},
    ],
)
def test_json_by_label_keeps_its_labels(tmp_path, value):
    found = read(tmp_path / "list.json", json.dumps(value))
    assert found.urls == {A: "cat", B: "cat", C: "Dog"}
    assert set(found.skipped) <= {"blank"}
    assert set(read(tmp_path / "list.json", json.dumps(value), "bear").urls.values()) == {"bear"}


def test_json_of_equal_lists_is_by_label_too_and_the_same_label_twice_is_one(tmp_path):
    assert read(tmp_path / "a.json", json.dumps({"cat": [A], "dog": [B]})).urls == {A: "cat", B: "dog"}
    text = f'{{"cat": ["{A}"], "dog": ["{B}"], "cat": ["{C}"]}}'
    assert read(tmp_path / "b.json", text).urls == {A: "cat", C: "cat", B: "dog"}
    found = read(tmp_path / "c.json", json.dumps({"cat": [A, "a cat", 7]}))
    assert (found.urls, found.skipped) == ({A: "cat"}, {"not an address": 2})


@pytest.mark.parametrize("value", [{"urls": [A, B]}, {"images": [A]}, [A, B], {"data": [[A]]}, [{"url": A}]])
def test_json_without_a_label_is_an_error(tmp_path, value):
    with pytest.raises(ImportSourceError, match="gives no labels") as caught:
        read(tmp_path / "list.json", json.dumps(value))
    assert "LABEL=" in caught.value.hint


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_sheet_with_a_column_a_label_is_understood(tmp_path, separator):
    text = f"Cat,dog,notes\n{A},{B},mine\n{C},,\n,{D},\n".replace(",", separator)
    found = read(tmp_path / "sheet.csv", text)
    assert (found.urls, found.skipped) == ({A: "Cat", C: "Cat", B: "dog", D: "dog"}, {})


def test_a_sheet_whose_columns_are_no_labels_is_an_error_and_with_a_label_all_are_taken(tmp_path):
    text = f"image 1,image 2\n{A},{B}\n{C},{D}\n"
    with pytest.raises(ImportSourceError, match="no column of labels"):
        read(tmp_path / "sheet.csv", text)
    assert read(tmp_path / "sheet.csv", text, "bear").urls == dict.fromkeys((A, B, C, D), "bear")
    labelled = f"label,image 1,image 2\ncat,{A},{B}\ndog,{C},\n"
    assert read(tmp_path / "sheet.csv", labelled).urls == {A: "cat", B: "cat", C: "dog"}


def test_several_addresses_in_a_cell_are_all_taken(tmp_path):
    assert read(tmp_path / "list.csv", f'url,label\n"{A}, {B}",cat\n"{C}\n{D}",dog\n').urls == {
        A: "cat", B: "cat", C: "dog", D: "dog",
    }  # fmt: skip


def test_an_address_inside_an_address_is_one(tmp_path):
    url = "https://web.archive.org/web/2020/https://e.org/a.jpg"
    found = read(tmp_path / "list.txt", f"{url}\nhttps://e.org/fetch?u=https://e.org/b.jpg\n", "bear")
    assert (len(found.urls), found.skipped) == (2, {})


def test_a_name_with_a_line_separator_of_unicode_is_one_line(tmp_path):
    lines = (
        json.dumps({"url": A, "label": "a\u2028b"}, ensure_ascii=False) + "\n" + json.dumps({"url": B, "label": "c"})
    )
    assert len(read(tmp_path / "list.jsonl", lines).urls) == 2
