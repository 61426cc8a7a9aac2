"""Preview of augmentation on the project's own pictures."""

from dataclasses import replace

import numpy as np
from PIL import Image

from bearkit.bodies.features import read_image
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.core.project import Project
from bearkit.errors import ImageError, NoImagesError
from bearkit.images.preprocessing import Preprocessing, center_crop
from bearkit.training import augment

ACROSS, DOWN, SIZE = 6, 3, 128  # images, random changes of each, pixels of a side


def changed_pictures(project: Project, kind: str) -> Image.Image:
    """Return a grid of augmented images: an image in each column, another random change in each row.

    Args:
        project: whose images to use.
        kind: the augmentation, one of `AUGMENTATIONS`.

    Raises:
        NoImagesError: There are no images, or none that can be read.
    """
    how = Preprocessing(size=SIZE)
    square = replace(how, size=how.shorter_side, crop_pct=1.0)
    images = DecisionLog(Catalog(project)).images() if project.exists else []
    squares = []
    for image in images[:: max(1, len(images) // ACROSS)]:
        try:
            picture = read_image(project.picture(image.path), image.image_id, how)
        except ImageError:
            continue
        squares.append(np.asarray(center_crop(picture, square)))
    if not squares:
        raise NoImagesError("there are no pictures for a preview", hint="import some in the Data tab")
    rows = [
        np.concatenate(list(augment.examples(np.stack(squares[:ACROSS]), kind, SIZE, how.crop_pct, seed)), axis=1)
        for seed in range(DOWN)
    ]
    return Image.fromarray(np.concatenate(rows))
