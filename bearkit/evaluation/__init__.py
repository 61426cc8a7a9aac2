"""What a trained model gets right and wrong, computed from arrays and run folders; no model and no torch."""
