"""The model's columns beside the caller's, as Arrow: the caller's own never become anything else."""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from chem_endpoints.client.attach import attach_answer
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.manifest import Dtype, Output, answer_columns

ARROW_TYPES: dict[Dtype, pa.DataType] = {
    "float64": pa.float64(),
    "int64": pa.int64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
}
"""What a column of each manifest type is in a part."""
PANDAS = b"pandas"
"""Key of the schema's metadata by which pandas restores its types."""


@dataclass(frozen=True, kw_only=True)
class AnswerColumns:
    """How answers stand beside the columns of a source.

    Attributes:
        outputs: what the model answers.
        names: column of the answer → what it is called in a part.
        schema: the columns of a part, with their metadata.
    """

    outputs: tuple[Output, ...]
    names: dict[str, str]
    schema: pa.Schema

    def attach(self, table: pa.Table, answer: pd.DataFrame) -> pa.Table:
        """The rows with their answers; a part's columns.

        Args:
            table: rows of the source.
            answer: one row for each, in order, with the dtypes that the manifest declares.
        """
        columns = {name: table.column(name) for name in table.column_names}
        for output in answer_columns(self.outputs):
            values = pa.array(answer[output.name], type=ARROW_TYPES[output.dtype], from_pandas=True)
            columns[self.names[output.name]] = pa.chunked_array([values])
        return pa.Table.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)


def beside(schema: pa.Schema, outputs: tuple[Output, ...], *, suffix: str | None, stacklevel: int) -> AnswerColumns:
    """Finds the place of each answer, as `chem_endpoints.client.attach.attach_answer` does.

    Args:
        schema: the source's columns.
        outputs: what the model answers.
        suffix: end of the names of answers that the source has already; default: they take its columns' places.
        stacklevel: of the warning.

    Raises:
        InvalidInputError: the suffix would give two answers one name, or pandas' index is called like an answer.

    Warns:
        UserWarning: columns of the source are replaced; once, naming them.
    """
    empty = pd.DataFrame({name: pd.Series([], dtype=object) for name in schema.names})
    attached = attach_answer(empty, empty_answer(outputs, 0), suffix=suffix, stacklevel=stacklevel + 1)
    _refuse_index(schema, attached.replaced)
    fields = {field.name: field for field in schema}
    for output in answer_columns(outputs):
        name = attached.columns[output.name]
        fields[name] = pa.field(name, ARROW_TYPES[output.dtype])
    ordered = [fields[str(name)] for name in attached.frame.columns]
    metadata = {**(schema.metadata or {}), PANDAS: _pandas_metadata(schema, outputs, attached.columns)}
    return AnswerColumns(outputs=outputs, names=attached.columns, schema=pa.schema(ordered, metadata=metadata))


def _refuse_index(schema: pa.Schema, replaced: tuple[Any, ...]) -> None:
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    clash = [name for name in index if isinstance(name, str) and name in replaced]
    if clash:
        raise InvalidInputError(
            f"the source's index {clash} is called like an answer, which would take its place; rename it, or say"
            ' suffix="_new"'
        )


def _pandas_metadata(schema: pa.Schema, outputs: tuple[Output, ...], names: dict[str, str]) -> bytes:
    """The source's own, where pandas wrote it, and of each answer: ``Int64`` comes back as such, not as a float."""
    answer: Any = pa.Schema.from_pandas(empty_answer(outputs, 0), preserve_index=False).pandas_metadata
    own: Any = schema.pandas_metadata or {**answer, "columns": []}
    added = [
        {**column, "name": names[column["name"]], "field_name": names[column["field_name"]]}
        for column in answer["columns"]
    ]
    replaced = {column["field_name"] for column in added}
    kept = [column for column in own["columns"] if column.get("field_name") not in replaced]
    return json.dumps({**own, "columns": [*kept, *added]}).encode()
