"""In which order, and how often, an epoch shows the pictures."""

import torch


def epoch_size(labels: torch.Tensor, oversample: bool) -> int:
    """How many pictures an epoch shows."""
    counts = labels.bincount()
    return int(counts.max() * counts.count_nonzero()) if oversample else len(labels)


def epoch_order(labels: torch.Tensor, oversample: bool) -> torch.Tensor:
    """Row numbers in random order, int64: each once, or with `oversample` each label as often as the commonest one.

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
    """So many of these rows, each equally often but for a random remainder."""
    whole, rest = divmod(times, len(rows))
    return torch.cat([rows.repeat(whole), rows[torch.randperm(len(rows))[:rest]]])
