"""The studio: a project in the browser. Layout and wiring only; what happens is in the rooms below."""

from bearkit import web as web  # before any import of Gradio
