"""What the map shows of each image: the label that people gave, or the one that is proposed."""

import numpy as np

from bearkit.labelling.audit import read_audit
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.snapshot import Snapshot

GONE, NONE = -32768, -1  # codes of deleted images, and of those without label and proposal
FIRST_PROPOSAL = -2  # the code of a proposal is this minus the label's place in the vocab


def label_codes(queue: LabelQueue, snapshot: Snapshot) -> np.ndarray:
    """Return what is known about each image as a number, int (N,).

    It is the place in the vocab of the label that people gave; -2 minus the place of a label that is only proposed, or
    given by the model; -1 for neither, as for images of an audit, which people label without proposals; -32768 for
    deleted images.
    """
    state = queue.state(snapshot)
    codes = np.full(len(snapshot.images), NONE)
    if state.probs is not None:
        codes = FIRST_PROPOSAL - state.probs.argmax(axis=1)
    codes[snapshot.mask_of(read_audit(queue.index.catalog).pending(snapshot))] = NONE
    by_people = snapshot.labelled & ~snapshot.by_model
    codes[by_people] = snapshot.targets[by_people]
    codes[~snapshot.present] = GONE
    return codes
