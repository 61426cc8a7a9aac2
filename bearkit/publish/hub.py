"""The Hub: who is logged in, and a folder pushed in one commit, all of it or nothing; its errors in plain words."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from bearkit.errors import PublishError
from bearkit.parallel import Progress, no_progress

HUB = "https://huggingface.co"
NAME = re.compile(r"[\w.-]+/[\w.-]+")
PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
LOG_IN = "`hf auth login`, with a token that may write: https://huggingface.co/settings/tokens"
TOGETHER = 32  # files between two looks at whether to stop
WORDS = {  # of what the Hub answers, where it is the same for everything
    401: ("the Hub does not know you: no token, or one that has expired", LOG_IN),
    404: ("the Hub knows no such user or repository", "check USER/NAME, and that the token may see it"),
    413: ("the Hub says that a file is too large", "train a smaller body, or export with `--int8`"),
    429: ("the Hub asks to be left alone for a while: too many requests", "try again in some minutes"),
}


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
class Hub:
    """The Hub as one person reaches it.

    Args:
        token: theirs; the one of `hf auth login` if left out. It is never stored or shown.
    """

    token: str | None = field(default=None, repr=False)

    @property
    def _api(self) -> HfApi:
        return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=self.token)

    def user(self) -> str:
        """The name of whoever is logged in.

        Raises:
            PublishError: nobody is, or the Hub cannot be reached.
        """
        with worded("", ""):
            return str(self._api.whoami()["name"])

    def push(
        self, folder: Path, repo: str, kind: str, sdk: str | None = None, private: bool = False, message: str = "",
        progress: Progress = no_progress,
    ) -> Published:  # fmt: skip
        """Push a folder in one commit. A repository that this made is taken away again when the commit fails.

        Args:
            folder: whose files.
            repo: USER/NAME; made if it is not there yet.
            kind: model, dataset or space.
            sdk: of a Space.
            private: whether a new one is only its owner's; one that is there stays as it is.
            message: of the commit.
            progress: told of files.

        Raises:
            PublishError: it could not be; nothing of it is on the Hub then.
        """
        if not NAME.fullmatch(repo):
            raise PublishError(f"`{repo}` is no name on the Hub", hint="USER/NAME, of letters, digits, -, _ and .")
        with worded(repo, kind):
            self._api.whoami()
        disable_progress_bars()  # the Hub's own: ours is one for all of it
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        names = [path.relative_to(folder).as_posix() for path in files]
        made = self._make(repo, kind, sdk, private)
        done = False
        try:
            with worded(repo, kind):
                operations = [CommitOperationAdd(name, path) for name, path in zip(names, files, strict=True)]
                for start in range(0, len(operations), TOGETHER):
                    progress("uploading", start, len(files))
                    some = operations[start : start + TOGETHER]
                    self._api.preupload_lfs_files(repo, some, repo_type=kind, free_memory=False)
                commit = self._api.create_commit(
                    repo, operations, commit_message=message or "Published with bearkit", repo_type=kind
                )
                progress("uploading", len(files), len(files))
            done = True
        finally:
            if made and not done:
                self._take_away(repo, kind)
        return Published(self.url(repo, kind), names, commit.oid)

    def url(self, repo: str, kind: str) -> str:
        """Where people find it."""
        return f"{self._api.endpoint}/{PREFIX[kind]}{repo}"

    def _make(self, repo: str, kind: str, sdk: str | None, private: bool) -> bool:
        """Make a repository; whether it was not there yet."""
        try:
            with worded(repo, kind, sdk):
                self._api.create_repo(repo, repo_type=kind, space_sdk=sdk, private=private or None)
        except PublishError as error:
            if error.status != 409:
                raise
            return False
        return True

    def _take_away(self, repo: str, kind: str) -> None:
        try:
            self._api.delete_repo(repo, repo_type=kind, missing_ok=True)
        except (HfHubHTTPError, httpx2.HTTPError, OSError):
            text = f"the upload failed, and the empty repository {self.url(repo, kind)} could not be taken away"
            raise PublishError(text, hint="delete it in its settings, or push again") from None


@contextmanager
def worded(repo: str, kind: str, sdk: str | None = None) -> Iterator[None]:
    """What the Hub's client raises, as a PublishError that says what to do."""
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise PublishError("nobody is logged in to the Hub on this machine", hint=LOG_IN, status=401) from error
    except HFValidationError as error:
        raise PublishError(f"`{repo}` is no name on the Hub: {error}", hint="USER/NAME") from error
    except HfHubHTTPError as error:
        raise _answered(error, repo, kind, sdk) from error
    except (httpx2.HTTPError, ConnectionError, TimeoutError) as error:
        raise _unreached(error) from error
    except RuntimeError as error:  # about one file; why is behind it
        if isinstance(error.__cause__, HfHubHTTPError):
            raise _answered(error.__cause__, repo, kind, sdk) from error
        raise _unreached(error.__cause__ or error) from error
    except ValueError as error:  # how the client words front matter that the Hub refuses
        text = f"the Hub refuses the README's front matter: {' '.join(str(error).split())}"
        raise PublishError(text, hint="mend the lines between --- in README.md") from error


def _unreached(error: BaseException) -> PublishError:
    text = f"the Hub cannot be reached ({type(error).__name__}: {' '.join(str(error).split())})"
    return PublishError(text, hint="check the network; nothing was published, so simply try again")


def _answered(error: HfHubHTTPError, repo: str, kind: str, sdk: str | None) -> PublishError:
    status = error.response.status_code if error.response is not None else 0
    said = " ".join((error.server_message or "").split())
    why = f" (it says: {said})" if said else ""
    owner = repo.partition("/")[0]
    if status == 402:
        asks = "a Gradio Space runs on a server, and the Hub asks for a PRO subscription to make one"
        text, hint = (asks, f"free, in the visitor's browser: `bearkit space MODEL {repo} --sdk static`")
        if sdk != "gradio":
            text, hint = "the Hub asks for money for this", "see https://huggingface.co/pricing"
    elif status == 403:
        text = f"this token may not write to {owner}/"
        hint = f"a repository of your own; or a token that may write to {owner}: https://huggingface.co/settings/tokens"
    elif status in (409, 412):
        text, hint = f"{repo} was changed by somebody else just now", "try again"
    elif status >= 500:
        text, hint = f"the Hub fails just now (error {status}); nothing was published", "try again later"
    else:
        text, hint = WORDS.get(status, (f"the Hub refuses the {kind} (error {status})", "what it says may help"))
    return PublishError(text + why, hint=hint, status=status)
