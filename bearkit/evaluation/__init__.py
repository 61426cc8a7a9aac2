"""What a trained model gets right and wrong. No model and no torch in here: arrays and run folders only."""
