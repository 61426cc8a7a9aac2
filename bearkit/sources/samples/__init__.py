"""Sample images, and a project made of them."""
