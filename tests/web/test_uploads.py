"""What visitors may send to a page: files of some number and size, no addresses, each page's in a folder of its own."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gradio as gr
import pytest
import requests

from bearkit.web import predict_page, uploads
from bearkit.web.launch import NAMES, guard_arguments, launch_page
from bearkit.web.limits import Allowance, remove_old_uploads
from tests.processes import run_async
from tests.servers import serving


def named(file, text):
    """What a page's handler got."""
    return f"{Path(file).read_text() if file else ''} {text}"


def launch(**allowed):
    def build():
        with gr.Blocks(analytics_enabled=False) as page:
            file, text, button = gr.File(), gr.Textbox(), gr.Button()
            button.click(named, [file, text], text, api_name="named")
        return page

    return launch_page(build, "127.0.0.1", 0, guard_arguments(NAMES), allowed=Allowance(**allowed), share=False)[:2]


def in_a_loop(make):
    """Gradio makes an event loop for each page, and never closes it, where none runs."""

    async def made():
        return make()

    return run_async(made())


@pytest.fixture(scope="module")
def pages():
    """Two pages of one process; the first takes two files of a MiB together."""
    both = in_a_loop(lambda: [launch(files=2, bytes=2**20, kept=3 * 2**20, seconds=0.0), launch()])
    yield [url.rstrip("/") for _, url in both]
    for page, _ in both:
        page.close(verbose=False)


def send(url, *contents):
    files = [("files", (f"{n}.txt", data)) for n, data in enumerate(contents)]
    return requests.post(f"{url}/gradio_api/upload", files=files, timeout=60)


def ask(url, file, text=""):
    data = [{"path": file, "meta": {"_type": "gradio.FileData"}} if isinstance(file, str) else file, text]
    return requests.post(f"{url}/gradio_api/run/named", json={"data": data}, timeout=60)


def test_a_second_page_of_a_process_leaves_the_first_its_uploads(pages):
    (path,) = send(pages[0], b"mine").json()
    assert ask(pages[0], path, "a").json()["data"] == ["mine a"]
    assert requests.get(f"{pages[0]}/gradio_api/file={path}", timeout=60).content == b"mine"
    assert requests.get(f"{pages[1]}/gradio_api/file={path}", timeout=60).status_code == 403
    (other,) = send(pages[1], b"theirs").json()
    assert ask(pages[1], other).json()["data"] == ["theirs "]
    assert str(uploads.path_below_upload(path)).endswith("/0.txt")
    assert uploads.path_below_upload("/etc/hostname") is None


@pytest.mark.parametrize(
    ("contents", "status", "word"),
    [
        ((b"a" * 2**20, b"b" * 2**18), 413, "larger than 1 MiB"),
        ((b"a", b"b", b"c"), 400, "Too many files: at most 2"),
    ],
)
def test_an_upload_has_a_number_of_files_and_a_size(pages, contents, status, word):
    reply = send(pages[0], *contents)
    assert reply.status_code == status
    assert word in reply.text


def test_an_upload_without_a_length_is_cut_off_and_nothing_of_it_stays(pages):
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    folder = Path(send(pages[0], b"x").json()[0]).parent.parent
    before = set(folder.iterdir())

    def body():
        yield head
        for _ in range(30):
            yield b"a" * 2**16

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = requests.post(f"{pages[0]}/gradio_api/upload", data=body(), headers=kind, timeout=60)
    assert (reply.status_code, set(folder.iterdir())) == (413, before)


def form(n_bytes):
    """An upload of so many bytes as a form, in pieces of a few KiB: requests sends it chunked, without a length."""
    yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    for start in range(0, n_bytes, 2**13):
        yield b"a" * min(2**13, n_bytes - start)
    yield b"\r\n--b--\r\n"


CHUNKED = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(("n_bytes", "status"), [(10, 200), (2**20 - 2**12, 200), (2**20 + 2**17, 413)])
def test_an_upload_in_chunks_is_taken_below_the_most_and_refused_above(pages, n_bytes, status):
    before = set((folder := Path(send(pages[0], b"x").json()[0]).parent.parent).iterdir())
    reply = requests.post(f"{pages[0]}/gradio_api/upload", data=form(n_bytes), headers=CHUNKED, timeout=60)
    assert "Content-Length" not in reply.request.headers
    assert reply.request.headers["Transfer-Encoding"] == "chunked"
    assert reply.status_code == status
    if status == 200:
        (path,) = reply.json()
        assert Path(path).stat().st_size == n_bytes
        Path(path).unlink()
        Path(path).parent.rmdir()
    assert set(folder.iterdir()) == before


def test_an_upload_in_chunks_counts_as_the_longest_while_it_comes(pages):
    folder = Path(send(pages[0], b"x").json()[0]).parent.parent
    (folder / "fills").write_bytes(bytes(2**20))  # of three MiB; one that comes counts as one and a little
    during = []

    def send_until_refused():  # the server may not have read the first pieces of the slow one yet
        for _ in range(100):
            reply = requests.post(f"{pages[0]}/gradio_api/upload", data=form(10), headers=CHUNKED, timeout=60)
            if reply.status_code != 200:
                break
            time.sleep(0.1)
        return reply

    def slow():
        for number, piece in enumerate(form(2**14)):
            if number == 2:
                during.append(send_until_refused())
                during.append(send(pages[0], b"small"))
            yield piece

    future = time.time() + 3600
    os.utime(folder / "fills", (future, future))
    reply = requests.post(f"{pages[0]}/gradio_api/upload", data=slow(), headers=CHUNKED, timeout=60)
    assert (reply.status_code, [one.status_code for one in during]) == (200, [429, 200])
    (folder / "fills").unlink()
    assert requests.post(f"{pages[0]}/gradio_api/upload", data=form(10), headers=CHUNKED, timeout=60).status_code == 200


def test_what_is_no_upload_has_a_size_in_chunks_too(pages):
    def body(n_bytes):
        yield b'{"data": [null, "'
        for _ in range(n_bytes // 2**16):
            yield b"a" * 2**16
        yield b'"]}'

    url, kind = f"{pages[1]}/gradio_api/run/named", {"Content-Type": "application/json"}
    assert requests.post(url, data=body(2**20), headers=kind, timeout=60).status_code == 200
    assert requests.post(url, data=body(21 * 2**20), headers=kind, timeout=60).status_code == 413


def test_where_too_much_lies_the_old_is_deleted_first(pages):
    folder = Path(send(pages[0], b"first").json()[0]).parent.parent
    (folder / "broken off").write_bytes(bytes(3 * 2**20))
    assert send(pages[0], b"second").status_code == 200
    assert not (folder / "broken off").exists()
    (folder / "new").write_bytes(b"1")
    remove_old_uploads(folder, 3600)
    assert (folder / "new").exists()


@pytest.mark.parametrize("scheme", ["http://127.0.0.1", "HTTP://127.0.0.1", " https://127.0.0.1", "//127.0.0.1"])
def test_no_component_takes_an_address_for_a_file(pages, scheme):
    with serving() as server:
        port = server.url.rpartition(":")[2]
        address = f"{scheme}:{port}/ok/1.png"
        assert ask(pages[1], address).status_code == 400
        as_text = {"path": address, "meta": {"_type": "gradio.FileData"}}
        reply = ask(pages[1], None, [{"deep": as_text}])
        assert (reply.status_code, server.asked) == (400, [])
        assert "the file itself" in reply.json()["hint"]
    assert ask(pages[1], None, f"see {address}").json()["data"] == [f" see {address}"]


def test_what_is_no_upload_has_a_size_too(pages):
    assert ask(pages[1], None, "a" * 21 * 2**20).status_code == 413
    assert ask(pages[1], None, "a" * 2**20).status_code == 200


def test_uploads_of_a_killed_process_are_deleted_and_those_of_a_living_one_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        f"import sys; sys.path.insert(0, {str(Path(uploads.__file__).parent)!r}); import uploads\n"
        "with uploads.upload_folder() as folder: (folder / 'a.png').write_text('x')\n"
        "print(folder.parent, flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    with child:
        folder = Path(child.stdout.readline().strip())
        uploads.remove_stale_folders()
        assert len(list(folder.rglob("a.png"))) == 1
        child.kill()
        child.wait()
    (old := tmp_path / "bearkit-abcd1234").mkdir()
    os.utime(old, (0, 0))
    (tmp_path / "bearkit-efgh5678").mkdir()
    (tmp_path / "bearkit-uploads-link").symlink_to(tmp_path / "bearkit-efgh5678")
    uploads.remove_stale_folders()
    assert {path.name for path in tmp_path.iterdir()} == {"bearkit-efgh5678", "bearkit-uploads-link"}


def asking():
    with gr.Blocks(analytics_enabled=False):
        return predict_page.PredictPage(lambda _: (None, None))


def test_who_asks_why_behind_many_others_is_told_at_once():
    page = in_a_loop(asking)
    for _ in range(predict_page.WHYS):
        page._places.acquire()
    with pytest.raises(gr.Error, match="8 other explanations are waiting already"):
        page.why("a.png")
