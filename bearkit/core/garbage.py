"""How often Python looks for garbage."""

import gc

THRESHOLDS = (100_000, 20, 20)  # Python's own: 700, 10, 10


def collect_garbage_rarely() -> None:
    """Look for garbage less often. Only for programs of bearkit's own: it changes the whole process.

    Imports make hundreds of thousands of objects that stay; with Python's thresholds, looking through them takes a
    fifth of the studio's start.
    """
    gc.set_threshold(*THRESHOLDS)
