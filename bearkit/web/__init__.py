"""The Predict page, and how a page is served: the studio, `bearkit serve` and the Gradio Space share it.

Gradio cannot be imported where the environment names a proxy that its HTTP client does not know, so that is done here.
"""

from bearkit.core.proxies import usable_proxies

with usable_proxies():
    import gradio as gradio
