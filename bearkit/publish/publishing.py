"""What people publish: a model, a cleaned data set, a demo. Each is written as a folder first, and then pushed."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bearkit.errors import PublishError
from bearkit.parallel import Progress, no_progress
from bearkit.project import Project
from bearkit.publish.dataset import write_dataset
from bearkit.publish.hub import Hub
from bearkit.publish.model import write_model
from bearkit.publish.preflight import preflight
from bearkit.publish.space import write_space


def push_model(
    model: Path, repo: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    dry_run: Path | None = None, hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a model folder, so that timm, transformers and bearkit load it by its name.

    Args:
        model: the folder, as `bearkit export` writes it.
        repo: USER/NAME on the Hub.
        private: whether a new repository is only its owner's.
        license: the Hub's word for one, such as apache-2.0 or cc-by-4.0.
        examples: pictures for the Hub's widget, that everybody may see.
        dry_run: a new folder: write there what would be published, and publish nothing.
        hub: whose.
        progress: told of files.

    Returns:
        url, files, commit; of a dry run no url and commit, but the folder.

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: the Hub refuses; nothing is published then.
    """
    with _folder(dry_run) as folder:
        write_model(model, folder, repo, license, examples)
        return _push(folder, repo, "model", None, private, dry_run, hub, progress)


def push_dataset(
    project: Project, repo: str, private: bool = False, license: str | None = None, dry_run: Path | None = None,
    hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a project's cleaned pictures, with where each came from. Their owners must have allowed it.

    Raises:
        DatasetError: there are no pictures; PublishError: the Hub refuses; nothing is published then.
    """
    with _folder(dry_run) as folder:
        write_dataset(project, folder, repo, license)
        return _push(folder, repo, "dataset", None, private, dry_run, hub, progress)


def push_space(
    model: Path, repo: str, sdk: str, private: bool = False, license: str | None = None, examples: Sequence[Path] = (),
    dry_run: Path | None = None, try_first: bool = True, hub: Hub | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Publish a demo of a model.

    Args:
        model: the folder, as `bearkit export` writes it.
        repo: USER/NAME on the Hub.
        sdk: gradio, on a server of the Hub's, or static, in the visitor's browser.
        private: whether a new Space is only its owner's.
        license: the Hub's word for one.
        examples: pictures to try it on, that everybody may see.
        dry_run: a new folder: write there what would be published, and publish nothing.
        try_first: whether to see that it works before anything is pushed; see `preflight`.
        hub: whose.
        progress: told of files.

    Returns:
        As `push_model`.

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: it does not work, or the Hub refuses; nothing is published then.
    """
    with _folder(dry_run) as folder:
        write_space(model, folder, sdk, repo.rpartition("/")[2], license, examples)
        if try_first and dry_run is None:
            found = preflight(folder, progress)
            if not found["ok"]:
                raise PublishError(
                    f"the Space would not work, so nothing was published: {'; '.join(found['problems'])}",
                    hint="mend that, or leave it out with --no-preflight",
                )
        return _push(folder, repo, "space", sdk, private, dry_run, hub, progress)


def _push(
    folder: Path, repo: str, kind: str, sdk: str | None, private: bool, dry_run: Path | None, hub: Hub | None,
    progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    if dry_run is not None:
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return {"url": None, "files": names, "commit": None, "folder": str(dry_run)}
    return (hub or Hub()).push(folder, repo, kind, sdk, private, progress=progress).as_dict()


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
