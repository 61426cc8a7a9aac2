"""What a run says of itself is right at every moment, and whatever its files hold."""

import json
import os
import threading
import time

import pytest

from bearkit import runs
from bearkit.errors import RunError
from bearkit.runs import STARTING_SECONDS, Run, events


@pytest.fixture
def place(project):
    """A project without pictures."""
    project.catalog.parent.mkdir(parents=True)
    project.catalog.touch()
    return project


def seen_while(place, work, n=60, lookers=3):
    """The states that several lookers see of `n` runs, each of which goes through `work`."""
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            for run in runs.list_usable(place)[-2:]:
                seen.add(run.state)

    threads = [threading.Thread(target=look) for _ in range(lookers)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(n):
            work(runs.create(place, {}))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return seen


@pytest.mark.slow
def test_a_short_run_is_never_seen_as_cut_off(place):
    def work(run):
        with run.working():
            run.finish({"error_rate": 0.0})

    assert seen_while(place, work) <= {"starting", "running", "finished"}


@pytest.mark.slow
def test_a_run_that_fails_at_once_is_never_seen_as_cut_off(place):
    def work(run):
        with pytest.raises(RunError), run.working():
            raise RunError("too hot")

    assert seen_while(place, work) <= {"starting", "running", "failed"}


@pytest.mark.slow
def test_a_run_that_is_taken_up_again_at_once_is_never_seen_as_cut_off(place):
    def work(run):
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt), run.working():
                raise KeyboardInterrupt
            run.event("resume")

    assert seen_while(place, work, n=30) <= {"starting", "running", "stopped"}


def test_a_run_of_a_clock_that_is_ahead_is_not_starting_for_ever(place):
    run = runs.create(place, {})
    ahead = time.time() + 10 * STARTING_SECONDS
    os.utime(run.folder / "config.json", (ahead, ahead))
    assert run.state == "interrupted"


def test_an_event_after_a_torn_line_is_not_lost(place):
    run = runs.create(place, {})
    run.event("started", pid=1)
    file = run.folder / "events.jsonl"
    file.write_bytes(file.read_bytes() + b'{"event": "epo')
    assert [event["event"] for event in run.events()] == ["started"]
    run.event("began")
    assert [event["event"] for event in run.events()] == ["started", "began"]


def test_events_are_followed_also_where_the_file_was_made_anew(tmp_path):
    file = tmp_path / "events.jsonl"
    assert events.read(file) == []
    for number in range(3):
        events.append(file, "step", stage="frozen", epoch=0, batch=number, batches=9, loss=1.0, lr=0.1)
        assert [event["batch"] for event in events.read(file)] == list(range(number + 1))
    (tmp_path / "other").write_text('{"event": "began", "time": 1}\n')
    (tmp_path / "other").replace(file)
    assert [event["event"] for event in events.read(file)] == ["began"]
    file.write_text("")
    assert events.read(file) == []


BAD_LINES = ["[" * 100_000, "[]", "null", "7",
              '"x"', "{}", '{"event": 3, "time": 1}', '{"event": "failed", "time": 1}', "\0\0", "{",
             '{"event": "epoch", "time": 1, "epoch": "one"}', '{"event": "began", "time": "now"}']  # fmt: skip


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_line_that_is_no_event_is_left_out(place, line):
    run = runs.create(place, {})
    with run.working():
        with (run.folder / "events.jsonl").open("a") as file:
            file.write(line + "\n")
        run.finish({"error_rate": 0.5})
    assert (run.state, run.failure) == ("finished", "")
    assert [event["event"] for event in run.events()] == ["started", "began", "finished"]
    assert events.count_unreadable(run.folder / "events.jsonl") == 1


def test_pipes_and_devices_in_the_place_of_a_runs_files_hang_nobody(place):
    run = runs.create(place, {})
    for name in ("events.jsonl", "lock", "result.json"):
        os.mkfifo(run.folder / name)
    assert run.state == "damaged"
    (run.folder / "result.json").unlink()
    assert run.state == "starting"


BAD_FILES = [("result.json", b""), ("result.json", b'{"error_rate": nu'), ("result.json", b"[]"),
             ("result.json", b"\xff\xfe"), ("result.json", b'{"error_rate": null}'),
             ("result.json", b'{"error_rate": NaN}'), ("config.json", b""),
             ("config.json", b"[]"), ("config.json", b'{"format": 99}'), ("predictions.npz", b""),
             ("predictions.npz", b"PK\x03\x04")]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), BAD_FILES)
def test_a_damaged_run_is_named_and_the_others_are_used(place, name, content):
    for _ in range(2):
        run = runs.create(place, {})
        with run.working():
            run.finish({"error_rate": 0.5})
    good, bad = runs.list_usable(place)
    (bad.folder / name).write_bytes(content)
    assert runs.find_finished(place) == good
    assert (runs.list_usable(place), runs.list_damaged(place)) == ([good], [bad])
    assert bad.state == "damaged"
    assert name in bad.failure
    with pytest.raises(RunError, match=f"run 002 is damaged: {name}"):
        runs.find_finished(place, "2")
    assert runs.create(place, {}).id == "003"


def test_predictions_that_are_cut_off_are_told_where_they_are_asked_for(trained, tmp_path):
    whole = (trained.learn.run.folder / "predictions.npz").read_bytes()
    half = bytearray(whole)
    half[100:400] = bytes(300)
    (tmp_path / "predictions.npz").write_bytes(half)
    (tmp_path / "config.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(RunError, match=r"the predictions of run .* cannot be read"):
        Run(tmp_path).predictions()
