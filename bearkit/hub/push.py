"""What people publish: a model, a cleaned data set, a demo. Each is written as a folder first, and then pushed."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project, is_taken, whole_folder
from bearkit.datasets.layouts import HUB_SPLITS, OLD_METADATA
from bearkit.errors import PublishError
from bearkit.hub.client import Hub, RepoSpec, contents
from bearkit.hub.dataset import write_dataset
from bearkit.hub.model import write_model
from bearkit.hub.preflight import STATIC, preflight
from bearkit.hub.repo_names import check_name
from bearkit.hub.space import SDKS, write_space
from bearkit.inference import model_folder

MOST_FILES = 20_000  # in one commit: what the Hub takes, with its own margin
MODEL = frozenset(
    {*model_folder.FILES, *model_folder.OPTIONAL, "examples"}
)  # names that are ours in a repository of each kind
DATASET = frozenset({"README.md", *HUB_SPLITS.values()})
OLD_TABLES = frozenset(f"{split}/{OLD_METADATA}" for split in HUB_SPLITS.values())  # never beside the new ones
SPACE = frozenset(
    {*STATIC, "golden-0.png", "golden-1.png", "app.py", "requirements.txt", "bearkit", "model", "examples"}
)


@dataclass(frozen=True)
class PublishRequest:
    """Something to publish.

    Attributes:
        what: model, dataset, or the sdk of a Space: gradio (on the Hub's server) or static (in the visitor's browser).
        source: the model folder, or the project of a data set.
        repo: USER/NAME on the Hub.
        private: whether a new repository is only its owner's.
        license: the Hub's word for one, such as apache-2.0 or cc-by-4.0.
        examples: pictures to try it on, that everybody may see.
        thumbnails: whether the small copies of training pictures go along that the model may carry.
        seed: whose split a data set has; the project's if left out.
    """

    what: str
    source: Path
    repo: str
    private: bool = False
    license: str | None = None
    examples: tuple[Path, ...] = ()
    thumbnails: bool = False
    seed: int | None = None

    @property
    def kind(self) -> str:
        """The Hub's kind of repository."""
        return self.what if self.what in ("model", "dataset") else "space"

    def target(self, missing: Sequence[str] = ()) -> RepoSpec:
        """Where on the Hub; while pictures cannot be reached, nothing that an earlier push put there goes."""
        sdk = self.what if self.what in SDKS else None
        owned = {"dataset": DATASET, "model": MODEL}.get(self.what, SPACE) if not missing else OLD_TABLES
        return RepoSpec(self.repo, self.kind, sdk, self.private, owned)

    @property
    def scratch(self) -> Path | None:
        """Where to write it before it is pushed: copies of many pictures on their own disk, the rest anywhere."""
        if self.what != "dataset":
            return None
        folder = Project(self.source).require().cache
        folder.mkdir(exist_ok=True)
        return folder

    def write(self, folder: Path) -> dict[str, Any]:
        """Write what would be published into a new folder.

        Returns:
            Of a data set what was left out, and the seed of its split; see `write_dataset`.

        Raises:
            ModelError: the model is broken; ImageError: an example is no picture; DatasetError: there are no pictures.
            PublishError: what it needs cannot be had.
        """
        if self.what == "dataset":
            return write_dataset(Project(self.source), folder, self.repo, self.license, self.seed)
        if self.what == "model":
            write_model(self.source, folder, self.repo, self.license, self.examples, self.thumbnails)
        else:
            name = self.repo.rpartition("/")[2]
            write_space(self.source, folder, self.what, name, self.license, self.examples, self.thumbnails)
        return {}


def push_model(
    model: Path, repo: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    thumbnails: bool = False, dry_run: Path | None = None, hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a model folder, so that timm, transformers and bearkit load it by its name; see `PublishRequest`.

    Args:
        model: the folder, as `bearkit export` writes it.
        repo: USER/NAME on the Hub.
        private: whether a new repository is only its owner's.
        license: the Hub's word for one.
        examples: pictures for the Hub's widget.
        thumbnails: whether the small copies of training pictures go along that the model may carry.
        dry_run: a new folder: write there what would be published, and publish nothing.
        hub: whose.
        progress: told of files.

    Returns:
        url, files, commit; of a dry run no url and commit, but the folder.

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: the Hub refuses; nothing is published then.
    """
    wanted = PublishRequest("model", model, repo, private, license, tuple(examples), thumbnails)
    return _published(wanted, dry_run, False, hub, progress)


def push_dataset(
    project: Project, repo: str, private: bool = False, license: str | None = None, dry_run: Path | None = None,
    hub: Hub | None = None, progress: Progress = no_progress, seed: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Publish a project's cleaned pictures, with where each came from. Their owners must have allowed it.

    `seed` names the split; it is the project's if left out.

    Raises:
        DatasetError: there are no pictures; PublishError: the Hub refuses; nothing is published then.
    """
    wanted = PublishRequest("dataset", project.root, repo, private, license, seed=seed)
    return _published(wanted, dry_run, False, hub, progress)


def push_space(
    model: Path, repo: str, sdk: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    thumbnails: bool = False, dry_run: Path | None = None, try_first: bool = True, hub: Hub | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a demo of a model. `try_first`: see that it works before anything is pushed (`preflight`).

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: it does not work, or the Hub refuses; nothing is published then.
    """
    if sdk not in SDKS:
        raise PublishError(f"there is no kind of Space `{sdk}`", hint=f"--sdk {'|'.join(SDKS)}")
    wanted = PublishRequest(sdk, model, repo, private, license, tuple(examples), thumbnails)
    return _published(wanted, dry_run, try_first, hub, progress)


def _published(
    wanted: PublishRequest, dry_run: Path | None, try_first: bool, hub: Hub | None, progress: Progress
) -> dict[str, Any]:
    hub = hub or Hub()
    check_name(wanted.repo)
    if dry_run is None:
        hub.check(wanted.repo)  # before anything long begins
    with _folder(wanted, dry_run) as folder:
        more = wanted.write(folder)
        if dry_run is not None:
            return {"url": None, "files": list(contents(folder)), "commit": None, "folder": str(dry_run)} | more
        check_size(folder)
        if try_first and (problems := preflight(folder, progress)["problems"]):
            raise PublishError(
                f"the Space would not work, so nothing was published: {'; '.join(problems)}",
                hint="mend that, or leave the trial out with --no-preflight",
            )
        return hub.push(folder, wanted.target(more.get("missing", ())), progress).as_dict() | more


def check_size(folder: Path) -> None:
    """See that a folder can go into one commit.

    Raises:
        PublishError: it has too many files.
    """
    if (n := len(contents(folder))) > MOST_FILES:
        raise PublishError(
            f"{n} files are too many for one commit (at most {MOST_FILES})",
            hint="`--dry-run DIR`, and then the Hub's own `hf upload-large-folder USER/NAME DIR --repo-type=dataset`",
        )


@contextmanager
def _folder(wanted: PublishRequest, dry_run: Path | None) -> Iterator[Path]:
    """A folder to write into: the one of a dry run, which appears whole, or one that is gone afterwards.

    Raises:
        PublishError: there is something in it.
    """
    if dry_run is None:
        with tempfile.TemporaryDirectory(prefix="bearkit-publish-", dir=wanted.scratch) as scratch:
            yield Path(scratch)
        return
    if is_taken(dry_run):
        raise PublishError(f"{dry_run} is there already", hint="name a new folder; nothing is written over")
    with whole_folder(dry_run) as part:
        yield part
