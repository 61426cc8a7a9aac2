"""The diagnosis against the lecture's own tables, and against runs in which the mistake was made on purpose."""

import json
import re

import pytest

from bearkit import Learner
from bearkit.errors import ImportSourceError
from bearkit.training.config import TrainConfig
from bearkit.training.diagnosis import ADVICE, diagnose, read_epochs, read_table
from bearkit.training.head import TrainValidFeatures, train_head
from tests.samples import blobs

# train_loss, valid_loss, error_rate of the lecture's notes (fast.ai 2019, lesson 2)
TOO_HIGH = ([24.904537], [1184996224.0], [0.638889])
TOO_LOW = (
    [2.066052, 2.000881, 1.975891, 1.971937, 1.989848],
    [1.419399, 1.309587, 1.307033, 1.321390, 1.324367],
    [0.657407, 0.583333, 0.611111, 0.620370, 0.648148],
)
TOO_FEW = ([1.971861], [2.014095], [0.666667])
TOO_MANY = (
    [1.210596, 1.249473, 1.353912, 1.380415, 1.434192, 1.373436, 1.361475, 1.320753, 1.251119, 1.168801, 1.093846,
     1.022894, 0.965844, 0.912769, 0.861060, 0.813022, 0.767651, 0.724640, 0.690126, 0.653082, 0.621761, 0.592183,
     0.565874, 0.543868, 0.517352, 0.494798, 0.474295, 0.455998, 0.436313, 0.419034, 0.402253, 0.389492, 0.374585,
     0.361202, 0.348479, 0.338784, 0.328609, 0.317876, 0.307848, 0.297073],
    [1.382731, 1.378071, 1.379399, 1.374326, 1.364526, 1.344376, 1.332394, 1.319983, 1.319813, 1.317544, 1.320713,
     1.326572, 1.331126, 1.343037, 1.345426, 1.361557, 1.383104, 1.393675, 1.409444, 1.435116, 1.462591, 1.482403,
     1.513805, 1.524467, 1.531876, 1.557277, 1.572760, 1.580956, 1.592865, 1.604895, 1.612062, 1.626179, 1.629149,
     1.643487, 1.648011, 1.657931, 1.667504, 1.679011, 1.681451, 1.676460],
    [0.662551, 0.664609, 0.681070, 0.664609, 0.668724, 0.652263, 0.658436, 0.658436, 0.644033, 0.639918, 0.631687,
     0.621399, 0.613169, 0.596708, 0.590535, 0.588477, 0.586420, 0.580247, 0.572016, 0.567901, 0.567901, 0.561728,
     0.561728, 0.561728, 0.551440, 0.551440, 0.549383, 0.553498, 0.553498, 0.549383, 0.553498, 0.553498, 0.553498,
     0.557613, 0.553498, 0.551440, 0.551440, 0.553498, 0.553498, 0.549383],
)  # fmt: skip


@pytest.mark.parametrize(
    ("table", "verdict"),
    [(TOO_HIGH, "lr_too_high"), (TOO_LOW, "lr_too_low"), (TOO_FEW, "too_few_epochs"), (TOO_MANY, "overfitting")],
)
def test_the_lectures_four_tables(table, verdict):
    found = diagnose(*table)
    assert (found.verdict, found.advice) == (verdict, ADVICE[verdict])
    assert found.evidence["error_rate"] == table[2][-1]


def test_a_validation_loss_that_rises_while_the_error_still_improves_is_not_overfitting():
    until_the_error_is_best = [column[:25] for column in TOO_MANY]
    assert diagnose(*until_the_error_is_best).verdict == "fine"


def test_a_training_loss_below_the_validation_loss_is_what_a_good_model_shows():
    train, valid = [0.9, 0.4, 0.2, 0.1, 0.05], [0.8, 0.4, 0.3, 0.28, 0.28]
    assert diagnose(train, valid, [0.3, 0.1, 0.05, 0.04, 0.04]).verdict == "fine"


def test_an_error_that_falls_fast_to_the_end_wants_more_epochs():
    # the first table of the lecture's notes
    train, valid = [2.334755, 1.751931, 1.527215, 1.317051], [1.945266, 1.366638, 1.165065, 1.108083]
    assert diagnose(train, valid, [0.566038, 0.415094, 0.396226, 0.339623]).verdict == "too_few_epochs"


def test_numbers_that_are_none_and_tables_that_are_empty():
    assert diagnose([float("nan")], [float("nan")], [0.5]).verdict == "lr_too_high"
    assert diagnose([], [], []).verdict == "cannot_tell"
    assert diagnose([0.5, 0.2], [0.4, 0.3], [0.2, 0.2]).verdict == "cannot_tell"


def test_no_error_at_all_is_not_overfitting():
    train, valid = [0.9, 0.5, 0.3, 0.2, 0.15, 0.1], [0.8, 0.5, 0.4, 0.5, 0.6, 0.7]
    assert diagnose(train, valid, [0.3, 0.0, 0.0, 0.0, 0.0, 0.0], valid_images=6).verdict == "fine"


def test_a_few_pictures_more_wrong_are_not_overfitting():
    train, valid = [0.9, 0.5, 0.3, 0.2, 0.15, 0.1], [0.8, 0.5, 0.4, 0.35, 0.36, 0.37]
    assert diagnose(train, valid, [0.3, 0.2, 0.12, 0.10, 0.10, 0.12], valid_images=50).verdict == "fine"


BARE = {"dropout": 0, "weight_decay": 0, "label_smoothing": 0}


@pytest.mark.parametrize(
    ("mistake", "verdict"),
    [
        ({"lr": 0.5}, "lr_too_high"),
        ({"lr": 1e-5}, "lr_too_low"),
        ({"epochs": 1}, "too_few_epochs"),
        ({"epochs": 300, "lr": 1e-2, **BARE}, "overfitting"),
        ({}, "fine"),
    ],
)
@pytest.mark.slow
def test_the_lectures_four_failures_on_photographs(flowers, mistake, verdict):
    assert Learner(flowers).train(**mistake).diagnosis["verdict"] == verdict


@pytest.fixture(scope="module")
def flowers(photographs, tmp_path_factory):
    return photographs("flowers_ccby", tmp_path_factory.mktemp("flowers") / "flowers")


def test_a_stage_that_goes_on_is_judged_by_what_it_went_on_from():
    train, valid = [0.34, 0.33, 0.33, 0.32], [0.36, 0.35, 0.35, 0.35]  # low from the start: that is no low rate
    assert diagnose(train, valid, [0.03] * 4, 83).verdict == "lr_too_low"
    assert diagnose(train, valid, [0.03] * 4, 83, error_before=0.04).verdict == "fine"
    assert diagnose([0.3], [0.35], [0.03], 83, error_before=0.04).verdict == "cannot_tell"
    forgot = diagnose([0.9, 1.2, 1.1, 0.9], [1.4, 1.3, 1.2, 1.1], [0.5, 0.4, 0.4, 0.3], 83, error_before=0.04)
    assert (forgot.verdict, forgot.evidence["error_rate_before"]) == ("lr_too_high", 0.04)


@pytest.mark.parametrize(
    ("planted", "verdict"),
    [
        ({}, "fine"),
        ({"lr": 1e-2}, "fine"),
        ({"label_smoothing": 0}, "fine"),
        ({"lr": 5.0, "epochs": 4}, "lr_too_high"),
        ({"lr": 1e-6}, "lr_too_low"),
        ({"epochs": 1}, "too_few_epochs"),
    ],
)
def test_planted_mistakes_are_named(planted, verdict):
    values, targets = blobs(400, spread=1.2)
    valid_values, valid_targets = blobs(200, seed=1, spread=1.2)
    rows = []
    config = TrainConfig(**{"epochs": 30, "lr": 1e-2, **planted})
    train_head(TrainValidFeatures(values, targets, valid_values[:, 0], valid_targets, 3), config, rows.append)
    columns = ([getattr(row, name) for row in rows] for name in ("train_loss", "valid_loss", "error_rate"))
    assert diagnose(*columns, valid_images=200).verdict == verdict


def test_a_table_is_read_from_a_csv_and_a_bad_one_is_told(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch, train_loss, valid_loss, error_rate, time\n0, 1.5, 1.25, 0.5, 00:02\n1, 1, 1, 0.25, 00:02\n")
    assert read_table(path) == ([1.5, 1.0], [1.25, 1.0], [0.5, 0.25])
    path.write_text("epoch,loss\n0,1\n")
    with pytest.raises(ImportSourceError, match="is not a table of epochs") as raised:
        read_table(path)
    assert "train_loss" in raised.value.hint
    path.write_text("train_loss,valid_loss,error_rate\n1,2,many\n")
    with pytest.raises(ImportSourceError, match="many"):
        read_table(path)


EPOCHS = [(1.2, 0.9, 0.4), (0.6, 0.7, 0.3), (0.4, 0.5, 0.2), (0.3, 0.5, 0.2)]  # train_loss, valid_loss, error_rate
COLUMNS = tuple(list(column) for column in zip(*EPOCHS, strict=True))


def lines_of(head, row):
    """A CSV with this header; `row` is formatted with n, t, v and e of each epoch."""
    values = [row.format(n=n, t=t, v=v, e=e, a=1 - e, p=100 - 100 * e) for n, (t, v, e) in enumerate(EPOCHS)]
    return "\n".join([head, *values, ""])


TRAINER = [
    entry
    for n, (t, v, e) in enumerate(EPOCHS, start=1)
    for entry in (
        {"loss": t + 0.1, "learning_rate": 1e-5, "epoch": n - 0.5, "step": 2 * n - 1},
        {"loss": t - 0.1, "learning_rate": 1e-5, "epoch": float(n), "step": 2 * n},
        {"eval_loss": v, "eval_accuracy": 1 - e, "epoch": float(n), "step": 2 * n},
    )
]


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("fastai", lines_of("epoch,train_loss,valid_loss,error_rate,time", "{n},{t},{v},{e},00:02")),
        ("fastai", lines_of("epoch,train_loss,valid_loss,accuracy,time", "{n},{t},{v},{a},00:02")),
        ("Keras", lines_of("epoch,accuracy,loss,val_accuracy,val_loss", "{n},0.99,{t},{a},{v}")),
        ("Keras 3", lines_of("epoch,MulticlassAccuracy,loss,val_MulticlassAccuracy,val_loss", "{n},1,{t},{a},{v}")),
        ("timm", lines_of("epoch,train_loss,eval_loss,eval_top1,eval_top5", "{n},{t},{v},{p},99")),
        ("YOLO", lines_of(" epoch , train/loss, metrics/accuracy_top1, val/loss", " {n} , {t}, {a}, {v}")),
        ("DeiT", lines_of("", '{{"train_loss": {t}, "test_loss": {v}, "test_acc1": {p}}}')),
        ("Lightning", lines_of("epoch,step,train_loss,val_loss,val_acc", "{n},8,,{v},{a}\n{n},8,{t},,")),
        ("Trainer", json.dumps({"log_history": [*TRAINER, {"train_loss": 0.7, "train_runtime": 9.0, "epoch": 4.0}]})),
        ("a spreadsheet", lines_of("Epoch;Train_Loss;Valid_Loss;Error_Rate", "{n};{t};{v};{e}").replace(".", ",")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_other_tools_are_read(tmp_path, tool, text, encoding):
    (tmp_path / "history.csv").write_bytes(text.encode(encoding))
    found = read_table(tmp_path / "history.csv")
    assert [pytest.approx(column) for column in COLUMNS] == list(found), tool


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("epoch,loss,accuracy\n0,1,0.5\n", "a validation loss, an error rate or accuracy; its columns are epoch, loss"),
        ("epoch,train_loss,val_loss,f1\n0,1,1,0.5\n", "an error rate or accuracy; its columns are epoch, train_loss"),
        ("train_loss,valid_loss,error_rate\n1,2,30\n1,2,20\n", "error_rate is a share between 0 and 1, not 30"),
        ("train_loss,valid_loss,error_rate\n1,2,-0.5\n", "error_rate is a share between 0 and 1, not -0.5"),
        ("loss,val_loss,val_accuracy\n1,2,71.5\n", "val_accuracy is a share between 0 and 1, not 71.5"),
        ("train_loss,valid_loss,error_rate\n1,2,0.5\n1,2,many\n", "`many` in the column `error_rate`, line 3, is no"),
        ("train_loss,valid_loss,error_rate\n1,2,0,5,0,3\n", "line 2 has more cells than there are columns"),
        ("loss,val_loss,val_top_k_accuracy\n1,1,0.5\n", "no column of an error rate or accuracy; its columns"),
        ("train_loss,valid_loss,error_rate\n", "has no epoch with all of train_loss"),
        ("", r"its columns are \(none\)"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_judged_is_named_with_what_it_has(tmp_path, bearkit_json, text, error):
    (tmp_path / "history.csv").write_text(text)
    found = bearkit_json("diagnose", tmp_path / "history.csv", "--valid-images", 200, code=1)
    assert re.search(error, found["error"])
    assert found["hint"]


HEAD = "epoch,train_loss,valid_loss,error_rate"
FINE = [(n, 1.2 / (n + 1), 0.6 + 0.3 / (n + 1), 0.3 / (n + 1)) for n in range(8)]
OTHER = [(n, 3.0 / (n + 1), 2.0, 0.6) for n in range(8)]


def read(tmp_path, rows, head=HEAD):
    (tmp_path / "h.csv").write_text("\n".join([head, *(",".join(map(str, row)) for row in rows), ""]))
    columns, notes = read_epochs(tmp_path / "h.csv")
    return list(zip(*columns, strict=True)), notes


def told(rows):
    return [pytest.approx(row[1:]) for row in rows]


@pytest.mark.parametrize("order", [[7, 6, 5, 4, 3, 2, 1, 0], [3, 0, 7, 1, 2, 6, 5, 4]])
@pytest.mark.parametrize("name", ["epoch", "Epoch", "epochs"])
def test_the_column_of_epochs_gives_the_order(tmp_path, order, name):
    rows, notes = read(tmp_path, [FINE[n] for n in order], HEAD.replace("epoch", name))
    assert rows == told(FINE)
    assert notes == ["the rows are not in the order of their epochs: they were sorted"]


def test_a_second_training_below_the_first_is_the_one_that_counts(tmp_path):
    rows, notes = read(tmp_path, [*OTHER, *FINE[:5]])
    assert rows == told(FINE[:5])
    assert notes == [
        "from line 10 on, the table repeats epochs from epoch 0: the 8 earlier rows of these epochs are left out"
    ]
    rows, notes = read(tmp_path, [*OTHER, *OTHER, *FINE])
    assert (rows, len(notes)) == (told(FINE), 2)


def test_a_second_log_of_steps_below_the_first_counts_with_all_of_its_steps(tmp_path):
    first = [entry | {name: 9.0 for name in ("loss", "eval_loss") if name in entry} for entry in TRAINER]
    (tmp_path / "log.json").write_text(json.dumps({"log_history": [*first, *TRAINER]}))
    columns, notes = read_epochs(tmp_path / "log.json")
    assert [pytest.approx(column) for column in COLUMNS] == list(columns)
    assert len(notes) == 1


def test_a_training_that_went_on_from_an_earlier_epoch_replaces_what_came_after_it(tmp_path):
    rows, notes = read(tmp_path, [*FINE[:3], *OTHER[3:6], *FINE[3:]])
    assert rows == told(FINE)
    assert "repeats epochs from epoch 3: the 3 earlier rows" in notes[0]


def test_the_same_epoch_twice_in_a_row_is_one_epoch(tmp_path):
    rows, notes = read(tmp_path, [row for row in FINE for _ in range(2)])
    assert (rows, notes) == (told(FINE), [])


def test_epochs_that_are_missing_are_told_and_those_of_a_step_are_not(tmp_path):
    rows, notes = read(tmp_path, [row for row in FINE if row[0] not in (3, 4)])
    assert (len(rows), notes) == (6, ["epochs 3, 4 are missing"])
    assert read(tmp_path, FINE[::2])[1] == []


@pytest.mark.parametrize("column", [1, 2, 3])
@pytest.mark.parametrize("at", [0, 3, 7])
def test_one_empty_cell_is_a_gap_and_no_verdict(tmp_path, bearkit_json, column, at):
    holes = [[*row] for row in FINE]
    holes[at][column] = ""
    rows, notes = read(tmp_path, holes)
    assert rows == told([row for row in FINE if row[0] != at])
    assert notes == [f"epoch {at} has no {HEAD.split(',')[column]}: it is left out"]
    found = bearkit_json("diagnose", tmp_path / "h.csv")
    assert (found["verdict"], found["notes"]) == (
        diagnose(*zip(*(row[1:] for row in FINE), strict=True)).verdict,
        notes,
    )


def test_losses_that_are_empty_to_the_end_are_no_numbers_and_a_hole_in_both_is_a_gap(tmp_path):
    diverged = [*FINE[:5], *((n, "", "", 0.9) for n in (5, 6, 7))]
    assert diagnose(*zip(*read(tmp_path, diverged)[0], strict=True)).verdict == "lr_too_high"
    hole = [row if row[0] != 4 else (4, "", "", 0.06) for row in FINE]
    assert read(tmp_path, hole)[0] == told([row for row in FINE if row[0] != 4])


def test_losses_first_and_errors_below_are_one_training(tmp_path):
    train = [(n, t, "", "") for n, t, _, _ in FINE]
    valid = [(n, "", v, e) for n, _, v, e in FINE]
    assert read(tmp_path, [*train, *valid])[0] == told(FINE)


@pytest.mark.parametrize("bad", ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", ""])
def test_a_loss_that_is_no_number_is_a_verdict_and_null_in_json(tmp_path, bearkit_json, bad):
    (tmp_path / "h.csv").write_text(f"epoch,train_loss,valid_loss,error_rate\n0,1.2,0.9,0.3\n1,{bad},{bad},0.9\n")
    found = bearkit_json("diagnose", tmp_path / "h.csv")
    assert found["verdict"] == "lr_too_high"
    assert found["evidence"] == {"train_loss": None, "valid_loss": None, "error_rate": 0.9}
