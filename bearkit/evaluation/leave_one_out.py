"""Leave-one-out probabilities in closed form, by ridge regression; they find wrong labels.

Ridge regression of the one-hot labels on the features has a closed form for its leave-one-out residuals (PRESS,
Allen 1974): residual / (1 - leverage). So N heads, each fitted on all images but one, cost as much as one head, and
new labels for the same images cost two matrix products. The scores become probabilities by a softmax with the
temperature of least loss, and a prior: a few easy images say little about how sure the heads may be of the others.
EXPERIMENTS.md compares the label errors found with heads trained in folds and cleanlab.
"""

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

PENALTY = 1.5  # ridge penalty of the weights, for features of length 1
CHUNK = 4096  # images added to the Gram matrix at once
MAX_LEVERAGE = 1 - 1e-3
MAX_SCALE_ROWS = 4096  # images that the temperature is fitted on
USUAL_LOG_SCALE, PRIOR = 2.0, 10.0  # the usual log of the inverse temperature, and nats for each squared unit from it


class LeaveOneOutRidge:
    """Ridge heads on N images: the probabilities of each image come from a head that was not fitted on it.

    Args:
        features: float32 (N, D).
        seen: which images have a label that heads are fitted on, bool (N,); all if None.
        standardize: scale the features by their standard deviations over the seen images; False if they are scaled.
    """

    def __init__(self, features: np.ndarray, seen: np.ndarray | None = None, standardize: bool = True) -> None:
        self.seen = np.ones(len(features), dtype=bool) if seen is None else seen
        x = _unit_rows(features, self.seen) if standardize else _with_constant(features)
        gram = PENALTY * np.eye(x.shape[1])
        for start in range(0, len(x), CHUNK):
            part = x[start : start + CHUNK][self.seen[start : start + CHUNK]]
            gram += part.T @ part
        lower = cholesky(gram, lower=True).astype(np.float32)
        self._z = solve_triangular(lower, x.T, lower=True, check_finite=False, overwrite_b=True).T
        self._leverage = np.minimum((self._z**2).sum(axis=1), MAX_LEVERAGE)

    def probs(self, targets: np.ndarray, n_labels: int) -> np.ndarray:
        """Compute the probabilities of each label, float32 (N, C).

        Args:
            targets: index of each given label, int (N,), in [0, C); not used for images that are not `seen`.
            n_labels: C.
        """
        one_hot = np.eye(n_labels, dtype=np.float32)[np.where(self.seen, targets, 0)]
        one_hot[~self.seen] = 0
        fitted = self._z @ (self._z.T @ one_hot)
        left_out = one_hot - (one_hot - fitted) / (1 - self._leverage)[:, None]
        scores = np.where(self.seen[:, None], left_out, fitted)
        rows = np.flatnonzero(self.seen)
        rows = rows[:: -(-len(rows) // MAX_SCALE_ROWS)]  # a temperature needs no more
        scale = _best_scale(scores[rows], targets[rows])
        probs: np.ndarray = np.exp(log_softmax(scores.astype(np.float64) * scale, axis=1)).astype(np.float32)
        return probs


def leave_one_out_probs(features: np.ndarray, targets: np.ndarray, n_labels: int) -> np.ndarray:
    """Compute leave-one-out probabilities, float32 (N, C): each row from a head fitted on all other images.

    Args:
        features: float32 (N, D).
        targets: index of each given label, int (N,), in [0, C).
        n_labels: C.
    """
    return LeaveOneOutRidge(features).probs(targets, n_labels)


def _unit_rows(features: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Standardise features by the seen images, scale rows to length 1, append a constant: float32 (N, D + 1)."""
    mean, std = features[seen].mean(axis=0), features[seen].std(axis=0)
    floor = max(float(std.mean()) * 1e-2, 1e-6)  # or a feature that hardly varies would be scaled up
    result = np.empty((len(features), features.shape[1] + 1), np.float32)
    result[:, :-1] = (features - mean) / np.maximum(std, floor)
    result[:, :-1] /= np.maximum(np.linalg.norm(result[:, :-1], axis=1, keepdims=True), 1e-6)
    result[:, -1] = 1
    return result


def _with_constant(rows: np.ndarray) -> np.ndarray:
    """Append a constant, which gives heads an intercept: float32 (N, D + 1)."""
    return np.hstack([rows, np.ones((len(rows), 1), np.float32)])


def _best_scale(scores: np.ndarray, targets: np.ndarray) -> float:
    """Find the inverse temperature with the least cross-entropy of the given labels, unusual ones being unlikely."""
    rows = np.arange(len(targets))

    def loss(log_scale: float) -> float:
        cross_entropy = -log_softmax(scores * np.exp(log_scale), axis=1)[rows, targets].sum()
        return float(cross_entropy + PRIOR * (log_scale - USUAL_LOG_SCALE) ** 2)

    return float(np.exp(minimize_scalar(loss, bounds=(-1, 5), method="bounded", options={"xatol": 0.01}).x))
