"""From a run's checkpoint to a model folder that others can load."""
