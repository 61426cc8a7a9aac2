"""What to do next with a project. The command line and the studio say it in their own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ACCEPTED
from bearkit.catalog.decisions import RENAMED, DecisionLog, accepted_ids
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.errors import RunError
from bearkit.runs import Run

STEPS = ("import", "label", "train", "review", "export", "predict")


@dataclass(frozen=True)
class ProjectProgress:
    """How far a project is.

    Attributes:
        labels: images of the next training by label and split, {label: {train, valid, test}}.
        unlabelled: images without a label.
        by_model: images with a label that the model gave, and that nobody has confirmed.
        trained: whether a training has finished.
        changed: whether images or labels have changed since then.
        reviewed: whether anyone has checked a label.
        exported: whether there is a model folder.
    """

    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unlabelled: int = 0
    by_model: int = 0
    trained: bool = False
    changed: bool = False
    reviewed: bool = False
    exported: bool = False


@dataclass(frozen=True)
class NextStep:
    """What to do next.

    Attributes:
        step: one of STEPS.
        why: what is missing for a training: "images", "labels" (there is none), "second label", "second image" (a label
            has one image), "training images" (a label has none) or "validation images"; else "changed" or "".
        labels: the labels that lack something; for "second label" the one that there is.
    """

    step: str
    why: str = ""
    labels: tuple[str, ...] = ()


def next_step(progress: ProjectProgress) -> NextStep:
    """Return what to do next.

    >>> next_step(ProjectProgress(unlabelled=300))
    NextStep(step='label', why='labels', labels=())
    >>> next_step(ProjectProgress({"black": {"train": 4}}))
    NextStep(step='import', why='second label', labels=('black',))
    >>> splits = {"train": 4, "valid": 1}
    >>> next_step(ProjectProgress({"black": splits, "teddy": splits}, unlabelled=5)).step
    'train'
    """
    if lack := _lack(progress.labels):
        step = "label" if progress.unlabelled else "import"
        nothing = not progress.labels and not progress.unlabelled
        return NextStep(step, "images") if nothing else NextStep(step, *lack)
    if not progress.trained or progress.changed:
        return NextStep("train", "changed" if progress.trained else "")
    if not progress.reviewed:
        return NextStep("review")
    if not progress.exported:
        return NextStep("export")
    return NextStep("label" if progress.unlabelled else "predict")


def read_progress(project: Project) -> ProjectProgress:
    """Read how far a project is.

    Raises:
        ProjectError: the project is damaged.
    """
    if not project.exists:
        return ProjectProgress()
    catalog = Catalog(project)
    log = DecisionLog(catalog)
    images, decisions = log.images(), log.current()
    finished = runs.list_finished(project)
    accepted = accepted_ids(decisions)
    return ProjectProgress(
        labels=dataset.counts(catalog),
        unlabelled=sum(not image.label for image in images),
        by_model=sum(image.image_id in accepted for image in images),
        trained=bool(finished),
        changed=bool(finished) and _has_changed(finished[-1], {image.image_id: image.label for image in images}),
        reviewed=any(
            one.action in ("keep", "relabel", "delete") and one.kind not in (ACCEPTED, RENAMED)
            for one in decisions.values()
        ),
        exported=bool(project.model_folders()),
    )


def _lack(labels: Mapping[str, Mapping[str, int]]) -> tuple[str, tuple[str, ...]] | None:
    """Return what is missing for a training, and of which labels; as `split.check_trainable` does."""
    if len(labels) < 2:
        return ("second label", tuple(labels)) if labels else ("labels", ())
    if single := tuple(label for label, n in labels.items() if sum(n.values()) < 2):
        return "second image", single
    if untaught := tuple(label for label, n in labels.items() if not n.get("train")):
        return "training images", untaught
    if not any(n.get("valid") for n in labels.values()):
        return "validation images", ()
    return None


def _has_changed(run: Run, labels: Mapping[str, str]) -> bool:
    """Return whether the labels {image_id: label} are others than those that a run was trained on."""
    try:
        predictions = run.predictions()
    except RunError:  # its file is damaged
        return True
    given = predictions.vocab[predictions.targets].tolist()
    before = dict(zip(predictions.image_ids.tolist(), given, strict=True))
    new = {image_id for image_id, label in labels.items() if label} - before.keys()
    skipped = len(run.result.get("skipped", ()))  # images whose files could not be read
    return len(new) > skipped or any(labels.get(image_id) != label for image_id, label in before.items())
