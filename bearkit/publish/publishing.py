"""What people publish: a model, a cleaned data set, a demo. Each is written as a folder first, and then pushed."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bearkit.errors import PublishError
from bearkit.parallel import Progress, no_progress
from bearkit.project import Project
from bearkit.publish.dataset import write_dataset
from bearkit.publish.hub import Hub, Published
from bearkit.publish.model import write_model
from bearkit.publish.preflight import preflight
from bearkit.publish.space import SDKS, write_space


@dataclass(frozen=True)
class Wanted:
    """Something to publish.

    Attributes:
        what: model, dataset, or the sdk of a Space: gradio (on the Hub's server) or static (in the visitor's browser).
        source: the model folder, or the project of a data set.
        repo: USER/NAME on the Hub.
        private: whether a new repository is only its owner's.
        license: the Hub's word for one, such as apache-2.0 or cc-by-4.0.
        examples: pictures to try it on, that everybody may see.
    """

    what: str
    source: Path
    repo: str
    private: bool = False
    license: str | None = None
    examples: tuple[Path, ...] = ()

    @property
    def kind(self) -> str:
        """The Hub's kind of repository."""
        return self.what if self.what in ("model", "dataset") else "space"

    def write(self, folder: Path) -> None:
        """Write what would be published into a new folder.

        Raises:
            ModelError: the model is broken; ImageError: an example is no picture; DatasetError: there are no pictures.
            PublishError: there is no such kind of Space, or what it needs cannot be had.
        """
        if self.what == "model":
            write_model(self.source, folder, self.repo, self.license, self.examples)
        elif self.what == "dataset":
            write_dataset(Project(self.source), folder, self.repo, self.license)
        else:
            write_space(self.source, folder, self.what, self.repo.rpartition("/")[2], self.license, self.examples)

    def push(self, folder: Path, hub: Hub, progress: Progress = no_progress) -> Published:
        """Publish a folder that `write` wrote.

        Raises:
            PublishError: the Hub refuses; nothing is published then.
        """
        sdk = self.what if self.what in SDKS else None
        return hub.push(folder, self.repo, self.kind, sdk, self.private, progress=progress)


def push_model(
    model: Path, repo: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    dry_run: Path | None = None, hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a model folder, so that timm, transformers and bearkit load it by its name; see `Wanted`.

    Args:
        model: the folder, as `bearkit export` writes it.
        repo: USER/NAME on the Hub.
        private: whether a new repository is only its owner's.
        license: the Hub's word for one.
        examples: pictures for the Hub's widget.
        dry_run: a new folder: write there what would be published, and publish nothing.
        hub: whose.
        progress: told of files.

    Returns:
        url, files, commit; of a dry run no url and commit, but the folder.

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: the Hub refuses; nothing is published then.
    """
    return _published(Wanted("model", model, repo, private, license, tuple(examples)), dry_run, False, hub, progress)


def push_dataset(
    project: Project, repo: str, private: bool = False, license: str | None = None, dry_run: Path | None = None,
    hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a project's cleaned pictures, with where each came from. Their owners must have allowed it.

    Raises:
        DatasetError: there are no pictures; PublishError: the Hub refuses; nothing is published then.
    """
    return _published(Wanted("dataset", project.root, repo, private, license), dry_run, False, hub, progress)


def push_space(
    model: Path, repo: str, sdk: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    dry_run: Path | None = None, try_first: bool = True, hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a demo of a model. `try_first`: see that it works before anything is pushed (`preflight`).

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: it does not work, or the Hub refuses; nothing is published then.
    """
    if sdk not in SDKS:
        raise PublishError(f"there is no kind of Space `{sdk}`", hint=f"--sdk {'|'.join(SDKS)}")
    return _published(Wanted(sdk, model, repo, private, license, tuple(examples)), dry_run, try_first, hub, progress)


def _published(
    wanted: Wanted, dry_run: Path | None, try_first: bool, hub: Hub | None, progress: Progress
) -> dict[str, Any]:
    with _folder(dry_run) as folder:
        wanted.write(folder)
        if dry_run is not None:
            names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
            return {"url": None, "files": names, "commit": None, "folder": str(dry_run)}
        if try_first and (problems := preflight(folder, progress)["problems"]):
            raise PublishError(
                f"the Space would not work, so nothing was published: {'; '.join(problems)}",
                hint="mend that, or leave the trial out with --no-preflight",
            )
        return wanted.push(folder, hub or Hub(), progress).as_dict()


@contextmanager
def _folder(dry_run: Path | None) -> Iterator[Path]:
    """A folder to write into: the one of a dry run, which appears whole, or one that is gone afterwards.

    Raises:
        PublishError: there is something in it.
    """
    if dry_run is None:
        with tempfile.TemporaryDirectory(prefix="bearkit-publish-") as scratch:
            yield Path(scratch) / "folder"
        return
    if dry_run.exists() and (not dry_run.is_dir() or any(dry_run.iterdir())):
        raise PublishError(f"{dry_run} is there already", hint="name a new folder; nothing is written over")
    dry_run.parent.mkdir(parents=True, exist_ok=True)
    part = dry_run.resolve().parent / f".{uuid.uuid4().hex[:12]}.part"
    try:
        yield part
        if dry_run.exists():
            dry_run.rmdir()
        part.rename(dry_run)
    finally:
        shutil.rmtree(part, ignore_errors=True)
