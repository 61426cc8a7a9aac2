"""What the command line says to people: results (as `--json` would print them) to text.

`place` is how the next command names the project: "" or " -p DIR".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bearkit.core.text import MANY, count, in_words, listed, percent, rejected, table

MATRIX = 20  # labels up to which a confusion matrix is shown


def collected(result: dict[str, Any], place: str = "") -> str:
    """What became of the addresses."""
    lines = [
        f"{result['saved']} saved, {result['duplicates']} known already, {result['failed']} failed, "
        f"{result['skipped']} skipped, in {result['seconds']:.1f} s"
    ]
    lines += [f"  {n:5d}  {reason}" for reason, n in result["reasons"].items()]
    lines += [result["hint"]] if result.get("hint") else []
    lines += [f"Note: {note}" for note in result.get("notes", ())]
    if result["waiting"]:
        lines.append(f"{result['waiting']} still wait; to go on: bearkit collect{place}")
    if result["failed"]:
        lines.append(f"Which ones: bearkit sources --failed{place}; again: bearkit collect --retry-failed{place}")
    return "\n".join(lines)


def searched(result: dict[str, Any]) -> str:
    """What was found: how many pictures, or which."""
    lines = []
    for label, found in result["found"].items():
        n = found if isinstance(found, int) else len(found)
        lines.append(f"{label}: {count(n, 'picture')} found")
        for hit in [] if isinstance(found, int) else found:
            credit = hit["credit"]
            lines.append(f"  {hit['url']}  ({', '.join(filter(None, (credit['license'], credit['creator'])))})")
    return "\n".join(lines)


def sources(rows: Sequence[dict[str, Any]]) -> str:
    """Every file and address."""
    cells = [(row["status"], row["label"] or "-", row["origin"], row["reason"]) for row in rows]
    return "\n".join(table(("status", "label", "from", "why not"), cells)) if cells else "nothing was looked at yet"


def status(result: dict[str, Any], place: str = "") -> str:
    """What the project holds."""
    counts = [(label, n["train"], n["valid"], n["test"]) for label, n in result["labels"].items()]
    without = f", {result['unlabelled']} of them without a label" if result["unlabelled"] else ""
    lines = [f"{count(result['images'], 'picture')}{without}, split under seed {result['seed']}", ""]
    lines += table(("label", "train", "valid", "test"), counts)
    if missing := result["missing"]:
        lines += ["", *listed(f"{count(len(missing), 'picture file')} not there:", [row["path"] for row in missing])]
        lines.append(f"Moved or renamed? bearkit import {result['project']}/images{place} looks for them")
        lines.append(f"Or {result['hint']}")
    rows = [(run["run"], run["state"], percent(run["error_rate"])) for run in result["runs"]]
    lines += ["", *(table(("run", "state", "error rate"), rows) if rows else ["No runs yet"])]
    bad = [run for run in result["runs"] if run["state"] == "damaged"]
    lines += [f"run {run['run']} is left out: {run['error']}; more: bearkit doctor{place}" for run in bad]
    lines += [f"model: {model}" for model in result["models"]]
    return "\n".join(lines)


def trained(result: dict[str, Any], place: str = "") -> str:
    """The table of epochs, and what it came to."""
    lines = []
    for stage in result["stages"]:
        rows = [
            (
                e["epoch"],
                *(f"{e[key]:.4f}" for key in ("train_loss", "valid_loss", "error_rate")),
                f"{e['seconds']:.2f}",
            )
            for e in stage["epochs"]
        ]
        lines += table(("epoch", "train_loss", "valid_loss", "error_rate", "seconds"), rows)
        lines += ["", f"{stage['name']}: {stage['seconds']:.2f} s", ""]
    lines += [f"looking at the pictures: {result['features_seconds']:.2f} s"]
    lines += rejected(result["skipped"])
    lines += [f"What to do about missing files: bearkit status{place}"] if result["skipped"] else []
    if unchecked := result["unchecked_labels"]:
        which = ", ".join(unchecked[:MANY]) + (f" and {len(unchecked) - MANY} more" if len(unchecked) > MANY else "")
        lines += [f"No validation picture of {which}: nothing is known of how well that is recognised"]
    lines += [result["seed_changed"]] if result["seed_changed"] else []
    lines += [
        in_words(result),
        result["diagnosis"]["advice"],
        f"run {result['run']}",
        "",
        f"Next: bearkit interpret{place} (what does it get wrong?), bearkit export{place} (a model folder)",
    ]
    return "\n".join(lines)


def diagnosed(result: dict[str, Any]) -> str:
    """The verdict, what it rests on, and the next step."""
    evidence = ", ".join(f"{name} {value:g}" for name, value in result["evidence"].items())
    notes = [f"Note: {note}" for note in result.get("notes", ())]
    return "\n".join([*notes, f"{result['verdict']} ({evidence})", result["advice"]])


def rates_found(result: dict[str, Any]) -> str:
    """What the LR finder suggests."""
    rows = [(name, "-" if rate is None else f"{rate:.2g}") for name, rate in result["suggestions"].items()]
    return "\n".join([*table(("suggestion", "learning rate"), rows), "", result["reason"], f"curve: {result['plot']}"])


def learning_curve(result: dict[str, Any]) -> str:
    """The error with a part of the pictures, and what to make of it."""
    rows = [
        (f"{point['fraction']:.0%}", point["images"], percent(point["error_rate"]), *map(percent, point["interval"]))
        for point in result["points"]
    ]
    lines = table(("pictures", "images", "error rate", "from", "to"), rows)
    return "\n".join([*lines, "", result["verdict"], f"curve: {result['plot']}"])


def interpreted(result: dict[str, Any]) -> str:
    """What the model gets wrong."""
    vocab = result["vocab"]
    lines = [f"run {result['run']}, {result['split']} pictures; rows given, columns predicted", ""]
    if len(vocab) <= MATRIX:
        matrix = [(given, *row) for given, row in zip(vocab, result["confusion_matrix"], strict=True)]
        lines += [*table(("", *vocab), matrix), ""]
    lines += table(("given", "predicted", "times"), result["most_confused"][:MANY])
    labels = list(result["labels"].items())
    if len(vocab) > MATRIX:
        labels = sorted(labels, key=lambda pair: 2 if pair[1]["recall"] is None else pair[1]["recall"])[:MANY]
        lines += ["", f"{len(labels)} of {len(vocab)} labels, those found least often (all, and the matrix: --json):"]
    rows = [(label, percent(one["precision"]), percent(one["recall"])) for label, one in labels]
    lines += ["", *table(("label", "precision", "recall"), rows)]
    losses = [
        (row["path"], row["given"], row["predicted"], f"{row['loss']:.2f}", percent(row["probability"]))
        for row in result["top_losses"]
    ]
    lines += ["", "top losses:", *table(("picture", "given", "predicted", "loss", "probability"), losses)]
    return "\n".join(lines)


def model_written(result: dict[str, Any]) -> str:
    """Where the model is, and what came of 8-bit integers."""
    lines = [f"The model is in {result['model']}"]
    if int8 := result.get("int8"):
        why = f"not kept: {int8['why']}" if not int8["kept"] else f"{int8['bytes'] / 1e6:.1f} MB"
        lines.append(f"8-bit integers: {why}")
    lines += [f"Warning: {warning}." for warning in result["warnings"]]
    return "\n".join([*lines, f"Next: bearkit predict {result['model']} PICTURE"])


def predicted(result: dict[str, Any]) -> str:
    """A line for each file."""
    return "\n".join(table(("picture", "label", "probability"), [_predicted(row) for row in result["predictions"]]))


def _predicted(row: dict[str, Any]) -> tuple[str, ...]:
    if "error" in row:
        hint = f" ({row['hint']})" if row.get("hint") else ""
        return row["path"], "-", f"{row['error']}{hint}"
    if not row["known"]:
        return row["path"], "none of these", f"(unlike the training pictures; most like {row['label']})"
    others = ", ".join(f"{one['label']} {percent(one['probability'])}" for one in row["top"][1:])
    return row["path"], row["label"], f"{percent(row['probability'])}{f'  ({others})' if others else ''}"


def demonstrated(result: dict[str, Any], program: str = "bearkit") -> str:
    """The demo's report; `program` is how the next commands are called."""
    birds = result["pictures"] == "photographs"
    planted, one, root = result["planted_labels"], result["prediction"], _short(result["project"])
    next_steps = {
        f"  {program} studio -p {root}": "see it in the browser",
        f"  {program} interpret -p {root}": "what does it get wrong?",
        f"  {program} predict {_short(result['model'])} PICTURE": "ask it about a picture of yours",
        f"  {program} import FOLDER -p bears": "your own: a folder with one folder a label in it",
        f"  {program} train -p bears": "",
    }
    lines = [] if birds else [result["pictures_why"], "So the demo went on with pictures that it drew itself.", ""]
    lines += [
        f"1. Collected {count(result['images'], 'bird photograph' if birds else 'drawing')} of "
        f"{len(result['labels'])} labels: {', '.join(f'{label} {n}' for label, n in result['labels'].items())}.",
        f"   {count(result['duplicates'], 'file')} known already; {count(len(result['rejected']), 'file')} rejected:",
        *(f"     {Path(row['path']).name}: {row['reason']}" for row in result["rejected"]),
        f"2. Trained in {result['features_seconds'] + result['train_seconds']:.1f} s "
        f"({result['features_seconds']:.1f} s looking at the pictures once, {result['train_seconds']:.1f} s learning).",
        f"   {in_words(result)}",
        f"3. Looked for wrong labels. {planted['page']} had been planted; of the {planted['page']} most suspicious "
        f"pictures {planted['in_first_page']} are among them, of the first {2 * planted['page']}, "
        f"{planted['in_two_pages']}:",
        *(
            f"     {'planted' if row['planted'] else '       '}  {Path(row['path']).name}: given `{row['given']}`, "
            f"looks like `{row['predicted']}`"
            for row in planted["first"]
        ),
        f"4. Exported the model to {_short(result['model'])} and asked it about a picture that it had not trained on:",
        f"   {one['path']} is `{one['label']}`, {one['probability']:.0%}, in {one['milliseconds']} ms "
        f"(it was labelled `{one['given']}`).",
        "",
        f"All of it took {result['seconds']} s. {result['credits']}",
        "",
        *table(("What to type next:", ""), list(next_steps.items())),
    ]
    return "\n".join(lines)


def _short(path: str) -> str:
    """A path as one would type it from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
