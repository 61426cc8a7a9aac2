"""The catalogue of a project: its images, where they came from, their splits, and people's decisions about them."""
