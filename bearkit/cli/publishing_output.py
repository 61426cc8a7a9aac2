"""What the command line says to people about publishing: results (as `--json` would print them) to text."""

from typing import Any

from bearkit.core.text import count, listed


def published(result: dict[str, Any]) -> str:
    """What is where now, or what would be."""
    files = count(len(result["files"]), "file")
    if result["url"] is None:
        lines = [f"{files} in {result['folder']}; nothing was published"]
    else:
        lines = [f"Published: {result['url']} ({files}, commit {result['commit'][:12]})"]
    if result.get("unlabelled"):
        lines.append(f"{count(result['unlabelled'], 'picture')} left out: they have no label")
    if "splits" in result:
        lines.append(result["splits"])
    return "\n".join([*lines, *listed("left out, since their files are not there:", result.get("missing", []))])


def tried(result: dict[str, Any]) -> str:
    """Whether a Space works, and what it takes."""
    good = "All files are there, and the model answers as it did when it was exported"
    if result["start_seconds"] is not None:
        good = f"It works ({result['seconds']:.0f} s)"
    lines = [good] if result["ok"] else ["It does not work:", *result["problems"]]
    if result["start_seconds"] is not None:
        took = f"first prediction after {result['start_seconds']:.1f} s, {result['memory_mb'] or '?'} MB of memory"
        lines.append(f"{took}, an environment of {result['install_mb']} MB")
    return "\n".join(lines)
