"""Check caches, runs and models, and find files that killed programs left."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import safetensors

from bearkit import runs
from bearkit.bodies.array_cache import read_shard
from bearkit.core.atomic import atomic_write
from bearkit.core.project import Project
from bearkit.doctor.problems import Problem
from bearkit.errors import BearkitError
from bearkit.inference import leftovers
from bearkit.inference.predictor import Predictor
from bearkit.inference.session import session
from bearkit.runs import Run, events

REMADE = "it is made again when it is needed"


def check_caches(project: Project, mend: bool) -> list[Problem]:
    """Find files of the cache that cannot be read. With `mend`, they are deleted."""
    damaged = [*_bodies(project.cache / "bodies"), *_shards(project.cache), *_empty(project.cache / "thumbnails")]
    return [
        _remove(Problem(f"a file of the cache is damaged: {why}", str(path), REMADE), path, mend)
        for path, why in damaged
    ]


def _bodies(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the converted bodies that onnxruntime cannot open, and why."""
    for path in sorted(folder.glob("[!.]*.onnx")):
        try:
            session(path, threads=1)
        except Exception as error:  # onnxruntime's errors have no common base
            yield path, str(error).splitlines()[0]


def _shards(cache: Path) -> Iterator[tuple[Path, str]]:
    """Yield the shards of cached arrays that cannot be read, and why."""
    for path in sorted(cache.glob("*/*/[!.]*.npy")):
        try:
            np.load(path, mmap_mode="r")
            if (names := path.with_suffix(".json")).exists():
                read_shard(names)
        except (OSError, ValueError, EOFError, TypeError, KeyError) as error:
            yield path, str(error)


def _empty(folder: Path) -> Iterator[tuple[Path, str]]:
    return ((path, "it is empty") for path in sorted(folder.glob("[!.]*.jpg")) if not path.stat().st_size)


def _remove(problem: Problem, path: Path, mend: bool) -> Problem:
    """Delete a file or folder if `mend` is set. Returns the problem, fixed or as it was."""
    if not mend:
        return problem
    with suppress(OSError):
        leftovers.remove(path)
        return problem.done("it was deleted; " + REMADE if problem.hint == REMADE else "it was deleted")
    return problem


def check_runs(project: Project, mend: bool) -> list[Problem]:
    """Find runs that cannot be used, damaged events, weights and predictions. `mend` removes damaged events."""
    problems = []
    for run in sorted([*runs.list_usable(project), *runs.list_damaged(project)], key=lambda run: int(run.id)):
        if run.problem:
            hint = f"bearkit ignores it; train again, and delete {run.folder}"
            problems.append(Problem(f"run {run.id} cannot be used: {run.problem}", str(run.folder), hint))
        problems += [*_events(run, mend), *_weights(run), *_predictions(run)]
    return problems


def _events(run: Run, mend: bool) -> Iterator[Problem]:
    file = run.folder / "events.jsonl"
    bad = events.count_unreadable(file)
    if not bad or run.state in runs.LIVE:
        return
    problem = Problem(f"{bad} lines of run {run.id} are not events", str(file), "`--mend` removes them")
    if mend:
        good = run.events()
        with atomic_write(file) as part:
            part.write_text("".join(json.dumps(event) + "\n" for event in good))
        problem = problem.done("they were removed")
    yield problem


def _weights(run: Run) -> Iterator[Problem]:
    for name in run.checkpoints:
        try:
            with safetensors.safe_open(run.checkpoint(name), framework="np"):
                pass
        except (OSError, safetensors.SafetensorError) as error:
            yield Problem(f"weights of run {run.id} are damaged: {error}", str(run.checkpoint(name)), "train again")


def _predictions(run: Run) -> Iterator[Problem]:
    path = run.folder / "predictions.npz"
    with suppress(OSError, zipfile.BadZipFile):  # a file that cannot be opened is reported as a damaged run
        with zipfile.ZipFile(path) as file:
            try:
                bad = file.testzip()
            except Exception as error:  # zlib and others raise their own
                bad = str(error)
        if bad:
            yield Problem(f"the predictions of run {run.id} are damaged: {bad}", str(path), "train again")


def check_models(project: Project) -> list[Problem]:
    """Find exported models that cannot be loaded, or give other outputs than when they were exported."""
    problems = []
    for folder in project.model_folders():
        try:
            Predictor(folder)
        except BearkitError as error:
            problems.append(Problem(f"a model cannot be used: {error}", str(folder), error.hint))
    return problems


def check_leftovers(project: Project, mend: bool) -> list[Problem]:
    """Find what killed programs left: half-written files, and models that were being replaced."""
    problems = []
    for aside in leftovers.set_aside(project.models):
        problem = Problem(
            "a model that was being replaced when a program was killed", str(aside), "`--mend` restores it"
        )
        if mend:
            back = leftovers.put_back(aside)
            done = f"it was restored as {back.name}" if back else "there is a newer one, so it was deleted"
            problem = problem if aside.exists() else problem.done(done)
        problems.append(problem)
    places = [project.root, project.images, project.unlabelled, project.runs, project.models, project.cache]
    places += [path for folder in places[1:] for path in folder.glob("[!.]*/") if path.is_dir()]
    for path in (path for folder in places for path in leftovers.half_written(folder)):
        problems.append(_remove(Problem("a half-written file", str(path), "`--mend` deletes it"), path, mend))
    return problems
