"""Stop ends a training wherever it runs, and nothing else."""

import signal
import subprocess
import sys

import pytest

from bearkit import Learner, Project, runs
from bearkit.core import processes
from bearkit.engine import jobs
from bearkit.errors import StoppedError
from tests.processes import wait_until


@pytest.fixture
def signals():
    """The signals that this process got, where it would have died of the first."""
    got = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    yield got
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def unused(project):
    """A run that nobody works on yet."""
    project.catalog.parent.mkdir(parents=True)
    project.catalog.touch()
    return runs.create(project, {})


def stopping(project):
    """Does what the studio's button does, once, when it is called."""
    asked = []

    def stop(*_):
        if not asked:
            asked.append(runs.list_runs(project.runs)[-1])
            jobs.stop(asked[0])

    return stop


def test_a_notebook_that_trains_survives_stop_and_its_run_ends_as_stopped(shapes, signals):
    learn = Learner(shapes, on_step=stopping(shapes))
    with pytest.raises(StoppedError, match="run 002 was stopped") as raised:
        learn.fit_one_cycle(2000)
    assert "--resume --run 002" in raised.value.hint
    assert runs.find(shapes, "2").state == "stopped"
    assert signals == []
    assert learn.fit_one_cycle(1).run == "003"  # the kernel goes on


def test_a_training_stops_while_pictures_go_through_the_body(shapes, signals):
    with pytest.raises(StoppedError):
        Learner(shapes, progress=stopping(shapes), views=2).fit_one_cycle(1)
    run = runs.find(shapes, "002")
    assert run.state == "stopped"
    assert not any(event["event"] == "epoch" for event in run.events())
    assert signals == []


def test_a_process_that_has_the_number_of_one_that_ended_is_left_alone():
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        for wrong in ({"created": "1"}, {"host": "elsewhere"}, {"created": ""}, {"pid": 0}, {"pid": -1}):
            of_other = processes.this_process() | {"pid": other.pid, "created": processes._created(other.pid)} | wrong
            assert not processes.interrupt(of_other)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_job_of_another_machine_is_asked_and_not_signalled(unused, signals):
    run = unused
    with pytest.raises(StoppedError), run.working() as stop_if_asked:
        run.event("job", **(processes.this_process() | {"host": "elsewhere"}))
        jobs.stop(run)
        stop_if_asked()
    assert (run.state, signals) == ("stopped", [])


def test_what_was_started_before_a_resume_is_not_signalled_after_it(unused, signals):
    run = unused
    run.event("job", **processes.this_process())
    run.event("resume")
    with pytest.raises(StoppedError), run.working() as stop_if_asked:
        jobs.stop(run)
        stop_if_asked()
    assert (run.state, signals) == ("stopped", [])


def test_a_job_that_registered_here_is_interrupted(unused, signals):
    run = unused
    with run.working():
        run.event("job", **processes.this_process())
        jobs.stop(run)
    assert signals == [signal.SIGTERM]


def test_a_training_that_waits_has_not_imported_torch(unused):
    first, second = unused, runs.create(Project(unused.folder.parent.parent), {})
    code = (
        "import sys; from bearkit.engine import worker\n"
        f"try: worker.main({str(first.folder.parent.parent)!r}, {second.id!r})\n"
        "finally: print('torch' in sys.modules)"
    )
    with first.working():
        waits = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        wait_until(second, "waiting")
        jobs.stop(second)
        told, _ = waits.communicate(timeout=60)
    assert (told.strip(), second.state) == ("False", "stopped")


def test_a_job_whose_process_dies_at_once_is_cut_off_and_says_why(unused, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    jobs.resume(Project(unused.folder.parent.parent), unused)
    wait_until(unused, "interrupted")
    assert "its process ended with 1" in unused.failure
