"""Inspectors of pyarrow tables, and of connections, queries and lazy collections, which are described by their class alone."""

from __future__ import annotations

from typing import Any

from ..secrets import is_secret_name
from ..wire import MAX_COLUMNS, MAX_COLUMNS_INSPECTED, MAX_SAMPLE, MAX_SAMPLES
from .columns import ColumnReader, column_facts
from .reading import class_name, opaque, qualified_name
from .registry import TimeBudget, ValueDescription, register_when_loaded
from .texts import element_text, type_text

#: Module → classes that reach out of the kernel or would start work when they are looked into.
_REMOTE = {
    "sqlite3": "Connection Cursor Blob",
    "sqlalchemy.engine": "Engine Connection CursorResult",
    "sqlalchemy.orm": "Session Query",
    "sqlalchemy": "Select TextClause",
    "duckdb": "DuckDBPyConnection DuckDBPyRelation",
    "psycopg": "Connection Cursor AsyncConnection",
    "psycopg2.extensions": "connection cursor",
    "redis": "Redis",
    "pymongo": "MongoClient",
    "socket": "socket",
    "http.client": "HTTPConnection HTTPSConnection",
    "requests": "Session",
    "httpx": "Client AsyncClient",
    "h5py": "File Group Dataset",
    "zarr": "Array Group",
    "dask.array": "Array",
    "dask.dataframe": "DataFrame Series",
    "dask.bag": "Bag",
    "dask.delayed": "Delayed",
    "pyspark.sql": "DataFrame SparkSession Column",
    "pyspark.sql.connect.dataframe": "DataFrame",
    "ray": "ObjectRef",
    "ibis.expr.types": "Table Column Scalar",
    "vaex.dataframe": "DataFrame DataFrameLocal",
    "cupy": "ndarray",
}
#: Each by itself, because releases differ in what they have.
_ARROW_ARRAYS = """
    ChunkedArray BooleanArray Int8Array Int16Array Int32Array Int64Array UInt8Array UInt16Array UInt32Array UInt64Array
    FloatArray DoubleArray StringArray LargeStringArray BinaryArray TimestampArray Date32Array ListArray StructArray
    DictionaryArray
"""


def describe_remote(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A connection, a query or a lazy collection: nothing is asked of it."""
    return ValueDescription(
        "connection", opaque(value), {"unevaluated": f"{qualified_name(type(value))} is not run or read"}
    )


def _samples(array: Any) -> list[str]:
    return [element_text(element, MAX_SAMPLE) for element in array.slice(0, MAX_SAMPLES).to_pylist()]


_READER = ColumnReader(lambda array: int(array.null_count), _samples, lambda _array, _budget: {})


def describe_table(value: Any, budget: TimeBudget) -> ValueDescription:
    """A pyarrow Table or RecordBatch."""
    schema = value.schema
    names = schema.names[: MAX_COLUMNS_INSPECTED if budget.detail else MAX_COLUMNS]
    columns = [
        column_facts(value.column(at), element_text(name), budget, _READER, withheld=is_secret_name(name))
        for at, name in enumerate(names)
    ]
    facts: dict[str, Any] = {
        "rows": value.num_rows,
        "columns_total": len(schema.names),
        "columns": columns,
        "memory_bytes": int(value.nbytes),
    }
    return ValueDescription(
        "frame", f"{class_name(type(value))} {value.num_rows:,} × {len(schema.names):,} (pyarrow)", facts
    )


def describe_arrow_array(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A pyarrow Array or ChunkedArray."""
    facts: dict[str, Any] = {
        "length": len(value),
        "dtype": type_text(value.type),
        "missing": int(value.null_count),
        "samples": _samples(value),
    }
    return ValueDescription("series", f"{class_name(type(value))} {len(value):,} {facts['dtype']}", facts)


for _module, _names in _REMOTE.items():
    for _name in _names.split():
        register_when_loaded(_module, _name, describe_remote, opaque, bases_too=True)
register_when_loaded("pyarrow", "Table", describe_table)
register_when_loaded("pyarrow", "RecordBatch", describe_table)
for _name in _ARROW_ARRAYS.split():
    register_when_loaded("pyarrow", _name, describe_arrow_array)
