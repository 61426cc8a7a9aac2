"""bearkit: an image classifier of your own, from a folder of pictures to a model that others can use.

Importing it costs nothing: each name below brings its room with it when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bearkit.core.project import Project as Project
    from bearkit.datasets.export import export_dataset as export_dataset
    from bearkit.doctor.examine import examine_project as examine_project
    from bearkit.errors import BearkitError as BearkitError
    from bearkit.evaluation.compare_runs import compare_runs as compare_runs
    from bearkit.evaluation.interpretation import Interpretation as Interpretation
    from bearkit.export.export import export_model as export_model
    from bearkit.hub.dataset import whose_images as whose_images
    from bearkit.hub.preflight import preflight as preflight
    from bearkit.hub.push import push_dataset as push_dataset
    from bearkit.hub.push import push_model as push_model
    from bearkit.hub.push import push_space as push_space
    from bearkit.inference.batch import predict_files as predict_files
    from bearkit.inference.predictor import Predictor as Predictor
    from bearkit.labelling.actions import decide_file as decide_file
    from bearkit.labelling.actions import decide_one as decide_one
    from bearkit.labelling.actions import find_duplicates as find_duplicates
    from bearkit.labelling.actions import merge_labels as merge_labels
    from bearkit.labelling.apply import apply_decisions as apply_decisions
    from bearkit.labelling.apply import unapply_decisions as unapply_decisions
    from bearkit.labelling.queue import Queue as Queue
    from bearkit.labelling.queue import View as View
    from bearkit.learn.demo import run_demo as run_demo
    from bearkit.learner import Learner as Learner
    from bearkit.serve.app import serve_model as serve_model
    from bearkit.sources.importing import import_images as import_images
    from bearkit.sources.importing import preview_import as preview_import
    from bearkit.sources.web.collect import collect_images as collect_images
    from bearkit.sources.web.fetch import Limits as Limits
    from bearkit.sources.web.search import search_images as search_images
    from bearkit.studio.app import launch_studio as launch_studio

__version__ = "0.1.0"

_ROOMS = {
    "BearkitError": "bearkit.errors",
    "Interpretation": "bearkit.evaluation.interpretation",
    "Learner": "bearkit.learner",
    "Predictor": "bearkit.inference.predictor",
    "predict_files": "bearkit.inference.batch",
    "Project": "bearkit.core.project",
    "export_model": "bearkit.export.export",
    "run_demo": "bearkit.learn.demo",
    "launch_studio": "bearkit.studio.app",
    "serve_model": "bearkit.serve.app",
    "preflight": "bearkit.hub.preflight",
    "whose_images": "bearkit.hub.dataset",
    "push_dataset": "bearkit.hub.push",
    "push_model": "bearkit.hub.push",
    "push_space": "bearkit.hub.push",
    "Queue": "bearkit.labelling.queue",
    "View": "bearkit.labelling.queue",
    "decide_one": "bearkit.labelling.actions",
    "decide_file": "bearkit.labelling.actions",
    "find_duplicates": "bearkit.labelling.actions",
    "merge_labels": "bearkit.labelling.actions",
    "apply_decisions": "bearkit.labelling.apply",
    "unapply_decisions": "bearkit.labelling.apply",
    "compare_runs": "bearkit.evaluation.compare_runs",
    "export_dataset": "bearkit.datasets.export",
    "Limits": "bearkit.sources.web.fetch",
    "collect_images": "bearkit.sources.web.collect",
    "import_images": "bearkit.sources.importing",
    "preview_import": "bearkit.sources.importing",
    "search_images": "bearkit.sources.web.search",
    "examine_project": "bearkit.doctor.examine",
}
__all__ = [*_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    """Bring a public name in when it is first asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'bearkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
