"""How many actions an annotator needs to label a folder of images, page by page, in each order.

    python -m benchmarks.label_from_nothing FOLDER [FOLDER ...] [--seeds 0,1,2] [--page 24]

FOLDER has one folder for each label; the labels are hidden, and the annotator knows them. One action names or confirms
a page, and each exception costs one more. It prints, for each order, the actions until every image has its right label,
and images per action; one by one is 1. Then it prints the error rate, on a fifth of the images that nobody labels, of
heads fitted on what was labelled after the same number of actions, against pages in random order. On a page that is not
complete, each action labels one image.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from bearkit import Project, import_images
from bearkit.evaluation.leave_one_out import LeaveOneOutRidge
from bearkit.labelling.image_index import ImageIndex
from bearkit.labelling.label_orders import LABEL_ORDERS, LabelState
from bearkit.labelling.label_space import reduce_features

CURVE = (0.05, 0.1, 0.2, 0.3, 0.5)  # shares of the actions that one-page-at-a-time labelling in random order takes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--page", type=int, default=24)
    args = parser.parse_args()
    seeds = [int(seed) for seed in args.seeds.split(",")]
    for folder in args.folders:
        with tempfile.TemporaryDirectory() as place:
            project = Project(Path(place))
            import_images(project, folder)
            snapshot = ImageIndex(project).snapshot()
        features, targets = snapshot.features, snapshot.targets
        for order in LABEL_ORDERS:
            plays = [Play(features, targets, order, args.page, seed) for seed in seeds]
            actions = [play.actions[-1] for play in plays]
            row = {"folder": folder.name, "order": order, "images": len(targets), "actions": actions}
            row |= {"pages": [len(play.actions) for play in plays]}
            print(json.dumps(row | {"images_per_action": round(len(targets) / np.mean(actions), 2)}), flush=True)
        for row in curve(features, targets, args.page, seeds):
            print(json.dumps({"folder": folder.name, **row}), flush=True)


class Play:
    """An annotator who labels all images of a pool.

    Attributes:
        actions: the number of actions after each page.
        pages: the rows of each page.
    """

    def __init__(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        order: str,
        page: int,
        seed: int,
        pool: np.ndarray | None = None,
    ) -> None:
        shuffled = np.random.default_rng(seed).permutation(len(targets) if pool is None else pool)
        rows, truth = reduce_features(features[shuffled]), targets[shuffled]
        labels, known = np.full(len(truth), -1), list[int]()  # vocab: the labels in the order in which they were met
        self.actions, self.pages, since, total = list[int](), list[np.ndarray](), 0, 0
        while (labels < 0).any():
            state = LabelState(rows, labels, labels >= 0, labels < 0, len(known), since, seed)
            chosen = LABEL_ORDERS[order](state, np.flatnonzero(state.todo), page)
            of_page = truth[chosen]
            exceptions = len(chosen) - int(np.unique(of_page, return_counts=True)[1].max())  # the page gets one name
            if state.probs is not None:
                proposed = np.array(known)[state.probs[chosen].argmax(axis=1)]
                exceptions = min(exceptions, int((proposed != of_page).sum()))  # or its proposals are confirmed
            total += 1 + exceptions
            new = [int(label) for label in dict.fromkeys(of_page.tolist()) if label not in known]
            since = 0 if new else since + 1
            known += new
            labels[chosen] = [known.index(label) for label in of_page.tolist()]
            self.actions.append(total)
            self.pages.append(shuffled[chosen])


def curve(features: np.ndarray, targets: np.ndarray, page: int, seeds: list[int]) -> list[dict[str, object]]:
    """The mean error rate of heads after the same number of actions, in the order `auto` and in random order."""
    errors: dict[str, list[list[float]]] = {"auto": [], "random": []}
    for seed in seeds:
        shuffled = np.random.default_rng(seed).permutation(len(targets))
        held_out, pool = shuffled[: len(shuffled) // 5], shuffled[len(shuffled) // 5 :]
        plays = {order: Play(features, targets, order, page, seed, pool) for order in errors}
        most = plays["random"].actions[-1]
        for order, play in plays.items():
            errors[order].append([error_after(play, share * most, features, targets, held_out) for share in CURVE])
    means = {order: np.mean(rows, axis=0).round(3).tolist() for order, rows in errors.items()}
    return [
        {"share_of_actions": share, "error_auto": means["auto"][n], "error_random": means["random"][n]}
        for n, share in enumerate(CURVE)
    ]


def error_after(play: Play, actions: float, features: np.ndarray, targets: np.ndarray, held_out: np.ndarray) -> float:
    """The error rate on the held-out images of heads fitted on what was labelled after some actions, one at least."""
    actions = max(1, round(actions))
    n_pages = int(np.searchsorted(play.actions, actions, side="right"))
    spent = play.actions[n_pages - 1] if n_pages else 0
    incomplete = play.pages[n_pages][: actions - spent] if n_pages < len(play.pages) else np.empty(0, int)
    learned = np.concatenate([*play.pages[:n_pages], incomplete]).astype(int)
    if len(set(targets[learned].tolist())) < 2:
        return float((targets[held_out] != targets[learned][0]).mean())
    rows = np.concatenate([learned, held_out])
    short, seen = reduce_features(features)[rows], np.arange(len(rows)) < len(learned)
    probs = LeaveOneOutRidge(short, seen, standardize=False).probs(targets[rows], int(targets.max()) + 1)
    return float((probs[~seen].argmax(axis=1) != targets[held_out]).mean())


if __name__ == "__main__":
    main()
