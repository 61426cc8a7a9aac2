"""Lists of URLs as anything writes them: what is read can be asked for, and nothing is invented."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from bearkit.catalog.labels import clean_label, label_problem
from bearkit.core.text_table import decode_text
from bearkit.errors import ImportSourceError
from bearkit.sources.web.address_text import addresses_in, clean_address, is_address
from bearkit.sources.web.url_list import read_lists

HOSTS = st.sampled_from(("example.org", "bears.example.com:8080", "127.0.0.1", "[2001:db8::1]", "b\u00e4r.example"))
PARTS = st.text("abzAZ09-._~%+=@!$*", min_size=1, max_size=8)
URLS = st.builds(
    lambda scheme, host, parts, query: f"{scheme}://{host}/{'/'.join(parts)}{query}",
    st.sampled_from(("http", "https")), HOSTS, st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(("", "?w=1", "?w=1&h=2")),
).filter(lambda url: url[-1] not in ".,;!*_")  # fmt: skip
LABELS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=8).filter(
    lambda text: text.strip() and clean_label(text) and not label_problem(text)
)
PIECES = st.sampled_from((
    "url,label", "label", "https://example.org/1.jpg", "http://", ",", ";", "\t", "|", "\n", "\r\n", '"', "'",
    "<img src=", '"">', ">",
    "[", "]", "{", "}", '{"cat": ["https://e.org/2.jpg"]}', ":", "#", " ", "cat", "\ufeff", "\0", "\u2028", "- ",
    "&amp;", "![a](", ")", "\\/", "image_url", "sep=;",
))  # fmt: skip
TEXTS = st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=12).map("".join))


def lists_of(folder, content, label=None):
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return read_lists([(label, path)])


@given(urls=st.lists(URLS, min_size=1, unique=True), end=st.sampled_from(("\n", "\r\n")))
def test_one_url_a_line_is_read_as_it_is_and_in_order(urls, end, tmp_path_factory):
    found = lists_of(tmp_path_factory.getbasetemp(), end.join(urls) + end, "cat")
    assert list(found.urls.items()) == [(url, "cat") for url in urls]
    assert found.skipped == {}


@given(st.dictionaries(URLS, LABELS, min_size=1), st.sampled_from(",;\t|"), st.booleans())
def test_a_table_is_read_with_the_labels_that_it_was_written_with(tmp_path_factory, rows, separator, quoted):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([("url", "label"), *rows.items()])
    found = lists_of(tmp_path_factory.getbasetemp(), text.getvalue())
    assert found.urls == {url: clean_label(label) for url, label in rows.items()}


@given(text=st.one_of(TEXTS, st.binary(max_size=40)), label=st.sampled_from((None, "cat")))
def test_any_text_gives_addresses_with_labels_or_a_clear_error(text, label, tmp_path_factory):
    try:
        found = lists_of(tmp_path_factory.getbasetemp(), text, label)
    except ImportSourceError as error:
        assert error.hint
        return
    for url, given_label in found.urls.items():
        assert is_address(url)
        assert label_problem(given_label) == ""
        assert clean_label(given_label) == given_label
    assert all(n > 0 for n in found.skipped.values())
    assert found.credits.keys() <= found.urls.keys()


@example('<img src=""><img src="https://e.org/1.jpg">')
@given(TEXTS)
def test_an_address_that_was_cleaned_is_clean(text):
    for url in addresses_in(text):
        if is_address(url):
            assert clean_address(url) == url


@given(URLS)
def test_an_address_is_found_in_what_people_copy(url):
    for text in (f"<{url}>", f'"{url}",', f"- {url}", f'<img src="{url}">', f"![a bear]({url})", f"  {url}\t"):
        assert addresses_in(text) == [url]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_text_in_utf_8_is_read_as_such(text):
    assert decode_text(b"\xef\xbb\xbf" + text.encode()) == text
