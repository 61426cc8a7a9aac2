"""Train models: a head on cached features, then the body with it; and read what a training shows."""
