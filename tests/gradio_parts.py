"""Parts of a Gradio page by themselves, without a server."""

import gradio as gr

from tests.processes import run_async


def made(thing, *arguments):
    """Something of a page; Gradio needs a running event loop."""

    async def make():
        with gr.Blocks(analytics_enabled=False):
            return thing(*arguments)

    return run_async(make())
