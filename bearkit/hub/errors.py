"""Translate the errors of the Hub and its client into PublishErrors with hints."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

import httpx2
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from bearkit.core.proxies import unusable_variables
from bearkit.errors import PublishError

LOG_IN = "run `hf auth login` with a token that has write access: https://huggingface.co/settings/tokens"
BY_STATUS = {  # HTTP status: error and hint, the same for every kind of repository
    404: ("the Hub has no such user or repository", "check USER/NAME, and that the token may see it"),
    413: ("the Hub refuses a file as too large", "train a smaller body, or export with `--int8`"),
    429: ("the Hub refuses more requests for a while: there were too many", "try again in some minutes"),
}


@contextmanager
def translate_errors(repo: str, kind: str = "model", sdk: str | None = None, log_in: str = LOG_IN) -> Iterator[None]:
    """Turn what the Hub's client raises inside the `with` block into a PublishError with a hint.

    Args:
        repo: USER/NAME.
        kind: model, dataset or space.
        sdk: gradio or static, for a Space.
        log_in: the hint for a user who is not logged in.

    Raises:
        PublishError: the request failed, or the environment names a proxy that cannot be used.
    """
    for name in unusable_variables():
        text = f"the Hub cannot be reached: the proxy that {name} names is of a kind that is not supported"
        raise PublishError(text, hint=f"unset {name}, or name a proxy with http://; for socks5, `pip install socksio`")
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise PublishError("you are not signed in to the Hub", hint=log_in, status=401) from error
    except HFValidationError as error:
        raise PublishError(f"`{repo}` is not a valid name on the Hub: {error}", hint="USER/NAME") from error
    except HfHubHTTPError as error:
        raise _answered(error, repo, kind, sdk, log_in) from error
    except (httpx2.HTTPError, ConnectionError, TimeoutError) as error:
        raise _unreached(error) from error
    except RuntimeError as error:  # about one file; the reason is its cause
        if isinstance(error.__cause__, HfHubHTTPError):
            raise _answered(error.__cause__, repo, kind, sdk, log_in) from error
        raise _unreached(error.__cause__ or error) from error
    except JSONDecodeError as error:
        raise PublishError("the Hub fails at the moment: its answer cannot be read", hint="try again later") from error
    except OSError as error:  # from the client's cache, or one that it does not translate
        text = f"the Hub's client failed: {' '.join(str(error).split())}"
        raise PublishError(
            text, hint="check the network, and that the cache (~/.cache/huggingface) is writable"
        ) from error
    except ValueError as error:  # about the README's front matter, or a file's name
        text = f"the Hub refuses the files: {' '.join(str(error).split())}"
        hint = "correct the README or the file that the error names; a licence needs its id on the Hub, e.g. apache-2.0"
        raise PublishError(text, hint=hint) from error


def _unreached(error: BaseException) -> PublishError:
    """Build the error for a Hub that cannot be reached."""
    text = f"the Hub cannot be reached ({type(error).__name__}: {' '.join(str(error).split())})"
    return PublishError(text, hint="check the network, and try again")


def _answered(error: HfHubHTTPError, repo: str, kind: str, sdk: str | None, log_in: str) -> PublishError:
    """Build the error for a status that the Hub answered."""
    status = error.response.status_code if error.response is not None else 0
    message = " ".join((error.server_message or "").split())
    reason = f" (its message: {message})" if message else ""
    owner = repo.partition("/")[0]
    if status == 401:
        text, hint = "the Hub does not know you: the token is missing or has expired", log_in
    elif status == 402 and sdk == "gradio":
        text = "a Gradio Space runs on a server, for which the Hub requires a PRO subscription"
        hint = f"a static Space is free and runs in the visitor's browser: `bearkit space MODEL {repo} --sdk static`"
    elif status == 402:
        text, hint = "the Hub requires a paid plan for this", "see https://huggingface.co/pricing"
    elif status == 403:
        text = f"this token has no write access to {owner}/"
        hint = "name a repository of your own, or use a token with write access: https://huggingface.co/settings/tokens"
    elif status in (409, 412):
        text, hint = f"somebody else has just changed {repo}", "try again"
    elif status >= 500:
        text, hint = f"the Hub fails at the moment (error {status})", "try again later"
    else:
        text, hint = BY_STATUS.get(status, (f"the Hub refuses the {kind} (error {status})", "see its message"))
    return PublishError(text + reason, hint=hint, status=status)
