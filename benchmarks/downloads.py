"""Downloading a list of pictures: bearkit and fastai's download_images side by side, from a server on this machine.

    python -m benchmarks.downloads [--pictures 600] [--latency 0.1]
    python -m benchmarks.downloads --memory --pictures 10000 --latency 0    # ours alone: memory on the way

The server, a process of its own, answers each question after the latency; every tenth address is dead and every tenth
is a web page. Both sides get the same list, one after the other, each with its own default number of workers, fastai in
an environment of its own.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from bearkit import Limits, collect_images
from bearkit.core.project import Project
from benchmarks.against_fastai import FASTAI, run
from tests.conftest import picture
from tests.servers import serving

THEIRS = """
import json, sys, time
from pathlib import Path
from fastai.vision.utils import download_images, verify_images, get_image_files
folder = Path(sys.argv[2])
clock = time.perf_counter()
download_images(folder, url_file=Path(sys.argv[1]), max_pics=10**6)
seconds = time.perf_counter() - clock
files = get_image_files(folder)
print(json.dumps({"seconds": seconds, "files": len(files), "broken": len(verify_images(files))}))
"""


def serve(latency, pictures, pipe):
    """Serve pictures that were drawn before anyone asks."""
    replay = {f"/file/{n}.png": picture(n, kind="PNG") for n in range(pictures)}
    with serving(latency, replay) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def running(latency, pictures):
    """The server in a process of its own; its address."""
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(latency, pictures, its))
    process.start()
    yield ours.recv()
    ours.send("end")
    process.join()


def memory(project, urls, pictures):
    """The most memory taken so far, in MiB, at each tenth of the way, and what the progress said there."""
    at = []

    def progress(_, done, total):
        if done % (total // 10) == 0:
            at.append({"done": done, "total": total, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024})

    report = collect_images(project, [("a", urls)], limits=Limits(allow_private=True), progress=progress)
    return {"on_the_way": at, **report.as_dict()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    kinds = {0: "gone/{}.png", 5: "page/{}.jpg"}
    names = [kinds.get(n % 10, "file/{}.png").format(n) for n in range(args.pictures)]
    with tempfile.TemporaryDirectory() as folder, running(args.latency, args.pictures) as url:
        urls = Path(folder) / "urls.txt"
        urls.write_text("\n".join(f"{url}/{name}" for name in names))
        script = Path(folder) / "theirs.py"
        script.write_text(THEIRS)
        if args.memory:
            print(json.dumps(memory(Project(Path(folder) / "p"), urls, args.pictures)))
            return
        clock = time.perf_counter()
        ours = collect_images(Project(Path(folder) / "p"), [("a", urls)], limits=Limits(allow_private=True)).as_dict()
        ours["seconds"] = time.perf_counter() - clock
        theirs = run([FASTAI, script, urls, Path(folder) / "theirs"])
        ratio = round(theirs["seconds"] / ours["seconds"], 1)
        print(json.dumps({"bearkit": ours, "fastai": theirs, "times_faster": ratio}))


if __name__ == "__main__":
    main()
