"""Serve a model over HTTP: the Predict page, and a REST API with the rows of `bearkit predict --json`."""

from bearkit import web as web  # before any import of Gradio
