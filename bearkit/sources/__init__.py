"""Sources of images, and their import into a project."""
