"""The Publish tab: choose what, see what will be uploaded, then one button and a link."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.errors import PublishError
from bearkit.page.answer import note
from bearkit.page.edge import take_files, told
from bearkit.project import Project
from bearkit.publish.dataset import whose_images
from bearkit.publish.hub import NAME, Hub
from bearkit.publish.publishing import Wanted
from bearkit.studio import html
from bearkit.studio.predict import folder_of, models
from bearkit.studio.uploading import Uploading

WHAT = [
    ("Demo in the visitor's browser: free", "static"),
    ("Demo on a server of the Hub's: asks for a PRO account", "gradio"),
    ("Model, for timm, transformers and bearkit", "model"),
    ("Data set: the cleaned pictures", "dataset"),
]
LICENSES = ["apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0"]
LOOK_SECONDS = 0.3  # between two looks at how far it is


class PublishTab:
    """Layout and wiring."""

    def __init__(self, project: Project) -> None:
        self.project, self.uploading = project, Uploading()
        self.hosted = bool(os.environ.get("SPACE_ID"))
        who = gr.HTML()
        if self.hosted and os.environ.get("OAUTH_CLIENT_ID"):
            gr.LoginButton()
        with gr.Row():
            with gr.Column(min_width=320):
                what = gr.Radio(WHAT, value="static", label="What")
                model = gr.Dropdown([], label="Model")
                repo = gr.Textbox(label="Name on the Hub", placeholder="me/which-bear", max_lines=1)
            with gr.Column(min_width=320):
                license = gr.Dropdown(
                    LICENSES,
                    value=None,
                    label="Licence: what others may do with it (optional)",
                    allow_custom_value=True,
                )
                private = gr.Checkbox(False, label="Private: only for me, if it is new")
                examples = gr.File(
                    label="Pictures to try it on, which everybody may see (optional)", file_count="multiple",
                    file_types=["image"], height=120,
                )  # fmt: skip
                take_files(examples)
                owners = gr.HTML()
                allowed = gr.Checkbox(False, label="The owners allow that these pictures are published", visible=False)
        with gr.Row():
            look = gr.Button("See what will be uploaded", variant="primary")
            publish = gr.Button("Publish", variant="primary", interactive=False)
            stop = gr.Button("Stop", interactive=False)
        standing = gr.HTML()
        self.fields: list[Any] = [model, repo]
        self.shown = [who, model, repo]
        self.live = [standing, look, publish, stop]
        asked = [what, model, repo, license, private, examples, allowed]
        for button, handler in ((look, self.look_over), (publish, self.publish)):
            button.click(handler, asked, self.live, show_progress="hidden", concurrency_limit=None)
        stop.click(self.uploading.stop, None, None)
        what.change(self.choose, what, [model, examples, owners, allowed], show_progress="hidden")
        changes = [what.input, model.input, repo.input, license.input, private.input, examples.upload, examples.clear]
        for change in changes:  # what would be published is no longer what was looked over
            change(lambda: gr.update(interactive=False), None, publish, show_progress="hidden")

    @told
    def refresh(self, model: str | None, repo: str, oauth: gr.OAuthToken | None = None) -> list[Any]:
        """Who is logged in, and the models there are."""
        names = models(self.project)
        known = [name for _, name in names]
        choice = gr.update(choices=names, value=model if model in known else next(iter(known), None))
        try:
            user = self._hub(oauth).user()
        except PublishError as error:
            return [html.quiet(f"Not signed in: {error}. You can preview; to publish, {error.hint}"), choice, gr.skip()]
        return [note(f"Logged in to the Hub as {user}."), choice, repo or f"{user}/{_slug(self.project.name)}"]

    @told
    def choose(self, what: str) -> list[Any]:
        """What the chosen kind needs: a model and examples, or the word that the pictures may be published."""
        data = what == "dataset"
        said = note(whose_images(self.project), good=False) if data and self.project.exists else ""
        return [gr.update(visible=not data), gr.update(visible=not data), said, gr.update(visible=data, value=False)]

    @told
    def look_over(
        self, what: str, model: str | None, repo: str, license: str | None, private: bool, examples: list[str] | None,
        allowed: bool, oauth: gr.OAuthToken | None = None,
    ) -> Iterator[list[Any]]:  # fmt: skip
        """Write it, try it out, and show what will be uploaded."""
        self.uploading.look_over(self._wanted(what, model, repo, license, private, examples, allowed))
        yield from self.follow(oauth)

    @told
    def publish(
        self, what: str, model: str | None, repo: str, license: str | None, private: bool, examples: list[str] | None,
        allowed: bool, oauth: gr.OAuthToken | None = None,
    ) -> Iterator[list[Any]]:  # fmt: skip
        """Publish what was looked over."""
        wanted = self._wanted(what, model, repo, license, private, examples, allowed)
        self.uploading.publish(wanted, self._hub(oauth))
        yield from self.follow(oauth)

    def follow(self, oauth: gr.OAuthToken | None = None) -> Iterator[list[Any]]:
        """How far it is, until it is over."""
        while self.uploading.now.doing:
            yield self._live()
            time.sleep(LOOK_SECONDS)
        yield self._live(self._refusal(oauth) if self.uploading.now.files else "")

    def _live(self, refusal: str = "") -> list[Any]:
        now = self.uploading.now
        ready = bool(now.files) and not now.doing and not now.url and not refusal
        publish = gr.update(interactive=ready, value=f"Publish ({refusal})" if refusal else "Publish")
        look, stop = gr.update(interactive=not now.doing), gr.update(interactive=bool(now.doing))
        return [html.publishing(now), look, publish, stop]

    def _refusal(self, oauth: gr.OAuthToken | None) -> str:
        """Why the page's visitor cannot publish; "" where nothing speaks against it."""
        try:
            self._hub(oauth).user()
        except PublishError as error:
            return str(error)
        return ""

    def _wanted(
        self, what: str, model: str | None, repo: str, license: str | None, private: bool, examples: list[str] | None,
        allowed: bool,
    ) -> Wanted:  # fmt: skip
        if not NAME.fullmatch(repo.strip()):
            said = f"`{repo.strip()}` is no name on the Hub" if repo.strip() else "the name on the Hub is empty"
            raise PublishError(said, hint="USER/NAME, of letters, digits, -, _ and .")
        if what == "dataset":
            if not allowed:
                raise PublishError("pictures have owners", hint="tick that they allow it, if they do")
            return Wanted(what, self.project.root, repo.strip(), private, license or None)
        if not model:
            raise PublishError("there is no model yet", hint="train one in the Train tab")
        chosen = tuple(Path(path) for path in examples or ())
        return Wanted(what, folder_of(self.project, model), repo.strip(), private, license or None, chosen)

    def _hub(self, oauth: gr.OAuthToken | None) -> Hub:
        """The Hub as whoever is at the page reaches it: in a Space never with the Space's own token.

        Raises:
            PublishError: nobody logged in.
        """
        if not self.hosted:
            return Hub()
        if oauth is None:
            hint = "press Sign in (the README has hf_oauth: true and hf_oauth_scopes: [manage-repos])"
            raise PublishError("nobody is logged in", hint=hint, status=401)
        return Hub(oauth.token)


def _slug(name: str) -> str:
    """A folder's name as the Hub allows it.

    >>> _slug("my bears!")
    'my-bears'
    """
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.") or "model"
