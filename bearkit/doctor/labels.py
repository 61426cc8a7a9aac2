"""The labels: is each one as bearkit would store it today? An older one let in what nobody sees, and controls."""

from collections import defaultdict

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import RENAMED, DecisionLog, labels_of, me
from bearkit.catalog.labels import label_of, label_problem, look_alikes, mended
from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.doctor.problems import Problem


def check_labels(project: Project, mend: bool) -> list[Problem]:
    """Labels that would be stored otherwise today; mended by decisions, which undo takes back."""
    catalog = Catalog(project)
    if not mend:
        return [_problem(project, label, len(ids)) for label, ids in _bad(catalog).items()]
    with catalog.connection(write=True):
        found = _bad(catalog)
        choices = [
            DecisionRequest(one, "relabel", to) if (to := mended(label)) else DecisionRequest(one, "unlabel")
            for label, ids in found.items()
            for one in ids
        ]
        if choices:
            DecisionLog(catalog).decide(choices, me(), RENAMED)
    return [_problem(project, label, len(ids), done=True) for label, ids in found.items()]


def _bad(catalog: Catalog) -> dict[str, list[str]]:
    """The pictures of each label that would be stored otherwise today."""
    pictures: dict[str, list[str]] = defaultdict(list)
    for image in DecisionLog(catalog).images():
        if image.label and (label_problem(image.label) or label_of(image.label) != image.label):
            pictures[image.label].append(image.image_id)
    return pictures


def _problem(project: Project, label: str, n: int, done: bool = False) -> Problem:
    to, pictures = mended(label), count(n, "picture")
    becomes = f"`{to}`" if to else "no label"
    what = f"{pictures} with the label {ascii(label)}, which looks like `{to}` and is another one"
    if why := label_problem(label):
        what = f"{pictures} with a label that cannot be one: {why}"
    problem = Problem(what, str(project.catalog), f"`--mend` makes it {becomes}; `bearkit review undo` takes that back")
    return problem.done(f"it is {becomes} now; `bearkit review undo` takes that back") if done else problem


def look_alikes_of(project: Project) -> list[str]:
    """A sentence for each pair of labels that look alike; both may be meant."""
    labels = labels_of(DecisionLog(Catalog(project)).images())
    found = look_alikes(labels, labels)
    return found + (["to make two labels one: `bearkit review rename LABEL --to OTHER`"] if found else [])
