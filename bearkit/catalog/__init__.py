"""What is known about a project's pictures: where they came from, their splits, and what people decided about them."""
