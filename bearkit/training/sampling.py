"""The order of the images in an epoch, and how often each one is in it."""

import torch


def epoch_size(labels: torch.Tensor, oversample: bool) -> int:
    """Return the number of images in an epoch."""
    counts = labels.bincount()
    return int(counts.max() * counts.count_nonzero()) if oversample else len(labels)


def epoch_order(labels: torch.Tensor, oversample: bool) -> torch.Tensor:
    """Return row numbers in random order, int64: each once, or with `oversample` each label as often as the commonest.

    >>> labels = torch.tensor([0, 0, 0, 0, 0, 1, 1])
    >>> labels[epoch_order(labels, oversample=True)].bincount().tolist()
    [5, 5]
    """
    if not oversample:
        return torch.randperm(len(labels))
    counts = labels.bincount()
    rows = torch.cat(
        [_repeated(torch.nonzero(labels == label).flatten(), int(counts.max())) for label in counts.nonzero()]
    )
    return rows[torch.randperm(len(rows))]


def _repeated(rows: torch.Tensor, times: int) -> torch.Tensor:
    """Return `times` of these rows: each equally often, and a random remainder."""
    whole, rest = divmod(times, len(rows))
    return torch.cat([rows.repeat(whole), rows[torch.randperm(len(rows))[:rest]]])
