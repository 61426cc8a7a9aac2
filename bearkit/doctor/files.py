"""What can be made anew, or comes out of trainings: caches, runs, models; and what programs that were killed left."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import safetensors

from bearkit import runs
from bearkit.bodies.array_cache import read_shard
from bearkit.core.project import Project, whole
from bearkit.doctor.problems import Problem
from bearkit.errors import BearkitError
from bearkit.inference import leftovers, model_folder
from bearkit.inference.predictor import Predictor
from bearkit.inference.session import session
from bearkit.runs import Run, events

AGAIN = "it is made anew when it is needed"


def check_caches(project: Project, mend: bool) -> list[Problem]:
    """Files of the cache that cannot be read; mended by deleting them."""
    found = [*_bodies(project.cache / "bodies"), *_pieces(project.cache), *_empty(project.cache / "thumbnails")]
    return [
        _removed(Problem(f"a file of the cache is damaged: {why}", str(path), AGAIN), path, mend) for path, why in found
    ]


def _bodies(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.glob("[!.]*.onnx")):
        try:
            session(path, threads=1)
        except Exception as error:  # onnxruntime's errors have no common base
            yield path, str(error).splitlines()[0]


def _pieces(cache: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(cache.glob("*/*/[!.]*.npy")):
        try:
            np.load(path, mmap_mode="r")
            if (names := path.with_suffix(".json")).exists():
                read_shard(names)
        except (OSError, ValueError, EOFError, TypeError, KeyError) as error:
            yield path, str(error)


def _empty(folder: Path) -> Iterator[tuple[Path, str]]:
    return ((path, "it is empty") for path in sorted(folder.glob("[!.]*.jpg")) if not path.stat().st_size)


def _removed(problem: Problem, path: Path, mend: bool) -> Problem:
    if not mend:
        return problem
    with suppress(OSError):
        leftovers.remove(path)
        return problem.done("it was deleted; " + AGAIN if problem.hint == AGAIN else "it was deleted")
    return problem


def check_runs(project: Project, mend: bool) -> list[Problem]:
    """Runs that cannot be used, with lines that are no events, or with weights that are damaged."""
    problems = []
    for run in sorted([*runs.every(project), *runs.damaged(project)], key=lambda run: int(run.id)):
        if run.problem:
            hint = f"it is left out; train again, and delete {run.folder}"
            problems.append(Problem(f"run {run.id} cannot be used: {run.problem}", str(run.folder), hint))
        problems += [*_events(run, mend), *_weights(run), *_predictions(run)]
    return problems


def _events(run: Run, mend: bool) -> Iterator[Problem]:
    file = run.folder / "events.jsonl"
    bad = events.unreadable(file)
    if not bad or run.state in runs.LIVE:
        return
    problem = Problem(f"{bad} lines of run {run.id} are no events", str(file), "`--mend` leaves them out")
    if mend:
        good = run.events()
        with whole(file) as part:
            part.write_text("".join(json.dumps(event) + "\n" for event in good))
        problem = problem.done("they were left out")
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
    with suppress(OSError, zipfile.BadZipFile):  # one that cannot be opened makes the run damaged
        with zipfile.ZipFile(path) as file:
            try:
                bad = file.testzip()
            except Exception as error:  # zlib's, and others'
                bad = str(error)
        if bad:
            yield Problem(f"the predictions of run {run.id} are damaged: {bad}", str(path), "train again")


def check_models(project: Project) -> list[Problem]:
    """Exported models that do not answer as they did."""
    problems = []
    for folder in model_folder.models(project.models):
        try:
            Predictor(folder)
        except BearkitError as error:
            problems.append(Problem(f"a model cannot be used: {error}", str(folder), error.hint))
    return problems


def check_leftovers(project: Project, mend: bool) -> list[Problem]:
    """What programs that were killed left."""
    problems = []
    for aside in leftovers.set_aside(project.models):
        problem = Problem(
            "a model that was being replaced when a program was killed", str(aside), "`--mend` brings it back"
        )
        if mend:
            back = leftovers.put_back(aside)
            done = f"it is {back.name} again" if back else "a newer one is there, so it was deleted"
            problem = problem if aside.exists() else problem.done(done)
        problems.append(problem)
    places = [project.root, project.images, project.unlabelled, project.runs, project.models, project.cache]
    places += [path for folder in places[1:] for path in folder.glob("[!.]*/") if path.is_dir()]
    for path in (path for folder in places for path in leftovers.half_written(folder)):
        problems.append(_removed(Problem("a file that was half written", str(path), "`--mend` deletes it"), path, mend))
    return problems
