"""How a page looks: one calm page, the system's own fonts, nothing fetched from anywhere."""

from pathlib import Path

import gradio as gr

CSS = (Path(__file__).parent / "page.css").read_text()


def theme() -> gr.themes.Base:
    """Soft corners, warm greys, one accent."""
    return gr.themes.Soft(
        primary_hue="teal",
        neutral_hue="stone",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
