"""How long a page of images to label takes after a decision, with many images.

    python -m benchmarks.label_speed 2000 20000 100000

The images are empty files, and their features are drawn at random, in shards as the product writes them. Each size: the
first page once features are cached, which computes the short features; the first page of the next process, which finds
these in the cache; then pages after each of twelve decisions about a whole page, in the order `auto`: median and worst.
Times are seconds by the clock. Columns that say "processor" count this process's processor time, which other work does
not change.
"""

import json
import statistics
import sys
import tempfile
import time

from bearkit.core.garbage import collect_garbage_rarely
from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.labelling.label_actions import label_images
from bearkit.labelling.label_queue import LabelQueue
from benchmarks.review_speed import LABELS, seconds, synthetic

DECISIONS = 12


def clocked(call):
    """Seconds by the clock and of the processor, and what the call returns."""
    start = time.process_time()
    taken, result = seconds(call)
    return (taken, time.process_time() - start), result


def measure(n):
    """The figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(folder)
        synthetic(project, n, labelled=False)
        queue = LabelQueue(project)
        (first, first_cpu), page = clocked(queue.page)
        (cached, cached_cpu), page = clocked(LabelQueue(project).page)
        pages, stores = [], []
        for number in range(DECISIONS):
            labels = {image.image_id: image.proposed or f"label {number % LABELS}" for image in page.images}
            stores.append(seconds(lambda labels=labels: label_images(project, labels, "ann"))[0])
            taken, page = seconds(queue.page)
            pages.append(taken)
    figures = {"first page": first, "its processor": first_cpu}
    figures |= {"first page, cached": cached, "its processor, cached": cached_cpu}
    figures |= {"page, median": statistics.median(pages), "page, worst": max(pages)}
    figures |= {"decision, median": statistics.median(stores)}
    return {"images": n, **{name: round(value, 3) for name, value in figures.items()}}


def main():
    collect_garbage_rarely()  # as the studio and the commands do
    results = [measure(int(n)) for n in sys.argv[1:] or (2000, 20000)]
    print("\n".join(table(list(results[0]), [list(one.values()) for one in results])))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
