"""Predict with an exported model folder. No torch and no Gradio in here: it is what a Space needs."""
