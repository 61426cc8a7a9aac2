"""Which images show a label well, for those who label."""

from collections.abc import Mapping, Sequence

from bearkit.catalog.decision_types import ACCEPTED
from bearkit.catalog.decisions import RENAMED
from bearkit.catalog.schema import Decision

EXAMPLES = 3  # of a label for which nobody chose any


def label_examples(
    chosen: Mapping[str, Sequence[str]], labels: Mapping[str, str], latest: Mapping[str, Decision]
) -> dict[str, list[str]]:
    """Return the ids of each label's examples: those that people chose, else the first ones that a person confirmed.

    Args:
        chosen: image ids by label. An image that has another label now, or is deleted, is no example.
        labels: the present label by image id; deleted images are left out.
        latest: the decision that counts for each image, by image id.
    """
    found = {label: [one for one in ids if labels.get(one) == label] for label, ids in chosen.items()}
    found = {label: ids for label, ids in found.items() if ids}
    confirmed: dict[str, list[str]] = {}
    for image_id, decision in sorted(latest.items(), key=lambda item: item[1].id):
        label = labels.get(image_id)
        if label and label == decision.to_label and decision.kind not in (ACCEPTED, RENAMED):
            confirmed.setdefault(label, []).append(image_id)
    return {label: ids[:EXAMPLES] for label, ids in confirmed.items()} | found
