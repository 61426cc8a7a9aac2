"""The torch room: bodies, their features, the head, and how both are fitted."""
