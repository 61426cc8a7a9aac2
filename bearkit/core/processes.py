"""Identify a process across restarts, so that no other process with the same pid is ever taken for it."""

import os
import platform
import signal
from pathlib import Path
from typing import Any

START_TIME = 19  # index of the start time among the fields of /proc/PID/stat after the process's name


def this_process() -> dict[str, Any]:
    """Return what identifies this process, as JSON values: `host`, `pid` and `created` (its start time)."""
    return {"host": _host(), "pid": os.getpid(), "created": _created(os.getpid())}


def is_alive(process: dict[str, Any]) -> bool:
    """Return whether a process (from `this_process`) is alive on this machine; False if that is not certain."""
    pid, created = process.get("pid"), process.get("created")
    if not isinstance(pid, int) or pid <= 0 or not created:
        return False
    return process.get("host") == _host() and _created(pid) == created


def interrupt(process: dict[str, Any]) -> bool:
    """Send SIGTERM to a process (from `this_process`) if it is certainly the same one. Returns whether it was sent."""
    if not is_alive(process):
        return False
    try:
        os.kill(process["pid"], signal.SIGTERM)
    except OSError:  # it ended, or belongs to another user
        return False
    return True


def _host() -> str:
    """Return the machine's name, its boot id, and the namespace that process ids are unique in."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{platform.node()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _created(pid: int) -> str:
    """Return when a process started, in clock ticks since the machine booted; "" where /proc does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[START_TIME]
    except (OSError, IndexError):
        return ""
