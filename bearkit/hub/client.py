"""The Hub: who is logged in, and a folder pushed in one commit, all of it or nothing."""

import itertools
import os
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils.tqdm import disable_progress_bars

from bearkit.core.parallel import Progress, no_progress
from bearkit.errors import PublishError
from bearkit.hub.errors import LOG_IN, worded
from bearkit.hub.front_matter import front_matter
from bearkit.hub.repo_names import check_name

HUB = "https://huggingface.co"
PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
TOGETHER = 32  # files between two looks at whether to stop
UNKNOWN = -1  # instead of a status: whether it is published is not known
OURS = "bearkit"  # the tag in a README that says who wrote what lies beside it
MESSAGE = "Published with bearkit"
LOOK_AGAIN = (0, 2, 5)  # seconds before each look at whether the Hub took a commit after all


@dataclass(frozen=True)
class Published:
    """What was pushed: where it is, the files, and the commit."""

    url: str
    files: list[str]
    commit: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return {"url": self.url, "files": self.files, "commit": self.commit}


@dataclass(frozen=True)
class RepoSpec:
    """A repository on the Hub.

    Attributes:
        repo: USER/NAME.
        kind: model, dataset or space.
        sdk: of a Space.
        private: whether a new one is only its owner's; one that is there stays as it is.
        owned: names and folders that are ours in it: what lies there from an earlier push and is not pushed again is
            taken away.
    """

    repo: str
    kind: str
    sdk: str | None = None
    private: bool = False
    owned: Collection[str] = ()


@dataclass(frozen=True)
class Hub:
    """The Hub as one person reaches it.

    Args:
        token: theirs, of who signed in; the one of `hf auth login` if left out. It is never stored or shown.
    """

    token: str | None = field(default=None, repr=False)

    @property
    def _api(self) -> HfApi:
        return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=self.token)

    @property
    def _log_in(self) -> str:
        return LOG_IN if self.token is None else "sign in again; the Space's README needs the scope manage-repos"

    def user(self) -> str:
        """The name of whoever is logged in.

        Raises:
            PublishError: nobody is, or the Hub cannot be reached.
        """
        with worded("", log_in=self._log_in):
            return str(self._api.whoami()["name"])

    def check(self, repo: str) -> None:
        """See that a name can be one, and that somebody is logged in, before anything long begins.

        Raises:
            PublishError: it cannot, or nobody is.
        """
        check_name(repo)
        self.user()

    def url(self, target: RepoSpec) -> str:
        """Where people find it."""
        return f"{self._api.endpoint}/{PREFIX[target.kind]}{target.repo}"

    def push(self, folder: Path, target: RepoSpec, progress: Progress = no_progress) -> Published:
        """Push a folder in one commit. A repository that this made is taken away again when the commit fails.

        Args:
            folder: whose files.
            target: where to; made if it is not there yet.
            progress: told of files; what it raises breaks off, and nothing is published then.

        Raises:
            PublishError: it could not be.
        """
        self.check(target.repo)
        disable_progress_bars()  # the Hub's own: ours is one for all of it
        files = contents(folder)
        made = self._make(target)
        keep, before = False, None
        try:
            before = self._head(target)
            adding = [CommitOperationAdd(name, path) for name, path in files.items()]
            self._upload(adding, target, progress)
            deleting = [CommitOperationDelete(name) for name in self._left_over(target, before, files)]
            progress("uploading", len(files), len(files))  # the last moment at which somebody may stop it
            keep = True  # from here on only the Hub knows
            commit = self._commit([*adding, *deleting], target, before)
        except PublishError as error:
            keep = error.status == UNKNOWN
            raise
        finally:
            if made and not keep:
                self._take_away(target, before)
        return Published(self.url(target), list(files), commit)

    def _make(self, target: RepoSpec) -> bool:
        """Make a repository, if it is not there yet; whether it was not."""
        repo, kind = target.repo, target.kind
        with worded(repo, kind, target.sdk, self._log_in):
            if self._api.repo_exists(repo, repo_type=kind):
                return False
            try:
                self._api.create_repo(repo, repo_type=kind, space_sdk=target.sdk, private=target.private or None)
            except HfHubHTTPError as error:
                if error.response is None or error.response.status_code != 409:  # there after all
                    raise
                return False
            return True

    def _head(self, target: RepoSpec) -> str | None:
        """The newest commit; None where there is none."""
        with worded(target.repo, target.kind, log_in=self._log_in):
            return self._api.repo_info(target.repo, repo_type=target.kind).sha

    def _upload(self, adding: list[CommitOperationAdd], target: RepoSpec, progress: Progress) -> None:
        """Send what is large; nothing of it shows before the commit."""
        with worded(target.repo, target.kind, log_in=self._log_in):
            for start in range(0, len(adding), TOGETHER):
                progress("uploading", start, len(adding))
                self._api.preupload_lfs_files(
                    target.repo, adding[start : start + TOGETHER], repo_type=target.kind, free_memory=False
                )

    def _left_over(self, target: RepoSpec, before: str | None, names: Collection[str]) -> list[str]:
        """What an earlier push of ours put there, and this one does not."""
        where: dict[str, Any] = {"repo_type": target.kind, "revision": before}
        with worded(target.repo, target.kind, log_in=self._log_in):
            there = self._api.list_repo_files(target.repo, **where)
            if not target.owned or "README.md" not in there:
                return []
            readme = Path(self._api.hf_hub_download(target.repo, "README.md", **where))
        if not _is_ours(readme.read_text(encoding="utf-8", errors="replace")):
            return []  # somebody else's repository: nothing in it is ours to take away
        ours = [name for name in there if {name, PurePosixPath(name).parts[0]}.intersection(target.owned)]
        return [name for name in ours if name not in names]

    def _commit(self, operations: list[Any], target: RepoSpec, before: str | None) -> str:
        """Commit; the commit's id. Where the Hub does not answer, see whether it took it all the same.

        Its description holds a word that no other push has, so that another one's commit does not pass for it.
        """
        where: dict[str, Any] = {"repo_type": target.kind}
        word = f"push {secrets.token_hex(8)}"
        try:
            with worded(target.repo, target.kind, log_in=self._log_in):
                done = self._api.create_commit(
                    target.repo, operations, commit_message=MESSAGE, commit_description=word, parent_commit=before,
                    **where,
                )  # fmt: skip
                return str(done.oid)
        except PublishError as error:
            if 0 < error.status < 500:
                raise
            try:
                for seconds in LOOK_AGAIN:
                    time.sleep(seconds)
                    with worded(target.repo, target.kind, log_in=self._log_in):
                        commits = self._api.list_repo_commits(target.repo, **where)
                    for commit in itertools.takewhile(lambda one: one.commit_id != before, commits):
                        if word in commit.message:
                            return commit.commit_id
            except PublishError:
                text = f"the Hub did not say whether it took the commit ({error})"
                hint = f"look at {self.url(target)} before you try again"
                raise PublishError(text, hint=hint, status=UNKNOWN) from error
            raise

    def _take_away(self, target: RepoSpec, before: str | None) -> None:
        """Delete a repository that this push made, unless somebody has put something into it meanwhile."""
        try:
            if before is None or self._head(target) == before:
                self._api.delete_repo(target.repo, repo_type=target.kind, missing_ok=True)
        except Exception as error:  # whatever it is, people must hear what is left
            text = f"the upload failed, and the empty repository {self.url(target)} could not be taken away"
            raise PublishError(text, hint="delete it in its settings, or push again") from error


def _is_ours(readme: str) -> bool:
    """Whether a README has our tag."""
    try:
        tags = (front_matter(readme) or {}).get("tags")
    except yaml.YAMLError:
        return False
    return isinstance(tags, list) and OURS in tags


def contents(folder: Path) -> dict[str, Path]:
    """The files of a folder by the names that they have on the Hub, in order."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}
