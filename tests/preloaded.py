"""What processes of bearkit's own need, imported once: they are forked from it, and find no garbage in it."""

import gc
from importlib import import_module

OURS = ("bearkit.export.export", "bearkit.learner", "bearkit.studio.app", "bearkit.cli.start", "tests.processes")
GRADIOS = ("matplotlib.pyplot", "matplotlib.backends.backend_agg")  # a third of a second of a page's first event

gc.disable()
for name in (*OURS, *GRADIOS):
    import_module(name)
import_module("tests.tiny_body").register()
gc.freeze()
gc.enable()
