"""What a trained model gets right and wrong. No model and no torch in here: arrays and run folders only."""

from bearkit.interpretation.interpretation import Interpretation

__all__ = ["Interpretation"]
