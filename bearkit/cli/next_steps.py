"""Say as a command what to do next with a project."""

from bearkit.core.text import MANY, count
from bearkit.labelling.next_step import NextStep, ProjectProgress, next_step


def next_steps(progress: ProjectProgress, place: str = "") -> list[str]:
    """Say what to do next with a project.

    Args:
        progress: how far the project is.
        place: the option that names the project in commands.

    >>> next_steps(ProjectProgress({"black": {"train": 4, "valid": 1}, "teddy": {"train": 4, "valid": 1}}))
    ['Next: bearkit train']
    """
    now = next_step(progress)
    lines = [f"{count(progress.unlabelled, 'picture')} without a label"] if progress.unlabelled else []
    if now.step != "label" and lines and not now.why:
        lines[0] += f": bearkit label next{place}"
    if progress.by_model:
        lines.append(f"{count(progress.by_model, 'picture')} with a label that only the model gave")
    return [*lines, _next_line(now, place)]


def _next_line(now: NextStep, place: str) -> str:
    """Say a next step as a command."""
    which = ", ".join(now.labels[:MANY])
    if now.step in ("label", "import"):
        command = (
            f"bearkit label next{place} (in the browser: bearkit studio{place}, tab Label)"
            if now.step == "label"
            else f"bearkit import FOLDER{place}"
        )
        verb = now.step
        what = {
            "images": "import pictures",
            "labels": "label some pictures of each kind",
            "second label": "give other pictures a second label"
            if verb == "label"
            else "import pictures of another one",
            "second image": f"{verb} a second picture of {which}",
            "training images": f"{verb} training pictures of {which}, which has none",
            "validation images": f"{verb} more pictures, for validation",
            "": "label the rest",
        }[now.why]
        so_far = "One label so far. " if now.why == "second label" else ""
        return f"{so_far}Next: {what}: {command}"
    return {
        "train": f"Next: bearkit train{place}{' (pictures or labels changed since the last run)' if now.why else ''}",
        "review": f"Next: bearkit review next{place} (which labels are probably wrong?)",
        "export": f"Next: bearkit export{place} (a model folder)",
        "predict": "Next: bearkit predict MODEL PICTURE",
    }[now.step]
