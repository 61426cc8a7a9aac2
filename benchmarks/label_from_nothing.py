"""How many actions an annotator needs to label a folder of images, page by page, in each order.

    python -m benchmarks.label_from_nothing FOLDER [FOLDER ...] [--seeds 0,1,2] [--page 24] [--curves 20]

FOLDER has one folder for each label; the labels are hidden, and the annotator knows them. One action names or confirms
a page, and each exception costs one more. It prints:

1. for each order, the actions until every image has its right label, and images per action; one by one is 1;
2. the error rate, on a fifth of the images that nobody labels, of heads fitted on what was labelled after the same
   number of actions, in the order `auto` and in pages of random order, and the 95 % interval of the difference over
   `--curves` draws of that fifth. On a page that is not complete, each action labels one image;
3. how far the probabilities of the proposals for the rest can be trusted, after some actions in the order `auto`: the
   calibration error (ECE, ten bins) and the log loss in nats. An image whose label was not met yet counts as wrong in
   the former, and is left out of the latter.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bearkit import Project, import_images
from bearkit.evaluation.leave_one_out import LeaveOneOutRidge
from bearkit.labelling.image_index import ImageIndex
from bearkit.labelling.label_orders import LABEL_ORDERS, LabelState
from bearkit.labelling.label_space import reduce_features

CURVE = (0.05, 0.1, 0.2, 0.3, 0.5)  # shares of the actions that one-page-at-a-time labelling in random order takes
FIRST = (2, 3, 4, 5, 6, 8, 10, 15)  # actions, for the beginning of the curve
CALIBRATION = (0.05, 0.1, 0.2, 0.5)  # shares, as in CURVE
BINS = 10  # of the calibration error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--page", type=int, default=24)
    parser.add_argument("--curves", type=int, default=20, metavar="DRAWS")
    args = parser.parse_args()
    seeds = [int(seed) for seed in args.seeds.split(",")]
    for folder in args.folders:
        with tempfile.TemporaryDirectory() as place:
            project = Project(Path(place))
            import_images(project, folder)
            snapshot = ImageIndex(project).snapshot()
            features, targets = snapshot.features, snapshot.targets  # read while the project is there
        random_plays = []
        for order in LABEL_ORDERS:
            plays = [Play(features, targets, order, args.page, seed) for seed in seeds]
            random_plays = plays if order == "random" else random_plays
            actions = [play.actions[-1] for play in plays]
            row = {"folder": folder.name, "order": order, "images": len(targets), "actions": actions}
            row |= {"pages": [len(play.actions) for play in plays]}
            print(json.dumps(row | {"images_per_action": round(len(targets) / np.mean(actions), 2)}), flush=True)
        most = np.mean([play.actions[-1] for play in random_plays])
        rows = curve(features, targets, args.page, range(args.curves))
        rows += calibration(features, targets, args.page, [share * most for share in CALIBRATION])
        for row in rows:
            print(json.dumps({"folder": folder.name, **row}), flush=True)


class Play:
    """An annotator who labels all images of a pool.

    Attributes:
        actions: the number of actions after each page.
        pages: the rows of each page.
        states: what each page was chosen from, and the labels in the order in which they were met.
        truth: the label of each row of a state.
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
        self.truth, self.states = truth, list[tuple[LabelState, list[int]]]()
        labels, known = np.full(len(truth), -1), list[int]()  # vocab: the labels in the order in which they were met
        self.actions, self.pages, since, total = list[int](), list[np.ndarray](), 0, 0
        while (labels < 0).any():
            state = LabelState(rows, labels.copy(), labels >= 0, labels < 0, len(known), since, seed)
            self.states.append((state, [*known]))
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


def curve(features: np.ndarray, targets: np.ndarray, page: int, seeds: Sequence[int]) -> list[dict[str, object]]:
    """The mean error rate of heads after the same number of actions, in the order `auto` and in random order."""
    errors: dict[str, list[list[float]]] = {"auto": [], "random": []}
    rows = reduce_features(features)
    for seed in seeds:
        shuffled = np.random.default_rng(seed).permutation(len(targets))
        held_out, pool = shuffled[: len(shuffled) // 5], shuffled[len(shuffled) // 5 :]
        plays = {order: Play(features, targets, order, page, seed, pool) for order in errors}
        most = plays["random"].actions[-1]
        points = [*FIRST, *(share * most for share in CURVE)]
        for order, play in plays.items():
            errors[order].append([error_after(play, actions, rows, targets, held_out) for actions in points])
    auto, random = np.array(errors["auto"]), np.array(errors["random"])  # (seeds, points)
    margin = 1.96 * (auto - random).std(axis=0, ddof=1) / np.sqrt(len(seeds))
    names: list[dict[str, object]] = [{"actions": n} for n in FIRST] + [{"share_of_actions": one} for one in CURVE]
    return [
        name
        | {"error_auto": round(float(mine), 3), "error_random": round(float(other), 3)}
        | {"difference": [round(float(mine - other + sign * width), 3) for sign in (-1, 1)]}
        for name, mine, other, width in zip(names, auto.mean(axis=0), random.mean(axis=0), margin, strict=True)
    ]


def calibration(
    features: np.ndarray, targets: np.ndarray, page: int, after: Sequence[float]
) -> list[dict[str, object]]:
    """How far the proposals for the rest can be trusted after some numbers of actions in the order `auto`."""
    play, result = Play(features, targets, "auto", page, seed=0), list[dict[str, object]]()
    spent = np.array([0, *play.actions])  # before each page
    for share, actions in zip(CALIBRATION, after, strict=True):
        state, known = play.states[min(int(np.searchsorted(spent, max(1, actions))), len(play.states) - 1)]
        if state.probs is None:
            continue
        rest = np.flatnonzero(state.todo)
        probs, column = (
            state.probs[rest],
            np.array([known.index(one) if one in known else -1 for one in play.truth[rest]]),
        )
        sure, right = probs.max(axis=1), probs.argmax(axis=1) == column
        bins = np.minimum((sure * BINS).astype(int), BINS - 1)
        gaps = [abs(float((right[bins == n] - sure[bins == n]).sum())) for n in range(BINS)]
        given = np.maximum(probs[column >= 0, column[column >= 0]], 1e-9)
        row = {"share_of_actions": share, "labelled": int(state.labelled.sum()), "labels": len(known)}
        row |= {"unmet": round(float((column < 0).mean()), 3), "wrong": round(float(1 - right.mean()), 3)}
        result.append(
            row | {"ece": round(sum(gaps) / len(rest), 3), "log_loss": round(float(-np.log(given).mean()), 3)}
        )
    return result


def error_after(play: Play, actions: float, short: np.ndarray, targets: np.ndarray, held_out: np.ndarray) -> float:
    """The error rate on the held-out images of heads fitted on what was labelled after some actions, one at least.

    Args:
        play: the pages and their actions.
        actions: how many were spent.
        short: features of all images, of `reduce_features`.
        targets: the true label of each.
        held_out: rows of the images to judge by.
    """
    actions = max(1, round(actions))
    n_pages = int(np.searchsorted(play.actions, actions, side="right"))
    spent = play.actions[n_pages - 1] if n_pages else 0
    incomplete = play.pages[n_pages][: actions - spent] if n_pages < len(play.pages) else np.empty(0, int)
    learned = np.concatenate([*play.pages[:n_pages], incomplete]).astype(int)
    if len(set(targets[learned].tolist())) < 2:
        return float((targets[held_out] != targets[learned][0]).mean())
    rows = np.concatenate([learned, held_out])
    seen = np.arange(len(rows)) < len(learned)
    probs = LeaveOneOutRidge(short[rows], seen, standardize=False).probs(targets[rows], int(targets.max()) + 1)
    return float((probs[~seen].argmax(axis=1) != targets[held_out]).mean())


if __name__ == "__main__":
    main()
