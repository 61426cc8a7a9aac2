"""The studio: a project in the browser. Only layout and event handlers; the work is done by the packages below."""

from bearkit import web as web  # before any import of Gradio
