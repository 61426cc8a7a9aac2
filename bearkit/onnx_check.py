"""A look into an ONNX file before it is run: nothing in it may run without end or read other files.

The few fields that matter are read from the file's own format (protobuf), so that neither the package onnx is needed
nor the weights are read: numbers of fields are those of onnx.proto.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

MAX_NODES = 100_000  # EfficientNet-Lite0 has 130
GRAPH, FUNCTIONS = 7, 25  # of a model
NODE, INITIALIZER = 1, 5  # of a graph
OPERATOR, ATTRIBUTE = 4, 5  # of a node
SUBGRAPHS = (6, 11)  # of an attribute: what If, Loop, Scan and SequenceMap run
FINITE = b"If"  # of these operators the one that runs each of its networks once at most
MAX_DEPTH = 8  # of networks within networks
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of a tensor

Field = tuple[int, int, int]  # its number, and where its bytes begin and end; of a number: its value, twice


class UnsafeGraphError(ValueError):
    """What is wrong with the file, in words."""


def check(path: Path) -> None:
    """Read an ONNX file's structure.

    Raises:
        UnsafeGraphError: it has loops, functions of its own or weights in other files, or is no ONNX file.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise UnsafeGraphError("the file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _check_model(data)


def _check_model(data: mmap.mmap) -> None:
    graphs = 0
    for number, start, end in _fields(data, 0, len(data)):
        if number == FUNCTIONS:
            raise UnsafeGraphError("it defines functions of its own")
        if number == GRAPH:
            graphs += 1
            _check_graph(data, start, end)
    if not graphs:
        raise UnsafeGraphError("it holds no network")


def _check_graph(data: mmap.mmap, start: int, end: int, depth: int = 0) -> None:
    nodes = 0
    for number, start_of, end_of in _fields(data, start, end):
        if number == NODE:
            nodes += 1
            _check_node(data, start_of, end_of, depth)
        elif number == INITIALIZER:
            tensor = {field: value for field, value, _ in _fields(data, start_of, end_of)}
            if EXTERNAL_DATA in tensor or tensor.get(DATA_LOCATION):
                raise UnsafeGraphError("its weights are in another file")
        if nodes > MAX_NODES:
            raise UnsafeGraphError(f"it has more than {MAX_NODES:,} operators")


def _check_node(data: mmap.mmap, start: int, end: int, depth: int) -> None:
    operator, inner = b"", []
    for number, start_of, end_of in _fields(data, start, end):
        if number == OPERATOR:
            operator = data[start_of : min(end_of, start_of + 40)]
        elif number == ATTRIBUTE:
            inner += [field for field in _fields(data, start_of, end_of) if field[0] in SUBGRAPHS]
    if inner and (operator != FINITE or depth >= MAX_DEPTH):
        name = operator.decode("utf-8", "replace")
        raise UnsafeGraphError(f"its operator {name} runs a network again and again, and may never end")
    for _, start_of, end_of in inner:
        _check_graph(data, start_of, end_of, depth + 1)


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[Field]:
    """The fields of a protobuf message."""
    while at < end:
        key, at = _number(data, at, end)
        kind = key & 7
        if kind == 0:
            value, at = _number(data, at, end)
            yield key >> 3, value, value
            continue
        size = {1: 8, 5: 4}.get(kind, -1)
        if kind == 2:
            size, at = _number(data, at, end)
        if size < 0 or at + size > end:
            raise UnsafeGraphError("it is cut off, or no ONNX file")
        yield key >> 3, at, at + size
        at += size


def _number(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """A number of variable length, and where it is over."""
    value = 0
    for place in range(10):
        if at + place >= end:
            break
        byte = data[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise UnsafeGraphError("it is cut off, or no ONNX file")
