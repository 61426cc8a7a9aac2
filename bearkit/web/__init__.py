"""What all pages share: the Predict page, and a guarded server. Used by the studio, `bearkit serve` and Gradio Spaces.

Gradio is imported here first, without proxy variables that its HTTP client does not support: with them, its import
fails.
"""

from bearkit.core.proxies import usable_proxies

with usable_proxies():
    import gradio as gradio
