"""The Predict page, and how a page is served: the studio, `bearkit serve` and the Gradio Space share it."""
