"""A model behind HTTP: `bearkit serve` and the lecture's Starlette server with fastai, one after the other.

    python -m benchmarks.serving [--data ../shared/data/bears_web] [--clients 16] [--seconds 20]

Both sides are trained on the same pictures with the same body, then asked by the same clients (a process of their own
on the same machine), which send validation pictures as fast as they are answered. An answer that is no 200, or that
names another label than the same model alone, is a failure.
"""

import argparse
import contextlib
import json
import multiprocessing
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests
from PIL import Image

from bearkit import Learner, Predictor, Project, import_images
from benchmarks.against_fastai import FASTAI, HERE, run, write_split
from tests.conftest import encoded

WAIT = 120  # seconds for a server to start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/bears_web"))
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project, split = Project(Path(folder) / "p"), Path(folder) / "split.json"
        import_images(project, args.data)
        write_split(project, 42, split)
        learn = Learner(project)
        learn.fit_one_cycle()
        model = learn.export()
        run([FASTAI, HERE / "fastai_side.py", split, "--epochs", 4])
        pickle = next(Path(folder).glob("*.pkl"))
        paths = json.loads(split.read_text())["predict"]
        theirs = [FASTAI, HERE / "fastai_serve.py", pickle, "{port}"]
        sides = {
            "bearkit": [sys.executable, "-m", "bearkit", "serve", model, "--port", "{port}"],
            "fastai": theirs,
            "fastai, a thread each": [*theirs, "--threads"],
        }
        print(json.dumps({"one_400px_jpeg_ms": one(model, paths)}), flush=True)
        rates = {}
        for name, command in sides.items():
            with serving(command) as url:
                alone = [answer(url, path) for path in paths]
                figures = asked(url, paths, alone, args.clients, args.seconds)
            rates[name] = figures["per_second"]
            print(json.dumps({"server": name, **figures}), flush=True)
        print(json.dumps({"times": round(rates["bearkit"] / rates["fastai"], 1)}))


def one(model, paths):
    """The median milliseconds of decoding and predicting one JPEG whose longer side has 400 pixels, after another."""
    predictor, files = Predictor(model), []
    for path in paths:
        with Image.open(path) as image:
            image = image.convert("RGB")
            image.thumbnail((400, 400))
            files.append(encoded(image, "JPEG"))
    times = []
    for data in files * 5:
        clock = time.perf_counter()
        predictor.predict(data)
        times.append(time.perf_counter() - clock)
    return round(statistics.median(times) * 1e3, 1)


@contextlib.contextmanager
def serving(command):
    """A server, once it listens; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([str(part).format(port=port) for part in command], stdout=subprocess.DEVNULL)
    try:
        for _ in range(WAIT * 10):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/api/predict"
    finally:
        process.terminate()
        process.wait()


def answer(url, path, session=requests):
    """The label that the server gives a picture; None for a failure."""
    with contextlib.suppress(requests.RequestException), Path(path).open("rb") as file:
        reply = session.post(url, files={"file": file}, timeout=60)
        if reply.status_code == 200:
            found = reply.json()
            return found.get("label") or found["predictions"][0]["label"]
    return None


def asked(url, paths, expected, clients, seconds):
    """What so many clients get, in a process of their own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(clients_of, (url, paths, expected, clients, seconds))


def clients_of(url, paths, expected, clients, seconds):
    times, failed, other, ends = [], [0] * clients, [0] * clients, time.monotonic() + seconds

    def work(me):
        session, n = requests.Session(), me
        while time.monotonic() < ends:
            clock = time.perf_counter()
            label = answer(url, paths[n % len(paths)], session)
            times.append(time.perf_counter() - clock)
            failed[me] += label is None
            other[me] += label not in (None, expected[n % len(paths)])
            n += 1

    threads = [threading.Thread(target=work, args=(me,)) for me in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = len(times) - sum(failed) - sum(other)
    middle = round(statistics.median(times) * 1e3)
    figures = {"per_second": round(good / seconds, 1), "median_ms": middle, "answers": len(times)}
    return figures | {"failed": sum(failed), "another_label": sum(other)}


if __name__ == "__main__":
    main()
