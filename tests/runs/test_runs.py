"""A run's folder tells the truth at every moment."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bearkit import runs
from bearkit.core.project import Project
from bearkit.engine import jobs
from bearkit.errors import BearkitError, RunError, StoppedError
from bearkit.runs import STARTING_SECONDS, Run
from bearkit.training.config import TrainConfig
from tests.processes import forks, wait_until


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
    assert [one.id for one in runs.list_usable(project)] == ["001", "002"]


def hold(folder):
    """Work on a run until killed."""
    with Run(folder).working():
        time.sleep(60)


@pytest.mark.slow
def test_a_run_is_running_while_its_process_lives_and_interrupted_when_it_was_killed(run):
    assert run.state == "starting"
    process = forks.Process(target=hold, args=(run.folder,))
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
    with pytest.raises(StoppedError, match="run 001 was stopped"), run.working():
        pytest.fail("it began")
    assert run.state == "stopped"


def test_a_folder_that_a_killed_process_left_is_no_run(project, run):
    (project.runs / "002").mkdir()
    (project.runs / ".abc.part").mkdir()
    assert [one.id for one in runs.list_usable(project)] == ["001"]
    assert runs.create(project, {}).id == "002"


def test_many_who_look_do_not_take_each_other_for_workers(run):
    with run.working():
        pass
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: run.state, range(64))) == {"interrupted"}


def test_a_finished_run_is_found_and_a_half_written_event_is_left_out(project, run):
    with pytest.raises(RunError, match="nothing was trained here yet"):
        runs.find_finished(project)
    with run.working():
        run.finish({"error_rate": 0.1})
    with (run.folder / "events.jsonl").open("a") as file:
        file.write('{"event": "epo')
    assert [event["event"] for event in run.events()] == ["started", "began", "finished"]
    assert run.state == "finished"
    assert runs.find_finished(project) == runs.find_finished(project, "1") == run
    unfinished = runs.create(project, {})
    with pytest.raises(RunError, match="run 002 is starting"):
        runs.find_finished(project, unfinished.id)
    with pytest.raises(RunError, match="there is no run `nine`"):
        runs.find_finished(project, "nine")


def test_a_run_of_another_version_is_refused(run):
    (run.folder / "config.json").write_text('{"format": 99}')
    with pytest.raises(RunError, match="another version"):
        _ = run.config
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        _ = run.config


def work(folder, begun, finish):
    """Work on a run from when it is its turn until told to finish."""
    with Run(folder).working():
        begun.set()
        finish.wait(300)
        Run(folder).finish({"error_rate": 0.0})


@pytest.mark.slow
def test_trainings_of_a_project_take_turns_in_their_order(project, run):
    second, third = runs.create(project, {}), runs.create(project, {})
    events = {one.id: (forks.Event(), forks.Event()) for one in (run, second, third)}
    processes = []
    for one, state in ((run, "running"), (third, "waiting"), (second, "waiting")):
        processes.append(forks.Process(target=work, args=(one.folder, *events[one.id])))
        processes[-1].start()
        wait_until(one, state)
    assert not events[second.id][0].is_set()
    assert not events[third.id][0].is_set()
    events[run.id][1].set()
    assert events[second.id][0].wait(300)  # though the third came before it
    assert (run.state, second.state, third.state) == ("finished", "running", "waiting")
    jobs.stop(third)
    wait_until(third, "stopped")
    events[second.id][1].set()
    for process in processes:
        process.join()
    assert second.state == "finished"
    assert not events[third.id][0].is_set()


def test_a_run_that_is_taken_up_again_begins_with_a_clean_slate(project, run):
    with pytest.raises(RunError), run.working():
        raise RunError("too hot")
    assert runs.find_unfinished(project) == run
    run.event("resume")
    assert run.state == "starting"
    assert run.failure == ""
    with pytest.raises(RunError, match="run 001 is starting"):
        runs.find_unfinished(project)
    with run.working():
        assert run.state == "running"
        run.finish({"error_rate": 0.5})
    assert run.state == "finished"
    with pytest.raises(RunError, match="nothing to resume: run 001 finished"):
        runs.find_unfinished(project)


@pytest.mark.slow
def test_what_a_process_died_of_is_told(shapes):
    job = jobs.start(shapes, TrainConfig(epochs=1, unfreeze=50, sizes=(64,)))
    wait_until(job, "running")
    pid = next(event["pid"] for event in job.events() if event["event"] == "started")
    os.kill(pid, signal.SIGKILL)
    wait_until(job, "interrupted")
    while not job.failure:
        time.sleep(0.02)
    assert "memory runs out" in job.failure


@pytest.mark.slow(12)
def test_a_job_stops_at_once_and_goes_on_where_it_was(shapes):
    job = jobs.start(shapes, TrainConfig(epochs=1, unfreeze=3, sizes=(64,), unfrozen_batch_size=8))
    while not any(event.get("stage") == "unfrozen" for event in job.events()):
        time.sleep(0.02)
    jobs.stop(job)
    wait_until(job, "stopped")
    kinds = [event["event"] for event in job.events()]
    assert kinds[kinds.index("stop") :].count("epoch") <= 1
    jobs.resume(shapes, job)
    wait_until(job, "finished")
    epochs = [event["epoch"] for event in job.events() if event["event"] == "epoch" and event["stage"] == "unfrozen"]
    assert epochs == [0, 1, 2]


@pytest.mark.slow(8)
def test_the_finder_runs_in_a_process_of_its_own_and_its_errors_come_back(shapes, tmp_path):
    found = jobs.find_lr(shapes, TrainConfig(), unfrozen=False)
    assert set(found) == {"lrs", "losses", "suggestions", "reason", "plot"}
    with pytest.raises(BearkitError, match="not a bearkit project"):
        jobs.find_lr(Project(tmp_path / "nowhere"), TrainConfig(), unfrozen=True)
