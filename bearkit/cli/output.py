"""Format the results of commands, as `--json` prints them, as text.

`place` names the project in the next command: "" or " -p DIR".
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bearkit.core.text import (
    MANY,
    UNKNOWN,
    count,
    error_rate_sentence,
    listed,
    percent,
    rejected,
    table,
    unknown_sentence,
)

MATRIX = 20  # labels: a larger confusion matrix is not printed


def collected(result: dict[str, Any], place: str = "") -> str:
    """Describe the results of downloads."""
    lines = [
        f"{result['saved']} saved, {result['duplicates']} already known, {result['failed']} failed, "
        f"{result['skipped']} skipped, in {result['seconds']:.1f} s"
    ]
    lines += [f"  {n:5d}  {reason}" for reason, n in result["reasons"].items()]
    lines += [result["hint"]] if result.get("hint") else []
    lines += [f"Note: {note}" for note in result.get("notes", ())]
    if result["waiting"]:
        lines.append(f"{result['waiting']} are not downloaded yet; to continue: bearkit collect{place}")
    if result["failed"]:
        lines.append(
            f"To list them: bearkit sources --failed{place}; to try again: bearkit collect --retry-failed{place}"
        )
    return "\n".join(lines)


def searched(result: dict[str, Any]) -> str:
    """Describe what a search found: how many pictures, or which."""
    lines = []
    for label, hits in result["found"].items():
        n = hits if isinstance(hits, int) else len(hits)
        lines.append(f"{label or 'no label yet'}: {count(n, 'picture')} found")
        for hit in [] if isinstance(hits, int) else hits:
            credit = hit["credit"]
            lines.append(f"  {hit['url']}  ({', '.join(filter(None, (credit['license'], credit['creator'])))})")
    return "\n".join(lines)


def sources(rows: Sequence[dict[str, Any]]) -> str:
    """List every file and address with its result."""
    cells = [(row["status"], row["label"] or "-", row["origin"], row["reason"]) for row in rows]
    return "\n".join(table(("status", "label", "source", "reason"), cells)) if cells else "No sources yet"


def status(result: dict[str, Any], place: str = "") -> str:
    """Describe what a project holds."""
    counts = [(label, n["train"], n["valid"], n["test"]) for label, n in result["labels"].items()]
    without = f", {result['unlabelled']} of them without a label" if result["unlabelled"] else ""
    lines = [f"{count(result['images'], 'picture')}{without}, split with seed {result['seed']}", ""]
    lines += table(("label", "train", "valid", "test"), counts)
    if missing := result["missing"]:
        lines += ["", *listed(f"{count(len(missing), 'picture file')} missing:", [row["path"] for row in missing])]
        lines.append(f"If they were moved or renamed: bearkit import {result['project']}/images{place}")
        lines.append(f"If not: {result['hint']}")
    rows = [(run["run"], run["state"], percent(run["error_rate"])) for run in result["runs"]]
    lines += ["", *(table(("run", "state", "error rate"), rows) if rows else ["No runs yet"])]
    bad = [run for run in result["runs"] if run["state"] == "damaged"]
    lines += [f"run {run['run']} is damaged: {run['error']}; for details: bearkit doctor{place}" for run in bad]
    lines += [f"model: {model}" for model in result["models"]]
    return "\n".join(lines)


def trained(result: dict[str, Any], place: str = "") -> str:
    """Describe a training: its table of epochs, its error, the advice, and the next step."""
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
    lines += [f"features: {result['features_seconds']:.2f} s"]
    lines += rejected(result["skipped"])
    lines += [f"About missing files: bearkit status{place}"] if result["skipped"] else []
    if unchecked := result["unchecked_labels"]:
        which = ", ".join(unchecked[:MANY]) + (f" and {len(unchecked) - MANY} more" if len(unchecked) > MANY else "")
        lines += [f"No validation pictures of {which}: the error of these labels is not known"]
    lines += [result["seed_changed"]] if result["seed_changed"] else []
    lines += [
        error_rate_sentence(result),
        result["diagnosis"]["advice"],
        f"run {result['run']}",
        "",
        f"Next: bearkit interpret{place} (what does it get wrong?), bearkit export{place} (a model folder)",
    ]
    return "\n".join(lines)


def diagnosed(result: dict[str, Any]) -> str:
    """Describe a diagnosis: the verdict, its evidence, and the advice."""
    evidence = ", ".join(f"{name} {value:g}" for name, value in result["evidence"].items())
    notes = [f"Note: {note}" for note in result.get("notes", ())]
    return "\n".join([*notes, f"{result['verdict']} ({evidence})", result["advice"]])


def rates_found(result: dict[str, Any]) -> str:
    """Describe the suggestions of the LR finder."""
    rows = [(name, "-" if rate is None else f"{rate:.2g}") for name, rate in result["suggestions"].items()]
    return "\n".join([*table(("suggestion", "learning rate"), rows), "", result["reason"], f"curve: {result['plot']}"])


def learning_curve(result: dict[str, Any]) -> str:
    """Describe a learning curve: the error by number of pictures, and the verdict."""
    rows = [
        (f"{point['fraction']:.0%}", point["images"], percent(point["error_rate"]), *map(percent, point["interval"]))
        for point in result["points"]
    ]
    lines = table(("pictures", "images", "error rate", "from", "to"), rows)
    return "\n".join([*lines, "", result["verdict"], f"curve: {result['plot']}"])


def interpreted(result: dict[str, Any], place: str = "") -> str:
    """Describe the mistakes of a model, and how to see the pictures of one cell of its confusion matrix."""
    vocab = result["vocab"]
    lines = [f"run {result['run']}, {result['split']} pictures; rows given, columns predicted", ""]
    if len(vocab) <= MATRIX:
        matrix = [(given, *row) for given, row in zip(vocab, result["confusion_matrix"], strict=True)]
        lines += [*table(("", *vocab), matrix), ""]
    lines += table(("given", "predicted", "times"), result["most_confused"][:MANY])
    labels = list(result["labels"].items())
    if len(vocab) > MATRIX:
        labels = sorted(labels, key=lambda pair: 2 if pair[1]["recall"] is None else pair[1]["recall"])[:MANY]
        lines += [
            "",
            f"{len(labels)} of {len(vocab)} labels, those with the lowest recall (all, and the matrix, with --json):",
        ]
    rows = [(label, percent(measured["precision"]), percent(measured["recall"])) for label, measured in labels]
    lines += ["", *table(("label", "precision", "recall"), rows)]
    losses = [
        (row["path"], row["given"], row["predicted"], f"{row['loss']:.2f}", percent(row["probability"]))
        for row in result["top_losses"]
    ]
    lines += ["", "top losses:", *table(("picture", "given", "predicted", "loss", "probability"), losses)]
    if result["most_confused"]:
        given, predicted, _ = result["most_confused"][0]
        which = shlex.join(["--label", given, "--predicted", predicted, "--split", result["split"]])
        lines += ["", f"To see what was confused most: bearkit review next {which} --run {result['run']}{place}"]
    return "\n".join(lines)


def model_written(result: dict[str, Any]) -> str:
    """Describe an exported model: its folder, and whether its weights have 8 bits."""
    lines = [f"The model is in {result['model']}"]
    if int8 := result.get("int8"):
        size = f"{int8['bytes'] / 1e6:.1f} MB" if int8["kept"] else f"not used: {int8['why']}"
        lines.append(f"8-bit weights: {size}")
    lines += [f"Warning: {warning}." for warning in result["warnings"]]
    return "\n".join([*lines, f"Next: bearkit predict {result['model']} PICTURE"])


def predicted(result: dict[str, Any]) -> str:
    """List a prediction, or an error, for each file."""
    return "\n".join(table(("picture", "label", "probability"), [_predicted(row) for row in result["predictions"]]))


def _predicted(row: dict[str, Any]) -> tuple[str, ...]:
    if "error" in row:
        hint = f" ({row['hint']})" if row.get("hint") else ""
        return row["path"], "-", f"{row['error']}{hint}"
    if not row["known"]:
        return row["path"], UNKNOWN, f"({unknown_sentence(row['label'], row['similarity'], row['threshold'])})"
    others = ", ".join(f"{one['label']} {percent(one['probability'])}" for one in row["top"][1:])
    return row["path"], row["label"], f"{percent(row['probability'])}{f'  ({others})' if others else ''}"


def demonstrated(result: dict[str, Any], program: str = "bearkit") -> str:
    """Describe what the demo did. `program` is how the next commands are called, e.g. `.venv/bin/bearkit`."""
    birds = result["pictures"] == "photographs"
    planted, prediction, root = result["planted_labels"], result["prediction"], _short(result["project"])
    next_steps = {
        f"  {program} studio -p {root}": "open it in the browser",
        f"  {program} interpret -p {root}": "show what the model gets wrong",
        f"  {program} predict {_short(result['model'])} PICTURE": "predict the label of a picture of yours",
        f"  {program} import FOLDER -p bears": "import your own: a folder with one subfolder for each label",
        f"  {program} train -p bears": "train on them",
    }
    lines = [] if birds else [result["pictures_why"], "The demo uses pictures that it drew itself instead.", ""]
    lines += [
        f"1. Imported {count(result['images'], 'bird photograph' if birds else 'drawing')} with "
        f"{len(result['labels'])} labels: {', '.join(f'{label} {n}' for label, n in result['labels'].items())}.",
        f"   {count(result['duplicates'], 'file')} already known; {count(len(result['rejected']), 'file')} rejected:",
        *(f"     {Path(row['path']).name}: {row['reason']}" for row in result["rejected"]),
        f"2. Trained in {result['features_seconds'] + result['train_seconds']:.1f} s "
        f"({result['features_seconds']:.1f} s for the features, {result['train_seconds']:.1f} s for training).",
        f"   {error_rate_sentence(result)}",
        f"3. Looked for wrong labels. {planted['page']} labels had been made wrong on purpose: "
        f"{planted['in_first_page']} of them are among the {planted['page']} most suspicious pictures, "
        f"{planted['in_two_pages']} among the {2 * planted['page']} most suspicious:",
        *(
            f"     {Path(row['path']).name}: labelled `{row['given']}`, predicted `{row['predicted']}`"
            f"{' (made wrong)' if row['planted'] else ''}"
            for row in planted["first"]
        ),
        f"4. Exported the model to {_short(result['model'])} and predicted a picture that it was not trained on:",
        f"   {prediction['path']} is `{prediction['label']}`, {prediction['probability']:.0%}, in "
        f"{prediction['milliseconds']} ms (its label is `{prediction['given']}`).",
        "",
        f"The demo took {result['seconds']} s. {result['credits']}",
        "",
        *table(("Next:", ""), list(next_steps.items())),
    ]
    return "\n".join(lines)


def _short(path: str) -> str:
    """Return a path relative to the current folder, if it is inside."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
