"""What processes of bearkit's own need, imported once: they are forked from it, and find no garbage in it."""

import gc
from importlib import import_module

gc.disable()
for name in ("bearkit.export.export", "bearkit.learner", "bearkit.studio.app", "bearkit.cli", "tests.processes"):
    import_module(name)
gc.freeze()
gc.enable()
