"""Check labels: earlier versions of bearkit stored some with invisible or control characters."""

from collections import defaultdict

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import RENAMED, DecisionLog, current_user, labels_of
from bearkit.catalog.labels import clean_label, describe_look_alikes, label_problem, repair_label
from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.doctor.problems import Problem


def check_labels(project: Project, mend: bool) -> list[Problem]:
    """Find labels that bearkit would store differently today. `mend` changes them by decisions, which can be undone."""
    catalog = Catalog(project)
    if not mend:
        return [_problem(project, label, len(ids)) for label, ids in _bad(catalog).items()]
    with catalog.connection(write=True):
        bad = _bad(catalog)
        requests = [
            DecisionRequest(image_id, "relabel", to)
            if (to := repair_label(label))
            else DecisionRequest(image_id, "unlabel")
            for label, ids in bad.items()
            for image_id in ids
        ]
        if requests:
            DecisionLog(catalog).decide(requests, current_user(), RENAMED)
    return [_problem(project, label, len(ids), done=True) for label, ids in bad.items()]


def _bad(catalog: Catalog) -> dict[str, list[str]]:
    """Return the image_ids of each label that bearkit would store differently today."""
    ids: dict[str, list[str]] = defaultdict(list)
    for image in DecisionLog(catalog).images():
        if image.label and (label_problem(image.label) or clean_label(image.label) != image.label):
            ids[image.label].append(image.image_id)
    return ids


def _problem(project: Project, label: str, n: int, done: bool = False) -> Problem:
    to, pictures = repair_label(label), count(n, "picture")
    becomes = f"`{to}`" if to else "no label"
    what = f"{pictures} with the label {ascii(label)}, which looks like `{to}` but is another label"
    if why := label_problem(label):
        what = f"{pictures} with an impossible label: {why}"
    problem = Problem(what, str(project.catalog), f"`--mend` makes it {becomes}; `bearkit review undo` undoes that")
    return problem.done(f"it is {becomes} now; `bearkit review undo` undoes that") if done else problem


def look_alikes_of(project: Project) -> list[str]:
    """Return a sentence for each pair of labels that look alike. Both may be intended."""
    labels = labels_of(DecisionLog(Catalog(project)).images())
    notes = describe_look_alikes(labels, labels)
    return notes + (["to merge two labels: `bearkit review rename LABEL --to OTHER`"] if notes else [])
