"""What features are kept under, and that a training leaves the process as it found it."""

import ctypes
import platform
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bearkit.bodies import registry
from bearkit.bodies.features import feature_cache
from bearkit.bodies.timm_import import import_timm
from bearkit.evaluation.near_duplicates import groups, near_duplicates
from bearkit.training import cpu_speedups
from bearkit.training.diagnosis import diagnose
from bearkit.training.optimizer import AdamW, Group

GOES_WELL = [2.0, 1.0, 0.5, 0.3], [1.9, 1.1, 0.8, 0.7]


def test_features_are_kept_apart_by_everything_that_decides_them(project):
    body = registry.get("efficientnet_lite0")
    how = body.preprocessing
    others = [
        replace(how, crop_pct=0.95), replace(how, interpolation="bilinear"), replace(how, mean=(0.4, 0.5, 0.5)),
        replace(how, std=(0.4, 0.5, 0.5)), replace(how, size=240),
    ]  # fmt: skip
    folders = {feature_cache(project, replace(body, preprocessing=one), 1).folder for one in (how, *others)}
    assert len(folders) == 6
    assert feature_cache(project, registry.get("efficientnet_lite0"), 1) == feature_cache(project, body, 1)


def test_a_parameter_that_the_loss_does_not_use_stays_as_it_is():
    used, unused = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    optimiser = AdamW([Group([unused, used], 0.01)])
    for _ in range(2):
        (used**2).sum().backward()
        optimiser.step(0.1, 0.9)
    assert torch.equal(unused, torch.ones(3))
    assert (used < 0.9).all()


def test_memory_that_somebody_tuned_is_left_alone(monkeypatch):
    called = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: called.append(1))
    for name, value in (("MALLOC_TRIM_THRESHOLD_", "1"), ("GLIBC_TUNABLES", "glibc.malloc.mmap_max=3")):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            with cpu_speedups.keep_freed_memory():
                pass
    assert not called


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="without glibc nothing is set")
def test_trainings_at_once_set_the_memory_once_and_the_last_one_sets_it_back(monkeypatch):
    called = []
    libc = SimpleNamespace(mallopt=lambda *pair: called.append(pair), malloc_trim=lambda _: called.append("trim"))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: libc)
    for name in (*cpu_speedups.TUNING_VARIABLES, "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    first, second = cpu_speedups.keep_freed_memory(), cpu_speedups.keep_freed_memory()
    first.__enter__()
    second.__enter__()
    assert called == [(cpu_speedups.M_MMAP_MAX, 0), (cpu_speedups.M_TRIM_THRESHOLD, cpu_speedups.NEVER)]
    first.__exit__(None, None, None)
    assert len(called) == 2, "the second still trains"
    second.__exit__(None, None, None)
    assert called[2:] == [
        (cpu_speedups.M_MMAP_MAX, cpu_speedups.MMAP_MAX_DEFAULT),
        (cpu_speedups.M_TRIM_THRESHOLD, cpu_speedups.TRIM_DEFAULT),
        "trim",
    ]


def test_threads_that_import_timm_at_once_leave_torch_as_it_was():
    before = torch.library.register_fake
    threads = [threading.Thread(target=import_timm) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.library.register_fake is before


def test_pictures_of_one_grey_level_are_copies_of_each_other():
    rng = np.random.default_rng(0)
    black, white = np.zeros((16, 32, 32), np.uint8), np.full((2, 32, 32), 255, np.uint8)
    photographs = rng.integers(0, 255, (5, 32, 32), np.uint8)
    pairs, alike = near_duplicates(np.concatenate([black, photographs, white]))
    assert groups(pairs, 23) == [list(range(16)), [21, 22]]
    assert (alike > 0.86).all()


def test_a_training_of_which_nearly_all_is_wrong_did_not_go_well():
    for error, n_labels in ((0.928, 500), (0.8, None), (0.48, 2), (0.7, 4)):
        found = diagnose(*GOES_WELL, [0.99, 0.95, error, error], 500, None, n_labels)
        assert found.verdict == "mostly_wrong", (error, n_labels)
        assert "went well" not in found.advice
    for error, n_labels in ((0.3, 500), (0.3, 2), (0.5, None), (0.6, 500)):
        assert diagnose(*GOES_WELL, [0.8, 0.7, error, error], 500, None, n_labels).verdict == "fine"
