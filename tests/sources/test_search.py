"""Search: each provider's client against a server that answers in its format; failures told, credits kept."""

from importlib.metadata import EntryPoint

import pytest

from bearkit import Limits, Project, collect_images, search_images
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ImportSourceError, SearchError
from bearkit.sources.web import providers, search, url_list
from tests.providers import BOMBS, FAST, ODD, PICTURES, TIRED, Providers
from tests.servers import serving

OWN = Limits(seconds=5, allow_private=True)


@pytest.fixture
def server():
    with serving(handler=Providers) as running:
        yield running


@pytest.fixture
def bing(server, monkeypatch):
    """The real ddgs package, whose search engines are the server."""
    engines = pytest.importorskip("ddgs.engines")
    pictures = engines.ENGINES["images"]
    for name in list(pictures):
        if name != "bing":
            monkeypatch.delitem(pictures, name)
    monkeypatch.setattr(pictures["bing"], "search_url", f"{server.url}/images/async")


def test_openverse(server):
    report = search_images([("black", "black bear")], 45, [f"openverse={server.url}"], OWN)
    hits = report.found["black"]
    assert [hit.url for hit in hits] == [f"{server.url}/ok/{n}.png" for n in range(45)]
    assert hits[0].credit == providers.Credit("CC BY-SA 2.0", "Ann O'Nymous", "https://www.flickr.com/photos/someone/0")
    assert hits[1].credit.license == "CC0 1.0"
    assert hits[0].title == "black bear 0"
    assert hits[0].thumbnail.endswith("/0/thumb/")
    assert report.failed == []
    assert len(server.asked) == 3  # pages of 20, no more than are needed


def test_commons(server):
    report = search_images([("black", "ursus")], 60, [f"commons={server.url}"], OWN)
    hits = report.found["black"]
    assert [hit.url for hit in hits] == [
        f"{server.url}/ok/{100 + n}.png" for n in range(60)
    ]  # of a width that suffices
    page = "https://commons.wikimedia.org/wiki/File:Ursus_0.jpg"
    assert hits[0].credit == providers.Credit("CC BY-SA 4.0", "Bo & Co", page)
    assert hits[0].title == "Ursus 0.jpg"
    assert len(server.asked) == 2


def test_the_real_ddgs_client(server, bing):
    report = search_images([("black", "black bear")], 30, ["ddgs"], OWN)
    hits = report.found["black"]
    assert [hit.url for hit in hits] == [f"{server.url}/ok/{200 + n}.png" for n in range(30)]
    assert hits[3].credit == providers.Credit("", "", "https://blog.example/3")
    assert hits[3].thumbnail == f"{server.url}/ok/3.png"


def test_what_was_found_before_a_failure_is_kept(server):
    report = search_images([("black", TIRED)], 45, [f"openverse={server.url}"], OWN)
    assert len(report.found["black"]) == 20
    assert report.failed[0]["reason"] == "401 needs a login"


def test_an_answer_that_is_none_is_a_failure(server):
    with pytest.raises(SearchError, match="its answer is not a list of results"):
        search_images([("black", ODD)], 5, [f"openverse={server.url}"], OWN)


def test_all_that_a_provider_has(server):
    for name in ("openverse", "commons"):
        report = search_images([("black", "bear")], 1000, [f"{name}={server.url}"], OWN)
        assert len(report.found["black"]) == PICTURES


def test_one_that_fails_is_told_and_the_next_one_asked(server):
    names = [f"openverse={server.url}", f"commons={server.url}"]
    report = search_images([("black", BOMBS)], 10, names, OWN)
    assert report.failed == [{"label": "black", "provider": "openverse", "reason": "500 the server failed"}]
    assert {hit.provider for hit in report.found["black"]} == {"commons"}


def test_the_next_one_fills_up_what_is_missing(server):
    names = [f"openverse={server.url}", f"commons={server.url}"]
    hits = search_images([("black", "bear")], PICTURES + 7, names, OWN).found["black"]
    assert [hit.provider for hit in hits].count("commons") == 7


def test_an_error_in_a_providers_own_words(server):
    with pytest.raises(SearchError, match="exceeded your rate limit"):
        search_images([("black", FAST)], 10, [f"commons={server.url}"], OWN)


def test_nobody_answers():
    with pytest.raises(SearchError, match=r"commons: the connection was refused; openverse: .*") as caught:
        search_images([("a", "b")], 5, ["openverse=http://127.0.0.1:1", "commons=http://127.0.0.1:1/"], OWN)
    assert "LABEL=urls.txt" in caught.value.hint


@pytest.mark.parametrize("name", ["altavista", "openverse=ftp://x", "ddgs=http://127.0.0.1"])
def test_unknown_providers(name):
    with pytest.raises(ImportSourceError, match="there is no provider"):
        search_images([("a", "b")], 5, [name])


class Museum:
    """A provider as a package would add it; its server is the one of the test."""

    address = ""

    def search(self, query, most, limits):
        for row in providers.fetch_json(f"{self.address}/v1/images/?q={query}&page=1&page_size={most}", limits)[
            "results"
        ]:
            yield providers.SearchHit(row["url"], "", row["title"], "museum", providers.Credit("CC0", row["creator"]))


def with_entry_point(monkeypatch, value, name="museum"):
    entry = EntryPoint(name, value, search.GROUP)
    monkeypatch.setattr(search, "entry_points", lambda group: [entry] if group == search.GROUP else [])


def test_a_package_can_add_a_provider(server, monkeypatch):
    with_entry_point(monkeypatch, f"{__name__}:Museum")
    monkeypatch.setattr(Museum, "address", server.url)
    assert search.provider_names() == ["openverse", "commons", "ddgs", "museum"]
    hits = search_images([("black", "bear")], 5, ["museum"], OWN).found["black"]
    assert [(hit.url, hit.credit.license) for hit in hits] == [(f"{server.url}/ok/{n}.png", "CC0") for n in range(5)]
    with pytest.raises(ImportSourceError, match=r"there is no provider `museum=http://127.0.0.1`"):
        search_images([("a", "b")], 5, ["museum=http://127.0.0.1"])


def test_a_broken_provider_is_named(monkeypatch):
    with_entry_point(monkeypatch, "nowhere.at_all:Museum")
    with pytest.raises(ImportSourceError, match=r"the search provider `museum` .* cannot be loaded") as caught:
        search_images([("a", "b")], 5)
    assert "uninstall the package" in caught.value.hint
    assert "--provider openverse" in caught.value.hint


def test_a_bug_in_a_packages_provider_is_a_failure_of_that_provider(server, monkeypatch):
    with_entry_point(monkeypatch, f"{__name__}:Museum")
    monkeypatch.setattr(Museum, "search", lambda *_: 1 / 0)
    report = search_images([("black", "bear")], 5, ["museum", f"openverse={server.url}"], OWN)
    assert len(report.found["black"]) == 5
    assert report.failed[0]["reason"] == "unexpected: ZeroDivisionError('division by zero')"


def test_a_package_cannot_replace_one_of_bearkits_providers(monkeypatch):
    with_entry_point(monkeypatch, f"{__name__}:Museum", name="openverse")
    assert isinstance(search.find_provider("openverse")[1], providers.Openverse)


@pytest.mark.parametrize("queries", [[], [("black", " ")], [("", "")]])
def test_empty_queries(queries):
    with pytest.raises(ImportSourceError, match="nothing to search for"):
        search_images(queries)


def test_credits_are_kept_with_the_pictures(server, tmp_path):
    found = search_images([("black", "bear")], 5, [f"openverse={server.url}"], OWN)
    report = collect_images(Project(tmp_path / "p"), found.urls(), limits=OWN)
    assert report.saved == 5
    row = next(row for row in Catalog(Project(tmp_path / "p")).remote_sources() if row.origin.endswith("/ok/3.png"))
    assert (row.license, row.creator) == ("CC BY-SA 2.0", "Ann O'Nymous")
    assert row.page == "https://www.flickr.com/photos/someone/3"


def test_on_the_command_line(server, tmp_path, bearkit_json):
    words = ["search", "black=black bear", "teddy=teddy bear", "--max", "4", "--allow-private", "-p", tmp_path / "p"]
    words += ["--provider", f"openverse={server.url}", "--provider", f"commons={server.url}"]
    listed = bearkit_json(*words, "--dry-run")
    assert [len(listed["found"][label]) for label in ("black", "teddy")] == [4, 4]
    assert listed["found"]["black"][0]["credit"]["license"] == "CC BY-SA 2.0"
    assert listed["failed_providers"] == []
    assert not (tmp_path / "p").exists()
    done = bearkit_json(*words)
    assert done["found"] == {"black": 4, "teddy": 4}
    assert (done["saved"], done["reasons"]) == (4, {"listed under `black` too; it keeps that label": 4})
    again = bearkit_json(*words)
    assert (again["tried"], again["skipped"]) == (0, 8)
    rows = bearkit_json("sources", "-p", tmp_path / "p")["sources"]
    assert {row["creator"] for row in rows} == {"Ann O'Nymous"}


def test_credits_of_a_csv(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "url,label,licence,author\nhttps://example.org/1.jpg,black,CC BY 4.0,Ann\nhttps://example.org/2.jpg,black,,\n"
    )
    asked = url_list.read_lists([(None, path)])
    assert asked.credit("https://example.org/1.jpg") == providers.Credit("CC BY 4.0", "Ann")
    assert asked.credit("https://example.org/2.jpg") == providers.Credit()
