"""Publish a model, a cleaned data set or a demo: write a folder, then push it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bearkit.catalog import label_set_file
from bearkit.core.atomic import atomic_folder, is_occupied
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.datasets.layouts import HUB_SPLITS, OLD_METADATA
from bearkit.errors import PublishError
from bearkit.hub.client import Hub, RepoSpec, files_by_name
from bearkit.hub.dataset import write_dataset
from bearkit.hub.model import write_model
from bearkit.hub.preflight import STATIC, preflight
from bearkit.hub.repo_names import check_name
from bearkit.hub.space import SDKS, write_space
from bearkit.inference import model_folder

MAX_FILES = 20_000  # in one commit: below the limit of the Hub
# Names that bearkit manages in a repository of each kind: see RepoSpec.
MODEL = frozenset({*model_folder.FILES, *model_folder.OPTIONAL, "examples"})
DATASET = frozenset({"README.md", label_set_file.NAME, *HUB_SPLITS.values()})
OLD_TABLES = frozenset(f"{split}/{OLD_METADATA}" for split in HUB_SPLITS.values())  # replaced by newer ones
SPACE = frozenset(
    {*STATIC, "golden-0.png", "golden-1.png", "app.py", "requirements.txt", "bearkit", "model", "examples"}
)


@dataclass(frozen=True)
class PublishRequest:
    """What to publish, and where.

    Attributes:
        what: model, dataset, or the sdk of a Space: gradio (on a server of the Hub) or static (in the visitor's
            browser).
        source: the model folder, or the project of a data set.
        repo: USER/NAME on the Hub.
        private: create the repository as private.
        license: the licence's id on the Hub, e.g. apache-2.0 or cc-by-4.0.
        examples: public images for visitors to try.
        thumbnails: publish the small copies of training images too, if the model has them.
        seed: the seed of a data set's split; by default the project's.
        keep_location: publish the places where photographs of a data set were taken.
    """

    what: str
    source: Path
    repo: str
    private: bool = False
    license: str | None = None
    examples: tuple[Path, ...] = ()
    thumbnails: bool = False
    seed: int | None = None
    keep_location: bool = False

    @property
    def kind(self) -> str:
        """Return the kind of repository: model, dataset or space."""
        return self.what if self.what in ("model", "dataset") else "space"

    def target(self, missing: Sequence[str] = ()) -> RepoSpec:
        """Return the repository. If images are missing on this machine, no image on the Hub is deleted.

        Args:
            missing: paths of the images that are missing.
        """
        sdk = self.what if self.what in SDKS else None
        managed = {"dataset": DATASET, "model": MODEL}.get(self.what, SPACE) if not missing else OLD_TABLES
        return RepoSpec(self.repo, self.kind, sdk, self.private, managed)

    @property
    def scratch(self) -> Path | None:
        """Return the folder for temporary files: for a data set on the project's disk, else the system's (None)."""
        if self.what != "dataset":
            return None
        folder = Project(self.source).require().cache
        folder.mkdir(exist_ok=True)
        return folder

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the files to publish into a new folder.

        Returns:
            For a data set, what `write_dataset` returns; else nothing.

        Raises:
            ModelError: the model is broken.
            ImageError: an example is not an image.
            DatasetError: there are no images.
            PublishError: the browser's runtime of a static Space cannot be downloaded.
        """
        if self.what == "dataset":
            return write_dataset(Project(self.source), folder, self.repo, self.license, self.seed, self.keep_location)
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
    """Publish a model folder, so that timm, transformers and bearkit load it by its name.

    Args:
        model: a folder written by `bearkit export`.
        repo: USER/NAME on the Hub.
        private: create the repository as private.
        license: the licence's id on the Hub, e.g. apache-2.0.
        examples: public images for the Hub's widget.
        thumbnails: publish the small copies of training images too, if the model has them.
        dry_run: write the files into this new folder, and publish nothing.
        hub: the access to use; by default that of `hf auth login`.
        progress: called with the number of files uploaded.

    Returns:
        url, files and commit; after a dry run, url and commit are None, and folder is added.

    Raises:
        ModelError: the model is broken.
        ImageError: an example is not an image.
        PublishError: the Hub refuses; nothing is published.
    """
    request = PublishRequest("model", model, repo, private, license, tuple(examples), thumbnails)
    return _publish(request, dry_run, False, hub, progress)


def push_dataset(
    project: Project, repo: str, private: bool = False, license: str | None = None, dry_run: Path | None = None,
    hub: Hub | None = None, progress: Progress = no_progress, seed: int | None = None, keep_location: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Publish a project's cleaned images with the source of each. Their owners must allow it.

    Args:
        project: the project.
        repo: USER/NAME on the Hub.
        private: create the repository as private.
        license: the licence's id on the Hub, e.g. cc-by-4.0.
        dry_run: write the files into this new folder, and publish nothing.
        hub: the access to use; by default that of `hf auth login`.
        progress: called with the number of files uploaded.
        seed: the seed of the split; by default the project's.
        keep_location: publish the places where the photographs were taken; else the files lose them.

    Returns:
        As `push_model`, with what `write_dataset` returns.

    Raises:
        DatasetError: there are no images.
        PublishError: the Hub refuses; nothing is published.
    """
    request = PublishRequest("dataset", project.root, repo, private, license, seed=seed, keep_location=keep_location)
    return _publish(request, dry_run, False, hub, progress)


def push_space(
    model: Path, repo: str, sdk: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    thumbnails: bool = False, dry_run: Path | None = None, try_first: bool = True, hub: Hub | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a demo of a model.

    Args:
        model: a folder written by `bearkit export`.
        repo: USER/NAME on the Hub.
        sdk: static (in the visitor's browser) or gradio (on a server of the Hub).
        private: create the repository as private.
        license: the licence's id on the Hub, e.g. apache-2.0.
        examples: public images for visitors to try.
        thumbnails: let a Gradio demo show the small copies of training images, if the model has them.
        dry_run: write the files into this new folder, and publish nothing.
        try_first: test the demo before anything is pushed (see `preflight`).
        hub: the access to use; by default that of `hf auth login`.
        progress: called with the number of files uploaded, and the steps of the test.

    Returns:
        As `push_model`.

    Raises:
        ModelError: the model is broken.
        ImageError: an example is not an image.
        PublishError: the demo does not work, or the Hub refuses; nothing is published.
    """
    if sdk not in SDKS:
        raise PublishError(f"there is no kind of Space `{sdk}`", hint=f"--sdk {' or '.join(SDKS)}")
    request = PublishRequest(sdk, model, repo, private, license, tuple(examples), thumbnails)
    return _publish(request, dry_run, try_first, hub, progress)


def _publish(
    request: PublishRequest, dry_run: Path | None, try_first: bool, hub: Hub | None, progress: Progress
) -> dict[str, Any]:
    """Write, test if asked, and push; see `push_model`."""
    hub = hub or Hub()
    check_name(request.repo)
    if dry_run is None:
        hub.check(request.repo)  # before any long work begins
    with _folder(request, dry_run) as folder:
        more = request.write(folder)
        if dry_run is not None:
            return {"url": None, "files": list(files_by_name(folder)), "commit": None, "folder": str(dry_run)} | more
        check_size(folder)
        if try_first and (problems := preflight(folder, progress)["problems"]):
            raise PublishError(
                f"the demo does not work, so nothing was published: {'; '.join(problems)}",
                hint="correct that, or skip the test with --no-preflight",
            )
        return hub.push(folder, request.target(more.get("missing", ())), progress).as_dict() | more


def check_size(folder: Path) -> None:
    """Check that a folder fits into one commit.

    Raises:
        PublishError: it has too many files.
    """
    if (n := len(files_by_name(folder))) > MAX_FILES:
        raise PublishError(
            f"{n} files are too many for one commit (at most {MAX_FILES})",
            hint="write them with `--dry-run DIR`, then `hf upload-large-folder USER/NAME DIR --repo-type=dataset`",
        )


@contextmanager
def _folder(request: PublishRequest, dry_run: Path | None) -> Iterator[Path]:
    """Yield a folder to write into: that of a dry run, which appears complete, or a temporary one.

    Raises:
        PublishError: the folder of a dry run exists and is not empty.
    """
    if dry_run is None:
        with tempfile.TemporaryDirectory(prefix="bearkit-publish-", dir=request.scratch) as scratch:
            yield Path(scratch)
        return
    if is_occupied(dry_run):
        raise PublishError(f"{dry_run} already exists", hint="name a new folder; nothing is overwritten")
    with atomic_folder(dry_run) as part:
        yield part
