"""Read a table file of a source: text formats, or parquet."""

import io
from pathlib import Path

from bearkit.core import text_table
from bearkit.core.json_text import parse_json
from bearkit.core.optional import import_optional
from bearkit.core.text_table import Table
from bearkit.errors import ImportSourceError
from bearkit.sources.layout import SourceItem


def read_table(one: SourceItem) -> Table:
    """Read the table in a file.

    Raises:
        ImageError: the file cannot be read, or is too large.
        ImportSourceError: it is not a table, or the package that reads it is not installed.
        UnicodeDecodeError: its text is damaged.
    """
    return _parquet(one) if one.place.suffix.casefold() == ".parquet" else _text(one)


def _text(one: SourceItem) -> Table:
    data = one.read()
    kind = next((kind for start, kind in text_table.KINDS if data.startswith(start)), "")
    if kind:
        raise ImportSourceError(f"{one.place} cannot be read: {kind}", hint="save it as CSV")
    text = text_table.decode_text(data)
    if one.place.suffix.casefold() == ".json" and isinstance(value := parse_json(text), dict):
        pairs = [(key, inside) for key, inside in value.items() if isinstance(inside, str | int)]
        pairs += [(name, key) for key, inside in value.items() if isinstance(inside, list) for name in inside]
        if pairs and all(isinstance(name, str) for name, _ in pairs):  # {file: label}, or {label: [file, ...]}
            return text_table.table_of_records([{"file": name, "label": label} for name, label in pairs])
    return text_table.parse_table(text, Path(one.place), some=True)


def _parquet(one: SourceItem) -> Table:
    """Read a parquet table, without columns of bytes or of nested values."""
    arrow, parquet = import_optional("pyarrow", "hub"), import_optional("pyarrow.parquet", "hub")
    try:
        file = parquet.ParquetFile(io.BytesIO(one.read()))
        plain = [
            field.name
            for field in file.schema_arrow
            if not arrow.types.is_nested(field.type) and not arrow.types.is_binary(field.type)
        ]
        records = file.read(columns=plain).to_pylist()
    except (arrow.ArrowException, OSError) as error:
        raise ImportSourceError(f"{one.place} cannot be read as parquet: {error}") from error
    return text_table.table_of_records(records)
