"""Format the results of the publishing commands, as `--json` prints them, as text."""

from typing import Any

from bearkit.core.text import count, listed


def published(result: dict[str, Any]) -> str:
    """Describe what was published, or what would be."""
    files = count(len(result["files"]), "file")
    if result["url"] is None:
        lines = [f"{files} written to {result['folder']}; nothing was published"]
    else:
        lines = [f"Published: {result['url']} ({files}, commit {result['commit'][:12]})"]
    if result.get("unlabelled"):
        lines.append(f"{count(result['unlabelled'], 'picture')} without a label left out")
    if "splits" in result:
        lines.append(result["splits"])
    if result.get("places_removed"):
        lines.append(f"The place where it was taken removed from {count(result['places_removed'], 'picture')}")
    lines += listed("Left out because the files are missing:", result.get("missing", []))
    stuck = "Left out because the place cannot be removed (--keep-location publishes them with it):"
    return "\n".join([*lines, *listed(stuck, result.get("left_out", []))])


def preflighted(result: dict[str, Any]) -> str:
    """Describe whether a Space works, and its needs."""
    good = "All files are present, and the model predicts as it did when it was exported"
    if result["start_seconds"] is not None:
        good = f"The demo works (tested in {result['seconds']:.0f} s)"
    lines = [good] if result["ok"] else ["The demo does not work:", *result["problems"]]
    if result["start_seconds"] is not None:
        first = f"First prediction after {result['start_seconds']:.1f} s; {result['memory_mb'] or '?'} MB of memory"
        lines.append(f"{first}; {result['install_mb']} MB of installed packages")
    return "\n".join(lines)
