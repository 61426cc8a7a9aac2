"""The Publish tab: choose what to publish, see what will be uploaded, then publish it with one button."""

import os
import tempfile
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
from bearkit.studio.publish_job import PublishJob, PublishStatus
from bearkit.web.errors import show_errors, take_original_files
from bearkit.web.prediction_html import note

WHAT = [
    ("Demo in the visitor's browser (free)", "static"),
    ("Demo on a Hugging Face server (needs PRO)", "gradio"),
    ("Model, for timm, transformers and bearkit", "model"),
    ("Data set of the cleaned pictures", "dataset"),
]
MAY_PUBLISH = "I may publish these pictures"
REMOVE_PLACES = "Remove the places where pictures were taken"
LICENSES = ["apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0"]
ZIPPED = "_preview.zip"  # the end of a .zip's name
CLICK_SAVE = """() => {
  const click = (tries) => {  // the button comes once Gradio has drawn it
    const button = document.querySelector('#publish-zip');
    if (button) button.click();
    else if (tries) setTimeout(() => click(tries - 1), 100);
  };
  click(50);
}"""
LOOK_SECONDS = 0.3  # between two checks of the progress


class PublishTab:
    """The layout and event handlers of the Publish tab.

    Attributes:
        form: the fields that say what to publish.
        live: the components that show the progress.
    """

    def __init__(self, project: Project) -> None:
        self.project, self.job = project, PublishJob()
        self.hosted = bool(os.environ.get("SPACE_ID"))
        who = gr.HTML()
        if self.hosted and os.environ.get("OAUTH_CLIENT_ID"):
            gr.LoginButton()
        with gr.Row():
            with gr.Column(min_width=320):
                what = gr.Radio(WHAT, value="static", label="What to publish")
                model = gr.Dropdown([], label="Model")
                repo = gr.Textbox(label="Name on the Hugging Face Hub", placeholder="me/which-bear", max_lines=1)
            with gr.Column(min_width=320):
                license = gr.Dropdown(
                    LICENSES,
                    value=None,
                    label="Licence: what others may do with it (optional)",
                    allow_custom_value=True,
                )
                private = gr.Checkbox(False, label="Private: only I can see it (new repositories only)")
                examples = gr.File(
                    label="Example pictures, visible to everyone (optional)", file_count="multiple",
                    file_types=["image"], height=120,
                )  # fmt: skip
                take_original_files(examples)
                owners = gr.HTML()
                places = gr.Checkbox(True, label=REMOVE_PLACES, visible=False)
                allowed = gr.Checkbox(False, label=MAY_PUBLISH, visible=False)
        with gr.Row():
            preview = gr.Button("See what will be uploaded", variant="primary")
            publish = gr.Button("Publish", variant="primary", interactive=False)
            stop = gr.Button("Stop", interactive=False)
        status = gr.HTML()
        previewed = self._previewed()
        self.fields: list[Any] = [model, repo]
        self.shown = [who, model, repo]
        self.live = [status, preview, publish, stop, *previewed]
        self.form: list[Any] = [what, model, repo, license, private, examples, allowed, places]
        for button, handler in ((preview, self.preview), (publish, self.publish)):
            event = button.click(handler, set(self.form), self.live, show_progress="hidden", concurrency_limit=None)
            self.settle(event.then)
        stop.click(self.job.stop, None, None)
        what.change(self.choose, what, [model, examples, owners, allowed, places], show_progress="hidden")
        places.input(self.describe_owners, places, owners, show_progress="hidden")
        for field in self.form:  # after a change, the last preview may be of something else
            self.settle(field.change)

    def _previewed(self) -> list[Any]:
        """Lay out what a preview offers: the card, and the files as a .zip."""
        with gr.Accordion("Read the card (README.md)", open=False, visible=False) as card_fold:
            card = gr.Markdown()
        with gr.Row():
            save = gr.Button("Download these files as a .zip", visible=False)
            self.saved = gr.DownloadButton("Save the .zip", visible=False, elem_id="publish-zip")
        hidden = save.click(lambda: gr.update(visible=False), None, self.saved, show_progress="hidden")
        hidden.then(self.zip, None, self.saved).success(None, js=CLICK_SAVE)
        return [card_fold, card, save, self.saved]

    def settle(self, event: Any) -> None:
        """Update the progress for the present form after an event."""
        event(self.status, set(self.form), self.live, show_progress="hidden", concurrency_limit=None)

    @show_errors
    def refresh(self, model: str | None, repo: str, oauth: gr.OAuthToken | None = None) -> list[Any]:
        """Return who is signed in, the models to choose from, and a name for the repository."""
        choices = models(self.project)
        names = [name for _, name in choices]
        choice = gr.update(choices=choices, value=model if model in names else next(iter(names), None))
        try:
            user = self._hub(oauth).user()
        except PublishError as error:
            problem = str(error)
            status = f"{problem[0].upper()}{problem[1:]}. You can preview; to publish, {error.hint}"
            return [html.quiet(status), choice, gr.skip()]
        return [note(f"Signed in to Hugging Face as {user}."), choice, repo or f"{user}/{name_from(self.project.name)}"]

    @show_errors
    def choose(self, what: str) -> list[Any]:
        """Show the fields of a kind: model and examples, or the owners of the pictures, the permission, the places."""
        data = what == "dataset"
        model = gr.update(visible=not data)
        owners = self.describe_owners(True) if data and self.project.exists else ""
        return [model, model, owners, gr.update(visible=data, value=False), gr.update(visible=data, value=True)]

    @show_errors
    def describe_owners(self, remove_places: bool) -> str:
        """Return whose pictures would be published, and whether with the places where they were taken."""
        return note(whose_images(self.project, keep_location=not remove_places), good=False)

    @show_errors
    def preview(self, page: dict[Any, Any]) -> Iterator[list[Any]]:
        """Write what would be published, test it, and show the files."""
        form = self._form_values(page)
        self.job.preview(self._request(*form), form)
        yield from self.follow()

    @show_errors
    def publish(self, page: dict[Any, Any], oauth: gr.OAuthToken | None = None) -> Iterator[list[Any]]:
        """Publish the files of the last preview."""
        self.job.publish(self._request(*self._form_values(page)), self._hub(oauth))
        yield from self.follow()

    @show_errors
    def zip(self) -> Any:
        """Write the files of the last preview as a .zip, for the download button."""
        served = Path(self.saved.GRADIO_CACHE)
        for old in served.glob(f"*/*{ZIPPED}"):  # Gradio keeps a copy of each
            old.unlink()
        path = self.job.zip_preview(Path(tempfile.mkdtemp(dir=served)), ZIPPED)
        return gr.update(value=str(path), visible=True)

    def follow(self) -> Iterator[list[Any]]:
        """Yield the progress until the work ends."""
        yield [gr.skip()] * len(self.live)  # Gradio empties the buttons if a handler yields nothing
        while self.job.now.doing:
            yield _live(self.job.now, publish_preview.publishing(self.job.now))
            time.sleep(LOOK_SECONDS)

    def status(self, page: dict[Any, Any], oauth: gr.OAuthToken | None = None) -> list[Any]:
        """Return the progress, or the last preview; a preview of another form is marked as such."""
        now = self.job.now
        if now.doing:
            return _live(now, publish_preview.publishing(now))
        if now.form != self._form_values(page):
            return _live(PublishStatus(), publish_preview.published_before(now))
        refusal = self._refusal(oauth) if now.files and not now.url else ""
        return _live(now, publish_preview.publishing(now), refusal)

    def _form_values(self, page: dict[Any, Any]) -> tuple[Any, ...]:
        """Return the values of the form; fields that the chosen kind does not use are empty."""
        what, model, repo, license, private, examples, allowed, places = (page[field] for field in self.form)
        data = what == "dataset"
        chosen = () if data else tuple(examples or ())
        about = what, None if data else model, (repo or "").strip(), license or None, private, chosen
        return *about, data and allowed, data and not places

    def _refusal(self, oauth: gr.OAuthToken | None) -> str:
        """Return why the visitor cannot publish; "" if they can."""
        try:
            self._hub(oauth).user()
        except PublishError as error:
            return str(error)
        return ""

    def _request(
        self, what: str, model: str | None, repo: str, license: str | None, private: bool, examples: list[str] | None,
        allowed: bool, keep_location: bool,
    ) -> PublishRequest:  # fmt: skip
        """Return the request for the values of the form.

        Raises:
            PublishError: The name or the permission is missing, or there is no model.
        """
        check_name(repo.strip())
        if what == "dataset":
            if not allowed:
                raise PublishError(
                    "publishing pictures needs their owners' permission", hint=f"tick “{MAY_PUBLISH}” if you have it"
                )
            about = what, self.project.root, repo.strip(), private, license or None
            return PublishRequest(*about, keep_location=keep_location)
        if not model:
            raise PublishError("there is no model yet", hint="train one in the Train tab")
        chosen = tuple(Path(path) for path in examples or ())
        return PublishRequest(what, folder_of(self.project, model), repo.strip(), private, license or None, chosen)

    def _hub(self, oauth: gr.OAuthToken | None) -> Hub:
        """Return a client of the Hub with the visitor's own token; a Space never uses its own.

        Raises:
            PublishError: The visitor of a Space is not signed in.
        """
        if not self.hosted:
            return Hub()
        if oauth is None:
            hint = "press Sign in (the README has hf_oauth: true and hf_oauth_scopes: [manage-repos])"
            raise PublishError("you are not signed in", hint=hint, status=401)
        return Hub(oauth.token)


def _live(now: PublishStatus, status: str, refusal: str = "") -> list[Any]:
    """Return the progress, the buttons with what they can do now, and the card.

    Args:
        now: the state of the preview that the form describes.
        status: the progress as HTML.
        refusal: why the visitor cannot publish.
    """
    doing, ready = bool(now.doing), bool(now.files) and not now.url and not now.doing
    publish = gr.update(interactive=ready and not refusal, value=f"Publish ({refusal})" if refusal else "Publish")
    shown = gr.update(visible=ready)
    buttons = [gr.update(interactive=not doing), publish, gr.update(interactive=doing)]
    old = gr.update(visible=False, value=None)  # a .zip of an earlier preview
    return [status, *buttons, shown, publish_preview.card(now) if ready else "", shown, old]
