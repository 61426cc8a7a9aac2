"""Predict with an exported model folder. A Space needs this package, so it imports neither torch nor Gradio."""
