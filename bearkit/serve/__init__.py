"""A model behind HTTP: the Predict page, and an API that answers as the command line does."""

from bearkit import web as web  # before any import of Gradio
