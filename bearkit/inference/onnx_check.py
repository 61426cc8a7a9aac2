"""Check an ONNX file before it runs: it must not run forever, read other files, or make a huge array.

This reads only the few fields that matter, straight from the protobuf format. So it needs no onnx package, and does not
read the weights. The field numbers are those of onnx.proto.
"""

import math
import mmap
from collections.abc import Iterator
from pathlib import Path

MAX_NODES = 100_000  # EfficientNet-Lite0 has 130
GRAPH, FUNCTIONS = 7, 25  # of a model
NODE, INITIALIZER = 1, 5  # of a graph
INPUT, OUTPUT, OPERATOR, ATTRIBUTE = 1, 2, 4, 5  # of a node
TENSOR = 5  # of an attribute
SUBGRAPHS = (6, 11)  # of an attribute: the networks that If, Loop, Scan and SequenceMap run
FINITE = b"If"  # the only one of these operators that runs each of its networks at most once
MAX_DEPTH = 8  # of networks within networks
DATA_TYPE, INTEGERS, NAME, RAW_DATA, EXTERNAL_DATA, DATA_LOCATION = 2, 7, 8, 9, 13, 14  # of a tensor
INT64 = 7  # a tensor's type: that of shapes
GROWING = {b"ConstantOfShape": 0, b"Expand": 1, b"Tile": 1, b"Resize": 3}  # which input is the shape of the output
MAX_RANK = 16  # numbers of a shape
MAX_VALUES = 2**28  # of an array made from a shape: 1 GB

Field = tuple[int, int, int]  # number, first byte, end; for an integer field: number, value, value


class UnsafeGraphError(ValueError):
    """The file is not a safe ONNX file; the message says why."""


def check(path: Path) -> None:
    """Check the structure of an ONNX file.

    Raises:
        UnsafeGraphError: it has loops, functions of its own, weights in other files, or makes an array above 1 GB; or
            it is not an ONNX file.
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
    nodes, sizes = [], dict[bytes, int]()
    for number, start_of, end_of in _fields(data, start, end):
        if number == NODE:
            nodes.append((start_of, end_of))
        elif number == INITIALIZER:
            name, size = _read_shape(data, start_of, end_of)
            sizes[name] = size
        if len(nodes) > MAX_NODES:
            raise UnsafeGraphError(f"it has more than {MAX_NODES:,} operators")
    for node in nodes:
        _check_node(data, *node, depth, sizes)


def _check_node(data: mmap.mmap, start: int, end: int, depth: int, sizes: dict[bytes, int]) -> None:
    """Check a node. If it is a constant, add the size of the array that it would describe as a shape to `sizes`."""
    operator, inner, inputs, output, size = b"", [], [], b"", 0
    for number, start_of, end_of in _fields(data, start, end):
        if number == OPERATOR:
            operator = data[start_of : min(end_of, start_of + 40)]
        elif number == INPUT:
            inputs.append(data[start_of:end_of])
        elif number == OUTPUT:
            output = data[start_of:end_of]
        elif number == ATTRIBUTE:
            for field, first, last in _fields(data, start_of, end_of):
                if field in SUBGRAPHS:
                    inner.append((first, last))
                elif field == TENSOR:
                    size = _read_shape(data, first, last)[1]
    name = operator.decode("utf-8", "replace")
    if inner and (operator != FINITE or depth >= MAX_DEPTH):
        raise UnsafeGraphError(f"its operator {name} runs a network again and again, and may never end")
    place = GROWING.get(operator, len(inputs))
    if place < len(inputs) and sizes.get(inputs[place], 0) > MAX_VALUES:
        raise UnsafeGraphError(f"its operator {name} makes an array of {sizes[inputs[place]]:,} numbers")
    if operator == b"Constant":
        sizes[output] = size
    for graph in inner:
        _check_graph(data, *graph, depth + 1)


def _read_shape(data: mmap.mmap, start: int, end: int) -> tuple[bytes, int]:
    """Read a tensor as a shape: its name, and how many values an array of that shape has; 0 if it is not a shape.

    Raises:
        UnsafeGraphError: its values are in another file.
    """
    name, kind, shape = b"", 0, list[int]()
    for number, first, last in _fields(data, start, end):
        if number == EXTERNAL_DATA or (number == DATA_LOCATION and first):
            raise UnsafeGraphError("its weights are in another file")
        if number == NAME:
            name = data[first:last]
        elif number == DATA_TYPE:
            kind = first
        elif number == RAW_DATA and last - first <= 8 * MAX_RANK:
            shape = [int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(first, last, 8)]
        elif number == INTEGERS and first == last:  # one number, not packed
            shape.append(first)
        elif number == INTEGERS and last - first <= 10 * MAX_RANK:
            while first < last:
                value, first = _number(data, first, last)
                shape.append(value)
    return name, math.prod(max(side, 1) for side in shape) if kind == INT64 else 0


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[Field]:
    """Yield the fields of a protobuf message."""
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
            raise UnsafeGraphError("it is cut off, or not an ONNX file")
        yield key >> 3, at, at + size
        at += size


def _number(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Read an integer of variable length; return it, and the position after it."""
    value = 0
    for place in range(10):
        if at + place >= end:
            break
        byte = data[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise UnsafeGraphError("it is cut off, or not an ONNX file")
