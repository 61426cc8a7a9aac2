"""Where pictures come from, and how they get into a project."""
