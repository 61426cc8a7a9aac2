"""bearkit: an image classifier of your own, from a folder of pictures to a model that others can use.

Importing it costs nothing: each name below brings its room with it when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bearkit.collect.collecting import collect_images as collect_images
    from bearkit.collect.fetch import Limits as Limits
    from bearkit.collect.importing import import_images as import_images
    from bearkit.collect.importing import preview_import as preview_import
    from bearkit.collect.search import search_images as search_images
    from bearkit.demo import run_demo as run_demo
    from bearkit.doctor.doctor import examine_project as examine_project
    from bearkit.errors import BearkitError as BearkitError
    from bearkit.export.exporting import export_model as export_model
    from bearkit.interpretation.interpretation import Interpretation as Interpretation
    from bearkit.learner import Learner as Learner
    from bearkit.predict import Predictor as Predictor
    from bearkit.predict_many import predict_files as predict_files
    from bearkit.project import Project as Project
    from bearkit.publish.dataset import whose_images as whose_images
    from bearkit.publish.preflight import preflight as preflight
    from bearkit.publish.publishing import push_dataset as push_dataset
    from bearkit.publish.publishing import push_model as push_model
    from bearkit.publish.publishing import push_space as push_space
    from bearkit.review.before_after import compare_runs as compare_runs
    from bearkit.review.decide import decide_file as decide_file
    from bearkit.review.decide import decide_one as decide_one
    from bearkit.review.decide import find_duplicates as find_duplicates
    from bearkit.review.decide import merge_labels as merge_labels
    from bearkit.review.export_dataset import export_dataset as export_dataset
    from bearkit.review.folders import apply_decisions as apply_decisions
    from bearkit.review.folders import unapply_decisions as unapply_decisions
    from bearkit.review.queue import Queue as Queue
    from bearkit.review.queue import View as View
    from bearkit.serve.app import serve_model as serve_model
    from bearkit.studio.app import launch_studio as launch_studio

__version__ = "0.1.0"

_ROOMS = {
    "BearkitError": "bearkit.errors",
    "Interpretation": "bearkit.interpretation.interpretation",
    "Learner": "bearkit.learner",
    "Predictor": "bearkit.predict",
    "predict_files": "bearkit.predict_many",
    "Project": "bearkit.project",
    "export_model": "bearkit.export.exporting",
    "run_demo": "bearkit.demo",
    "launch_studio": "bearkit.studio.app",
    "serve_model": "bearkit.serve.app",
    "preflight": "bearkit.publish.preflight",
    "whose_images": "bearkit.publish.dataset",
    "push_dataset": "bearkit.publish.publishing",
    "push_model": "bearkit.publish.publishing",
    "push_space": "bearkit.publish.publishing",
    "Queue": "bearkit.review.queue",
    "View": "bearkit.review.queue",
    "decide_one": "bearkit.review.decide",
    "decide_file": "bearkit.review.decide",
    "find_duplicates": "bearkit.review.decide",
    "merge_labels": "bearkit.review.decide",
    "apply_decisions": "bearkit.review.folders",
    "unapply_decisions": "bearkit.review.folders",
    "compare_runs": "bearkit.review.before_after",
    "export_dataset": "bearkit.review.export_dataset",
    "Limits": "bearkit.collect.fetch",
    "collect_images": "bearkit.collect.collecting",
    "import_images": "bearkit.collect.importing",
    "preview_import": "bearkit.collect.importing",
    "search_images": "bearkit.collect.search",
    "examine_project": "bearkit.doctor.doctor",
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
