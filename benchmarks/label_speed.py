"""How long a page of images to label takes after a decision, with many images.

    python -m benchmarks.label_speed 2000 20000 100000

The images are empty files, and their features are drawn at random. Each size: the first page once features are cached,
then pages after each of ten decisions about a whole page, in the order `auto`; median and worst, in seconds.
"""

import json
import statistics
import sys
import tempfile

from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.labelling.label_actions import label_images
from bearkit.labelling.label_queue import LabelQueue
from benchmarks.review_speed import LABELS, seconds, synthetic

DECISIONS = 12


def measure(n):
    """The figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(folder)
        synthetic(project, n, labelled=False)
        queue = LabelQueue(project)
        first, page = seconds(queue.page)
        pages, stores = [], []
        for number in range(DECISIONS):
            labels = {image.image_id: image.proposed or f"label {number % LABELS}" for image in page.images}
            stores.append(seconds(lambda labels=labels: label_images(project, labels, "ann"))[0])
            taken, page = seconds(queue.page)
            pages.append(taken)
    figures = {"first page": first, "page, median": statistics.median(pages), "page, worst": max(pages)}
    figures |= {"decision, median": statistics.median(stores)}
    return {"images": n, **{name: round(value, 3) for name, value in figures.items()}}


def main():
    results = [measure(int(n)) for n in sys.argv[1:] or (2000, 20000)]
    print("\n".join(table(list(results[0]), [list(one.values()) for one in results])))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
