"""Saved stages: the model in each, and how a training begins with one."""

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bearkit import runs
from bearkit.bodies import registry
from bearkit.bodies.features import Features, extract_features
from bearkit.bodies.registry import Body
from bearkit.bodies.weights import RANDOM
from bearkit.catalog.catalog import Catalog
from bearkit.core import paths
from bearkit.core.atomic import atomic_write
from bearkit.core.parallel import Progress
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.datasets.dataset import Dataset
from bearkit.errors import BodyError, RunError
from bearkit.runs import Run
from bearkit.training import checkpoint, finetune, head
from bearkit.training.checkpoint import CheckpointMetadata
from bearkit.training.config import TrainConfig
from bearkit.training.head import StateDict, TrainValidFeatures, head_from
from bearkit.training.loop import TrainSetup
from bearkit.training.network import Network, parts_of

PROGRESS_SECONDS = 0.2  # between two progress events of a run


@dataclass(frozen=True)
class LoadedStage:
    """A body, the state of its head, and their metadata; the last two are None before a head was trained."""

    body: Body
    head: StateDict | None
    about: CheckpointMetadata | None = None

    @property
    def tuned(self) -> bool:
        """Whether the body was fine-tuned."""
        return self.body.tuned


def load_stage(run: Run, stage: str, config: TrainConfig | None = None) -> LoadedStage:
    """Load a saved stage of a run.

    Args:
        run: the run.
        stage: the name of its checkpoint.
        config: the run's configuration; read from the run if left out.

    Raises:
        RunError: there is no such stage, it is damaged, or the weights of its body have changed.
    """
    config, path = config or TrainConfig.from_dict(run.config), run.checkpoint(stage)
    state, about = checkpoint.read(path)
    if not about.vocab and run.finished:  # the first bearkit wrote no metadata into the file
        about = replace(about, vocab=tuple(map(str, run.predictions().vocab)), error_rate=run.result["error_rate"])
    of_body, of_head = parts_of(state)
    body = registry.get(config.body, config.weights)
    if of_body:
        return LoadedStage(registry.with_tuned_weights(body, path, about.size), of_head, about)
    if about.weights and about.weights != body.weights_id:
        raise RunError(
            f"the weights of {body.name} are no longer those that run {run.id} was trained with",
            hint=f"restore them ({config.weights or 'the package'}), or train again",
        )
    return LoadedStage(body, of_head, about)


def find_stage(project: Project, name: str) -> tuple[Run, str]:
    """Find the run and the stage that RUN/STAGE names; RUN alone means its last stage.

    Raises:
        RunError: there is no such stage.
    """
    run_id, _, stage = name.partition("/")
    run = runs.find(project, run_id) if stage else runs.find_finished(project, run_id)
    stage = stage or run.stage
    run.checkpoint(stage)
    return run, stage


def find_earlier(project: Project, run: Run, stage: str) -> str:
    """Find a stage by its name alone, in a run or in the runs that it started from; returns RUN/STAGE.

    If none of them has it, the RUN is the first of them, and RUN/STAGE does not exist.
    """
    while stage not in run.checkpoints and (start := TrainConfig.from_dict(run.config).start):
        run = find_stage(project, start)[0]
    return f"{run.id}/{stage}"


def save_as(run: Run, stage: str, name: str) -> Path:
    """Copy a stage's weights to another name in the same run.

    Raises:
        RunError: the name cannot be a file name, or it is reserved for stages.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) or name == runs.RESUME:
        raise RunError(f"`{name}` cannot be a name for weights", hint="letters, digits, - and _")
    target = run.folder / f"{name}.safetensors"
    if target == run.checkpoint(stage):
        return target
    if re.fullmatch(r"stage-\d+(-best)?", name):
        raise RunError(
            f"`{name}` is reserved for stages", hint=f"stages are saved automatically; this is {run.id}/{stage}"
        )
    with atomic_write(target) as part:
        shutil.copyfile(run.checkpoint(stage), part)
    return target


def starting_point(project: Project, config: TrainConfig) -> LoadedStage:
    """Return what a training starts from: a pretrained body without a head, or the stage that `config.start` names.

    Raises:
        BodyError: there is no such body.
        RunError: there is no such stage, or it has another body, seed or weights than `config`.
    """
    if not config.start:
        return LoadedStage(registry.get(config.body, config.weights), None)
    run, stage = find_stage(project, config.start)
    theirs = TrainConfig.from_dict(run.config)
    if theirs.body != config.body:
        raise RunError(f"{config.start} is a {theirs.body}, not a {config.body}", f"train with `--body {theirs.body}`")
    if theirs.seed != config.seed:
        raise RunError(
            f"{config.start} was trained with seed {theirs.seed}, on pictures that seed {config.seed} sets aside",
            hint=f"train with `--seed {theirs.seed}`, or leave --start out",
        )
    if config.weights not in ("", theirs.weights):
        raise RunError(f"{config.start} has weights of its own", hint="leave --weights out")
    return load_stage(run, stage)


def check_labels(about: CheckpointMetadata | None, data: Dataset) -> None:
    """Check that a saved stage has the labels of the data set.

    Raises:
        RunError: labels were added or removed since.
    """
    if about is not None and about.vocab != tuple(data.vocab):
        raise RunError(
            f"that stage has the labels {', '.join(about.vocab)}; the labels are now {', '.join(data.vocab)}",
            hint="train a new head: `bearkit train`",
        )


def create_run(project: Project, config: TrainConfig) -> tuple[Run, Dataset]:
    """Create a run, after a check that its body, its start and its images allow the training.

    Returns:
        The run, for `Learner.resume_run`, and the data set that was checked.

    Raises:
        DatasetError: the images cannot be trained on.
        BodyError: the body or its weights are missing.
        RunError: there is no such stage to start from.
    """
    if config.weights not in ("", RANDOM):
        config = replace(config, weights=str(paths.resolve_path(config.weights, "the file of weights", BodyError)))
    start = starting_point(project, config)
    _ = start.body.weights_id  # checked now, before a training process starts
    data = dataset.load(Catalog(project), config.seed)
    check_labels(start.about, data)
    if config.unfreeze and config.unfreeze_groups:
        finetune.check_groups(start.body, config.unfreeze_groups)
    if config.start:
        run, stage = find_stage(project, config.start)
        config = replace(config, start=f"{run.id}/{stage}", weights=TrainConfig.from_dict(run.config).weights)
    return runs.create(project, config.as_dict()), data


def load_features(
    project: Project,
    config: TrainConfig,
    start: LoadedStage,
    progress: Progress,
    run: Run | None = None,
    stop_if_asked: Callable[[], None] = lambda: None,
    data: Dataset | None = None,
) -> tuple[Dataset, Features, float]:
    """Extract the features of a data set with the body of a stage.

    Args:
        project: the project with the images.
        config: names the seed, which chooses the validation images, and the number of crops.
        start: the body.
        progress: called while images go through the body.
        run: gets an event for each step of progress; none if left out.
        stop_if_asked: raises StoppedError once someone asked the run to stop.
        data: the images; all images of the project that have a label now if left out.

    Returns:
        The data set without the images that cannot be read, its features, and the seconds that both took.

    Raises:
        DatasetError: the images cannot be trained on.
        StoppedError: someone asked the run to stop.
    """
    clock, last = time.perf_counter(), 0.0

    def report_progress(what: str, done: int, total: int) -> None:
        nonlocal last
        stop_if_asked()
        progress(what, done, total)
        if run is not None and (done == total or time.perf_counter() - last > PROGRESS_SECONDS):
            last = time.perf_counter()
            run.event("features", done=done, total=total)

    data = data or dataset.load(Catalog(project), config.seed)
    features = extract_features(project, data.images, start.body, config.views, report_progress)
    if features.skipped:
        data = data.without({row["image_id"] for row in features.skipped})
    return data, features, time.perf_counter() - clock


def train_valid_features(data: Dataset, found: Features) -> TrainValidFeatures:
    """Return the features and targets that a head trains on, and those that it is validated on."""
    train, valid = data.indices("train"), data.indices("valid")
    return TrainValidFeatures(
        found.values[train], data.targets[train], found.values[valid, 0], data.targets[valid], len(data.vocab)
    )


def head_setup(config: TrainConfig, data: Dataset, found: Features, start: LoadedStage) -> TrainSetup:
    """Prepare the training of a head, from the head of `start` if it has one."""
    return head.build_head_setup(train_valid_features(data, found), config, start.head)


def finetune_setup(
    project: Project, config: TrainConfig, data: Dataset, start: LoadedStage, progress: Progress
) -> tuple[TrainSetup, Network]:
    """Prepare an unfrozen stage. Returns its setup, and the whole network, which shares its weights."""
    assert start.head is not None
    network = Network(start.body.network(), head_from(start.head, config.dropout))
    return finetune.build_finetune_setup(project, data, start.body, network, config, progress), network
