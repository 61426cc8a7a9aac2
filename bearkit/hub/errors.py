"""What the Hub and its client say when something cannot be, in plain words, each with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

import httpx2
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from bearkit.core.proxies import unusable
from bearkit.errors import PublishError

LOG_IN = "`hf auth login`, with a token that may write: https://huggingface.co/settings/tokens"
WORDS = {  # where they are the same for everything
    404: ("the Hub knows no such user or repository", "check USER/NAME, and that the token may see it"),
    413: ("the Hub says that a file is too large", "train a smaller body, or export with `--int8`"),
    429: ("the Hub asks to be left alone for a while: too many requests", "try again in some minutes"),
}


@contextmanager
def worded(repo: str, kind: str = "model", sdk: str | None = None, log_in: str = LOG_IN) -> Iterator[None]:
    """What the Hub's client raises, as a PublishError that says what to do.

    Args:
        repo: USER/NAME.
        kind: model, dataset or space.
        sdk: of a Space.
        log_in: how whoever asks logs in.
    """
    for name in unusable():
        text = f"the Hub cannot be reached: no client here can use the proxy that {name} names"
        raise PublishError(text, hint=f"unset {name}, or name a proxy with http://; for socks5, `pip install socksio`")
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise PublishError("nobody is logged in to the Hub on this machine", hint=log_in, status=401) from error
    except HFValidationError as error:
        raise PublishError(f"`{repo}` is no name on the Hub: {error}", hint="USER/NAME") from error
    except HfHubHTTPError as error:
        raise _answered(error, repo, kind, sdk, log_in) from error
    except (httpx2.HTTPError, ConnectionError, TimeoutError) as error:
        raise _unreached(error) from error
    except RuntimeError as error:  # about one file; why is behind it
        if isinstance(error.__cause__, HfHubHTTPError):
            raise _answered(error.__cause__, repo, kind, sdk, log_in) from error
        raise _unreached(error.__cause__ or error) from error
    except JSONDecodeError as error:
        raise PublishError("the Hub fails just now: its answer cannot be read", hint="try again later") from error
    except OSError as error:  # of the client's own files, or what else it finds no better word for
        text = f"the Hub's client failed: {' '.join(str(error).split())}"
        raise PublishError(
            text, hint="check the network, and that its cache (~/.cache/huggingface) can be written"
        ) from error
    except ValueError as error:  # of the README's front matter, or a file's name
        text = f"the Hub refuses it: {' '.join(str(error).split())}"
        raise PublishError(
            text, hint="a licence is named as the Hub does, such as apache-2.0; else mend that"
        ) from error


def _unreached(error: BaseException) -> PublishError:
    text = f"the Hub cannot be reached ({type(error).__name__}: {' '.join(str(error).split())})"
    return PublishError(text, hint="check the network, and try again")


def _answered(error: HfHubHTTPError, repo: str, kind: str, sdk: str | None, log_in: str) -> PublishError:
    status = error.response.status_code if error.response is not None else 0
    said = " ".join((error.server_message or "").split())
    why = f" (it says: {said})" if said else ""
    owner = repo.partition("/")[0]
    if status == 401:
        text, hint = "the Hub does not know you: no token, or one that has expired", log_in
    elif status == 402 and sdk == "gradio":
        text = "a Gradio Space runs on a server, and the Hub asks for a PRO subscription to make one"
        hint = f"free, in the visitor's browser: `bearkit space MODEL {repo} --sdk static`"
    elif status == 402:
        text, hint = "the Hub asks for money for this", "see https://huggingface.co/pricing"
    elif status == 403:
        text = f"this token may not write to {owner}/"
        hint = f"a repository of your own; or a token that may write to {owner}: https://huggingface.co/settings/tokens"
    elif status in (409, 412):
        text, hint = f"{repo} was changed by somebody else just now", "try again"
    elif status >= 500:
        text, hint = f"the Hub fails just now (error {status})", "try again later"
    else:
        text, hint = WORDS.get(status, (f"the Hub refuses the {kind} (error {status})", "what it says may help"))
    return PublishError(text + why, hint=hint, status=status)
