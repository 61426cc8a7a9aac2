"""Models, data sets and demos for the Hugging Face Hub: written as folders, checked, and pushed in one commit."""
