"""The Hugging Face Hub: who is logged in, and pushing a folder in one commit, either completely or not at all."""

import itertools
import os
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, metadata_load
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils.tqdm import disable_progress_bars

from bearkit.core.parallel import Progress, no_progress
from bearkit.errors import PublishError
from bearkit.hub.errors import LOG_IN, translate_errors
from bearkit.hub.repo_names import check_name

HUB = "https://huggingface.co"
PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
BATCH = 32  # files uploaded between two checks for a stop
UNKNOWN = -1  # status of a push of which nobody knows whether the Hub took it
TAG = "bearkit"  # in the README of every repository that bearkit wrote
MESSAGE = "Published with bearkit"
LOOK_AGAIN = (0, 2, 5)  # seconds before each check whether the Hub took a commit although it sent an error


@dataclass(frozen=True)
class Published:
    """A finished push: the repository's URL, the files, and the commit's id."""

    url: str
    files: list[str]
    commit: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        return {"url": self.url, "files": self.files, "commit": self.commit}


@dataclass(frozen=True)
class RepoSpec:
    """A repository on the Hub.

    Attributes:
        repo: USER/NAME.
        kind: model, dataset or space.
        sdk: gradio or static, for a Space.
        private: create it as private; an existing repository is not changed.
        managed: names and folders that bearkit manages in it: files of an earlier push there are deleted unless they
            are pushed again.
    """

    repo: str
    kind: str
    sdk: str | None = None
    private: bool = False
    managed: Collection[str] = ()


@dataclass(frozen=True)
class Hub:
    """The Hub with one person's access.

    Args:
        token: the person's token; by default that of `hf auth login`. It is never stored or shown.
    """

    token: str | None = field(default=None, repr=False)

    @property
    def _api(self) -> HfApi:
        return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=self.token)

    @property
    def _log_in(self) -> str:
        """Return the hint for a user who is not logged in."""
        return LOG_IN if self.token is None else "sign in again; the Space's README needs the scope manage-repos"

    def user(self) -> str:
        """Return the name of the user who is logged in.

        Raises:
            PublishError: nobody is logged in, or the Hub cannot be reached.
        """
        with translate_errors("", log_in=self._log_in):
            return str(self._api.whoami()["name"])

    def check(self, repo: str) -> None:
        """Check a repository's name, and that somebody is logged in, before any long work begins.

        Raises:
            PublishError: the name is not valid, or nobody is logged in.
        """
        check_name(repo)
        self.user()

    def url(self, target: RepoSpec) -> str:
        """Return the URL of a repository."""
        return f"{self._api.endpoint}/{PREFIX[target.kind]}{target.repo}"

    def push(self, folder: Path, target: RepoSpec, progress: Progress = no_progress) -> Published:
        """Push a folder in one commit. If the commit fails, a repository that this push created is deleted again.

        Args:
            folder: the files to push.
            target: the repository; it is created if it does not exist.
            progress: called with the number of files; an exception from it stops the push, and nothing is published.

        Raises:
            PublishError: the Hub refuses or cannot be reached.
        """
        self.check(target.repo)
        disable_progress_bars()  # the client shows one bar for each file
        files = files_by_name(folder)
        created = self._create(target)
        keep, head = False, None
        try:
            head = self._head(target)
            additions = [CommitOperationAdd(name, path) for name, path in files.items()]
            self._upload(additions, target, progress)
            deletions = [CommitOperationDelete(name) for name in self._stale_files(target, head, files)]
            progress("uploading", len(files), len(files))  # the last chance to stop
            keep = True  # from here on, only the Hub knows whether it took the commit
            commit = self._commit([*additions, *deletions], target, head)
        except PublishError as error:
            keep = error.status == UNKNOWN
            raise
        finally:
            if created and not keep:
                self._delete_created(target, head)
        return Published(self.url(target), list(files), commit)

    def _create(self, target: RepoSpec) -> bool:
        """Create the repository if it does not exist, and return whether this created it."""
        repo, kind = target.repo, target.kind
        with translate_errors(repo, kind, target.sdk, self._log_in):
            if self._api.repo_exists(repo, repo_type=kind):
                return False
            try:
                self._api.create_repo(repo, repo_type=kind, space_sdk=target.sdk, private=target.private or None)
            except HfHubHTTPError as error:
                if error.response is None or error.response.status_code != 409:  # somebody has just created it
                    raise
                return False
            return True

    def _head(self, target: RepoSpec) -> str | None:
        """Return the id of the newest commit; None if there is none."""
        with translate_errors(target.repo, target.kind, log_in=self._log_in):
            return self._api.repo_info(target.repo, repo_type=target.kind).sha

    def _upload(self, additions: list[CommitOperationAdd], target: RepoSpec, progress: Progress) -> None:
        """Upload the large files; they are not visible before the commit."""
        with translate_errors(target.repo, target.kind, log_in=self._log_in):
            for start in range(0, len(additions), BATCH):
                progress("uploading", start, len(additions))
                self._api.preupload_lfs_files(
                    target.repo, additions[start : start + BATCH], repo_type=target.kind, free_memory=False
                )

    def _stale_files(self, target: RepoSpec, head: str | None, names: Collection[str]) -> list[str]:
        """Return the files of an earlier push by bearkit that are not among `names`."""
        where: dict[str, Any] = {"repo_type": target.kind, "revision": head}
        with translate_errors(target.repo, target.kind, log_in=self._log_in):
            existing = self._api.list_repo_files(target.repo, **where)
            if not target.managed or "README.md" not in existing:
                return []
            readme = Path(self._api.hf_hub_download(target.repo, "README.md", **where))
        if not _has_tag(readme):
            return []  # bearkit did not write this repository, so it deletes nothing in it
        managed = [name for name in existing if {name, PurePosixPath(name).parts[0]}.intersection(target.managed)]
        return [name for name in managed if name not in names]

    def _commit(self, operations: list[Any], target: RepoSpec, head: str | None) -> str:
        """Commit, and return the commit's id. After an error of the Hub, check whether it took the commit anyway.

        The commit's description holds a random id, so that the commit of another push is not taken for this one.
        """
        where: dict[str, Any] = {"repo_type": target.kind}
        push_id = f"push {secrets.token_hex(8)}"
        try:
            with translate_errors(target.repo, target.kind, log_in=self._log_in):
                info = self._api.create_commit(
                    target.repo, operations, commit_message=MESSAGE, commit_description=push_id, parent_commit=head,
                    **where,
                )  # fmt: skip
                return str(info.oid)
        except PublishError as error:
            if 0 < error.status < 500:
                raise
            try:
                for seconds in LOOK_AGAIN:
                    time.sleep(seconds)
                    with translate_errors(target.repo, target.kind, log_in=self._log_in):
                        commits = self._api.list_repo_commits(target.repo, **where)
                    for commit in itertools.takewhile(lambda commit: commit.commit_id != head, commits):
                        if push_id in commit.message:
                            return commit.commit_id
            except PublishError:
                text = f"the Hub did not say whether it took the commit ({error})"
                hint = f"look at {self.url(target)} before you try again"
                raise PublishError(text, hint=hint, status=UNKNOWN) from error
            raise

    def _delete_created(self, target: RepoSpec, head: str | None) -> None:
        """Delete the repository that this push created, unless somebody has committed to it since."""
        try:
            if head is None or self._head(target) == head:
                self._api.delete_repo(target.repo, repo_type=target.kind, missing_ok=True)
        except Exception as error:  # whatever failed, the user must know which repository is left
            text = f"the upload failed, and the empty repository {self.url(target)} could not be deleted"
            raise PublishError(text, hint="delete it in its settings, or push again") from error


def _has_tag(readme: Path) -> bool:
    """Return whether a README has bearkit's tag."""
    try:
        tags = (metadata_load(readme) or {}).get("tags")
    except (yaml.YAMLError, ValueError):  # not UTF-8, or no mapping
        return False
    return isinstance(tags, list) and TAG in tags


def files_by_name(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their names on the Hub, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}
