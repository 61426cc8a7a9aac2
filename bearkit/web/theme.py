"""The look of all pages: one calm theme, the system's fonts, nothing loaded from other sites."""

from pathlib import Path

import gradio as gr

CSS = (Path(__file__).parent / "page.css").read_text()


def theme() -> gr.themes.Base:
    """Return the Gradio theme: soft corners, warm greys, one accent colour."""
    return gr.themes.Soft(
        primary_hue="teal",
        neutral_hue="stone",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
