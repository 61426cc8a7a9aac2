"""The Publish tab: choose what, see what will be uploaded, then one button and a link."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.core.project import Project
from bearkit.errors import PublishError
from bearkit.hub.client import Hub
from bearkit.hub.dataset import whose_images
from bearkit.hub.push import PublishRequest
from bearkit.hub.repo_names import check_name, name_from
from bearkit.studio import html, publish_preview
from bearkit.studio.predict import folder_of, models
from bearkit.studio.publish_job import Uploading
from bearkit.web.errors import show_errors, take_files
from bearkit.web.prediction_html import note

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
        self.form: list[Any] = [what, model, repo, license, private, examples, allowed]
        for button, handler in ((look, self.look_over), (publish, self.publish)):
            event = button.click(handler, set(self.form), self.live, show_progress="hidden", concurrency_limit=None)
            self.settle(event.then)
        stop.click(self.uploading.stop, None, None)
        what.change(self.choose, what, [model, examples, owners, allowed], show_progress="hidden")
        for field in self.form:  # what would be published may no longer be what was looked over
            self.settle(field.change)

    def settle(self, event: Any) -> None:
        """Show how things stand for what the page says now, after an event."""
        event(self.standing, set(self.form), self.live, show_progress="hidden", concurrency_limit=None)

    @show_errors
    def refresh(self, model: str | None, repo: str, oauth: gr.OAuthToken | None = None) -> list[Any]:
        """Who is logged in, and the models there are."""
        names = models(self.project)
        known = [name for _, name in names]
        choice = gr.update(choices=names, value=model if model in known else next(iter(known), None))
        try:
            user = self._hub(oauth).user()
        except PublishError as error:
            return [html.quiet(f"Not signed in: {error}. You can preview; to publish, {error.hint}"), choice, gr.skip()]
        return [note(f"Logged in to the Hub as {user}."), choice, repo or f"{user}/{name_from(self.project.name)}"]

    @show_errors
    def choose(self, what: str) -> list[Any]:
        """What the chosen kind needs: a model and examples, or the word that the pictures may be published."""
        data = what == "dataset"
        said = note(whose_images(self.project), good=False) if data and self.project.exists else ""
        return [gr.update(visible=not data), gr.update(visible=not data), said, gr.update(visible=data, value=False)]

    @show_errors
    def look_over(self, page: dict[Any, Any]) -> Iterator[list[Any]]:
        """Write it, try it out, and show what will be uploaded."""
        form = self._said(page)
        self.uploading.look_over(self._wanted(*form), form)
        yield from self.follow()

    @show_errors
    def publish(self, page: dict[Any, Any], oauth: gr.OAuthToken | None = None) -> Iterator[list[Any]]:
        """Publish what was looked over."""
        self.uploading.publish(self._wanted(*self._said(page)), self._hub(oauth))
        yield from self.follow()

    def follow(self) -> Iterator[list[Any]]:
        """How far it is, as long as something is being done."""
        yield [gr.skip()] * len(self.live)  # of a handler that yields nothing Gradio makes empty buttons
        while self.uploading.now.doing:
            yield _live(publish_preview.publishing(self.uploading.now), doing=True)
            time.sleep(LOOK_SECONDS)

    def standing(self, page: dict[Any, Any], oauth: gr.OAuthToken | None = None) -> list[Any]:
        """What was looked over or published, if the page still says the same; what is said of others is marked so."""
        now = self.uploading.now
        if now.doing:
            return _live(publish_preview.publishing(now), doing=True)
        if now.form != self._said(page):
            return _live(publish_preview.published_before(now))
        refusal = self._refusal(oauth) if now.files and not now.url else ""
        return _live(publish_preview.publishing(now), refusal=refusal, ready=bool(now.files) and not now.url)

    def _said(self, page: dict[Any, Any]) -> tuple[Any, ...]:
        """What the page says of what to publish, without what does not matter for its kind."""
        what, model, repo, license, private, examples, allowed = (page[field] for field in self.form)
        data = what == "dataset"
        chosen = () if data else tuple(examples or ())
        return what, None if data else model, (repo or "").strip(), license or None, private, chosen, data and allowed

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
    ) -> PublishRequest:  # fmt: skip
        check_name(repo.strip())
        if what == "dataset":
            if not allowed:
                raise PublishError("pictures have owners", hint="tick that they allow it, if they do")
            return PublishRequest(what, self.project.root, repo.strip(), private, license or None)
        if not model:
            raise PublishError("there is no model yet", hint="train one in the Train tab")
        chosen = tuple(Path(path) for path in examples or ())
        return PublishRequest(what, folder_of(self.project, model), repo.strip(), private, license or None, chosen)

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


def _live(standing: str, doing: bool = False, ready: bool = False, refusal: str = "") -> list[Any]:
    """The standing, and what the buttons can do."""
    publish = gr.update(interactive=ready and not refusal, value=f"Publish ({refusal})" if refusal else "Publish")
    return [standing, gr.update(interactive=not doing), publish, gr.update(interactive=doing)]
