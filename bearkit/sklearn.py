"""A scikit-learn estimator: a head on a pretrained body, for `cross_val_score`, `Pipeline` and the like.

    from bearkit.sklearn import ImageClassifier
    from sklearn.model_selection import cross_val_score

    cross_val_score(ImageClassifier(), paths, labels)

It needs scikit-learn.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bearkit.bodies import registry
from bearkit.bodies.features import extract_features
from bearkit.catalog.schema import ImageRecord
from bearkit.core.atomic import user_cache
from bearkit.core.project import Project
from bearkit.errors import ImageError, ShapeError, TooFewLabelsError
from bearkit.images import content_id, read_file
from bearkit.training.config import TrainConfig
from bearkit.training.head import TrainValidFeatures, predict_probs, train_head

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError("bearkit.sklearn needs scikit-learn: `pip install scikit-learn`") from error


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Classifies image files: features of a frozen pretrained body, and a head trained on them.

    The features of an image are computed once and cached by its content, so that each fold of a cross-validation
    takes tenths of a second.

    Args:
        body: name of the pretrained network, see `TrainConfig`.
        weights: file with its weights, or `none` for random ones; its own if empty.
        epochs: times that each image is seen.
        lr: highest learning rate.
        schedule: one-cycle or flat.
        weight_decay: of AdamW.
        dropout: share of the features that are left out at each step.
        label_smoothing: share of the target that is spread over all labels.
        batch_size: images a step.
        random_state: seed of all random numbers.
        cache: folder for the features; in the user's cache if None.

    Attributes:
        classes_: the labels, sorted, (C,).
        head_: the trained head.
    """

    def __init__(
        self,
        body: str = TrainConfig.body,
        weights: str = "",
        epochs: int = TrainConfig.epochs,
        lr: float = TrainConfig.lr,
        schedule: str = TrainConfig.schedule,
        weight_decay: float = TrainConfig.weight_decay,
        dropout: float = TrainConfig.dropout,
        label_smoothing: float = TrainConfig.label_smoothing,
        batch_size: int = TrainConfig.batch_size,
        random_state: int = TrainConfig.seed,
        cache: str | os.PathLike[str] | None = None,
    ) -> None:
        self.body, self.weights, self.cache = body, weights, cache
        self.epochs, self.lr, self.schedule, self.batch_size = epochs, lr, schedule, batch_size
        self.weight_decay, self.dropout, self.label_smoothing = weight_decay, dropout, label_smoothing
        self.random_state = random_state

    def fit(self, X: Sequence[str | os.PathLike[str]], y: Sequence[Any]) -> "ImageClassifier":
        """Train a head.

        Args:
            X: paths of N image files.
            y: their labels, (N,).

        Raises:
            ShapeError: X and y have different lengths.
            TooFewLabelsError: there are fewer than two labels.
            OptionError: a parameter that cannot train.
            ImageError: a file is not a usable image.
        """
        if len(X) != len(y):
            raise ShapeError(f"{len(X)} images and {len(y)} labels", hint="give one label for each image")
        self.classes_, targets = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise TooFewLabelsError(f"{len(self.classes_)} label: a classifier needs at least two", hint="add images")
        names = ("body", "weights", "epochs", "lr", "schedule", "weight_decay", "dropout", "label_smoothing")
        options = {name: getattr(self, name) for name in (*names, "batch_size")}
        config = TrainConfig(seed=self.random_state, **options)
        values, targets = self._features(X), targets.astype(np.int64)
        split = TrainValidFeatures(values[:, None], targets, values[:0], targets[:0], len(self.classes_))
        self.head_ = train_head(split, config)
        return self

    def predict_proba(self, X: Sequence[str | os.PathLike[str]]) -> np.ndarray:
        """Predict the probability of each label, float32 (N, C), in the order of `classes_`.

        Raises:
            ImageError: a file is not a usable image.
        """
        check_is_fitted(self)
        return predict_probs(self.head_, self._features(X))

    def predict(self, X: Sequence[str | os.PathLike[str]]) -> np.ndarray:
        """Predict the label of each image, (N,); raises what `predict_proba` raises."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: np.ndarray = self.classes_[best]
        return labels

    def _features(self, X: Sequence[str | os.PathLike[str]]) -> np.ndarray:
        """Features of the images, float32 (N, D), computed or read from the cache."""
        paths = [os.path.abspath(path) for path in np.asarray(X, dtype=object).ravel()]  # noqa: PTH100
        ids = []
        for path in paths:
            try:
                ids.append(content_id(read_file(path)))
            except ImageError as error:
                raise type(error)(f"{path}: {error}", error.hint) from error
        records = {
            image_id: ImageRecord(image_id, path, "", None, 0, 0, "", 0)
            for image_id, path in zip(ids, paths, strict=True)
        }
        project = Project(self.cache or user_cache(Path.home() / "sklearn" / "cache"))
        found = extract_features(project, list(records.values()), registry.get(self.body, self.weights))
        if found.skipped:
            raise ImageError(f"{found.skipped[0]['path']}: {found.skipped[0]['reason']}")
        row = {image_id: number for number, image_id in enumerate(found.image_ids)}
        values: np.ndarray = found.values[[row[image_id] for image_id in ids], 0]
        return values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array, tags.input_tags.string = True, False, True
        tags.no_validation = True
        return tags
