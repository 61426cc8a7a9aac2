"""Which process something was written by: known again only where it is certain that it is the same one."""

import os
import platform
import signal
from pathlib import Path
from typing import Any

START_TIME = 19  # of the fields of /proc/PID/stat behind the process's name


def this_process() -> dict[str, Any]:
    """What tells this process from every other one, to be written down: host, pid, and when it was started."""
    return {"host": _host(), "pid": os.getpid(), "created": _created(os.getpid())}


def is_alive(process: dict[str, Any]) -> bool:
    """Whether a process that was written down is on this machine and alive; False where that cannot be known."""
    pid, created = process.get("pid"), process.get("created")
    if not isinstance(pid, int) or pid <= 0 or not created:
        return False
    return process.get("host") == _host() and _created(pid) == created


def interrupt(process: dict[str, Any]) -> bool:
    """Send SIGTERM to a process that was written down, if it is certainly the same one; whether it was sent."""
    if not is_alive(process):
        return False
    try:
        os.kill(process["pid"], signal.SIGTERM)
    except OSError:  # it ended, or belongs to somebody else
        return False
    return True


def _host() -> str:
    """This machine since it was switched on, and the container in which process ids are counted."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{platform.node()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _created(pid: int) -> str:
    """When a process was started, in ticks since the machine was; "" where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[START_TIME]
    except (OSError, IndexError):
        return ""
