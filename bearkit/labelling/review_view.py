"""Which images a page of the review shows: candidates to check, or a set of images that someone asked for."""

from dataclasses import dataclass

from bearkit.errors import ReviewError
from bearkit.labelling.review_candidate import REVIEW_KINDS, REVIEW_ORDERS, SET_KINDS

SPLITS = (None, "train", "valid", "test")


@dataclass(frozen=True)
class View:
    """Which images to show.

    Candidates (`REVIEW_KINDS`) leave the view once someone has decided about them. Sets (`SET_KINDS`) show every image
    that fits, as long as it fits: one that gets another label leaves the set of its old label.

    Attributes:
        kind: one of `REVIEW_KINDS` or `SET_KINDS`.
        split: only images of this split; None for all. For `mistake` the split is that of the run.
        label: only images with this label (for `unlabelled`: with this proposal); None for all.
        order: how label errors are ranked, one of `REVIEW_ORDERS`.
        predicted: for `mistake`, only images that the run's model takes for this label; None for all. With `label`,
            these are the images of one cell of the confusion matrix, also of one with correct predictions.
        run: for `mistake`, the id of a finished run; None for the newest.

    Raises:
        ReviewError: the kind, order or split is unknown, or only the kind `mistake` has such a filter.
    """

    kind: str = "label"
    split: str | None = None
    label: str | None = None
    order: str = "out-of-fold"
    predicted: str | None = None
    run: str | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("kind", REVIEW_KINDS + SET_KINDS), ("order", REVIEW_ORDERS), ("split", SPLITS)):
            if getattr(self, name) not in allowed:
                words = ", ".join(word for word in allowed if word)
                raise ReviewError(f"there is no {name} `{getattr(self, name)}`", hint=f"--{name}: one of {words}")
        if self.kind != "mistake" and (self.predicted or self.run):
            raise ReviewError(
                f"the pictures of kind `{self.kind}` are not chosen by a run's predictions",
                hint="--predicted and --run need --kind mistake",
            )

    @property
    def is_set(self) -> bool:
        """Whether images stay in the view after a decision, as long as they fit."""
        return self.kind in SET_KINDS

    @property
    def decided_as(self) -> str:
        """The kind that decisions in this view are stored with: a set shows images so that their labels are checked."""
        return "label" if self.is_set else self.kind

    @property
    def name(self) -> str:
        """The filters as they are stored with a decision."""
        filters = f"{self.split or ''}/{self.label or ''}"
        return f"{self.kind}:{filters}/{self.predicted or ''}" if self.is_set else filters
