"""Publish models, data sets and demos on the Hugging Face Hub: write a folder, check it, push it in one commit."""
