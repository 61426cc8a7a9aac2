"""The labels: is each one as bearkit would store it today? An older one let in what nobody sees, and controls."""

from collections import defaultdict

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.choices import Choice
from bearkit.catalog.labels import label_of, label_problem, look_alikes, mended
from bearkit.catalog.ledger import RENAMED, Ledger, labels_of, me
from bearkit.doctor.problems import Problem
from bearkit.project import Project
from bearkit.report import count


def check_labels(project: Project, mend: bool) -> list[Problem]:
    """Labels that would be stored otherwise today; mended by decisions, which undo takes back."""
    ledger = Ledger(Catalog(project))
    pictures: dict[str, list[str]] = defaultdict(list)
    for image in ledger.images():
        if image.label and (label_problem(image.label) or label_of(image.label) != image.label):
            pictures[image.label].append(image.image_id)
    problems, choices = [], []
    for label, ids in pictures.items():
        to = mended(label)
        choices += [Choice(one, "relabel", to) if to else Choice(one, "unlabel") for one in ids]
        problems.append(_problem(project, label, to, len(ids), mend))
    if mend and choices:
        ledger.decide(choices, me(), RENAMED)
    return problems


def _problem(project: Project, label: str, to: str, n: int, mend: bool) -> Problem:
    pictures, becomes = count(n, "picture"), f"`{to}`" if to else "no label"
    what = f"{pictures} with the label {ascii(label)}, which looks like `{to}` and is another one"
    if why := label_problem(label):
        what = f"{pictures} with a label that cannot be one: {why}"
    problem = Problem(what, str(project.catalog), f"`--mend` makes it {becomes}; `bearkit review undo` takes that back")
    return problem.done(f"it is {becomes} now; `bearkit review undo` takes that back") if mend else problem


def look_alikes_of(project: Project) -> list[str]:
    """A sentence for each pair of labels that look alike; both may be meant."""
    labels = labels_of(Ledger(Catalog(project)).images())
    found = look_alikes(labels, labels)
    return found + (["to make two labels one: `bearkit review rename LABEL --to OTHER`"] if found else [])
