"""A run's folder tells the truth at every moment."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bearkit import jobs, runs
from bearkit.errors import RunError
from bearkit.runs import STARTING_SECONDS, Run


@pytest.fixture
def run(project):
    """A run that nobody works on yet."""
    project.catalog.parent.mkdir(parents=True)
    project.catalog.touch()
    return runs.create(project, {"epochs": 3})


def test_runs_are_numbered_and_keep_their_configuration(project, run):
    assert run.id == "001"
    assert run.config == {"epochs": 3}
    assert runs.create(project, {}).id == "002"
    assert [one.id for one in runs.every(project)] == ["001", "002"]


def hold(folder):
    """Work on a run until killed."""
    with Run(folder).working():
        time.sleep(60)


def test_a_run_is_running_while_its_process_lives_and_interrupted_when_it_was_killed(run):
    assert run.state == "starting"
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(run.folder,))
    process.start()
    while run.state != "running":
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert run.state == "interrupted"


def test_a_run_that_never_began_is_interrupted_after_a_while(run):
    long_ago = time.time() - STARTING_SECONDS - 1
    os.utime(run.folder / "config.json", (long_ago, long_ago))
    assert run.state == "interrupted"


def test_what_went_wrong_is_written_down(run):
    with pytest.raises(RunError), run.working():
        raise RunError("too hot", hint="cool down")
    assert run.state == "failed"
    failure = run.events()[-1]
    assert (failure["event"], failure["error"], failure["hint"]) == ("failed", "too hot", "cool down")


def test_a_run_that_is_asked_to_stop_before_it_begins_does_not_begin(run):
    jobs.stop(run)
    with pytest.raises(KeyboardInterrupt), run.working():
        pytest.fail("it began")
    assert run.state == "stopped"


def test_a_folder_that_a_killed_process_left_is_no_run(project, run):
    (project.runs / "002").mkdir()
    (project.runs / ".abc.part").mkdir()
    assert [one.id for one in runs.every(project)] == ["001"]
    assert runs.create(project, {}).id == "002"


def test_many_who_look_do_not_take_each_other_for_workers(run):
    with run.working():
        pass
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: run.state, range(64))) == {"interrupted"}


def test_a_finished_run_is_found_and_a_half_written_event_is_left_out(project, run):
    with pytest.raises(RunError, match="nothing was trained here yet"):
        runs.finished(project)
    with run.working():
        run.finish({"error_rate": 0.1})
    with (run.folder / "events.jsonl").open("a") as file:
        file.write('{"event": "epo')
    assert [event["event"] for event in run.events()] == ["started", "began", "finished"]
    assert run.state == "finished"
    assert runs.finished(project) == runs.finished(project, "1") == run
    unfinished = runs.create(project, {})
    with pytest.raises(RunError, match="run 002 is starting"):
        runs.finished(project, unfinished.id)
    with pytest.raises(RunError, match="there is no run `nine`"):
        runs.finished(project, "nine")


def test_a_run_of_another_version_is_refused(run):
    (run.folder / "config.json").write_text('{"format": 99}')
    with pytest.raises(RunError, match="another version"):
        _ = run.config
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        _ = run.config
