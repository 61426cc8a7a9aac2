"""Looks whether a project is in order, and mends what can be mended."""
