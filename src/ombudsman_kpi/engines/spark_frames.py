"""Spark DataFrames of records: their columns as Arrow types, and several kinds of records in one frame."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from ombudsman_kpi.engines.spark_work import ORDER, SHARED, Layout
from ombudsman_kpi.engines.together import Feed
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import WHOLE
from ombudsman_kpi.records.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType

TOO_MANY = 2_000_000  # repeated ids, which every executor would have to hold


def schema_of(frame: "DataFrame") -> Any:
    """Return the columns of a frame as an Arrow schema. A ``timestamp`` is an instant, a ``timestamp_ntz`` isn't."""
    import pyarrow as pa

    return pa.schema([(field.name, _arrow_type(field.dataType)) for field in frame.schema.fields])


def _arrow_type(kind: "DataType") -> Any:
    import pyarrow as pa
    from pyspark.sql.types import StringType

    if isinstance(kind, StringType):  # with any collation
        return pa.string()
    plain = {
        "boolean": pa.bool_(), "tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(), "bigint": pa.int64(),
        "float": pa.float32(), "double": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
        "timestamp_ntz": pa.timestamp("us"), "void": pa.null(),
    }  # fmt: skip
    name = kind.simpleString()
    if name.startswith("decimal"):
        return pa.decimal128(38, 0)
    return plain.get(name, pa.binary())  # no other type can hold a time or a text


@lru_cache(maxsize=1)
def _spaces() -> str:
    """Return all characters that Arrow trims as white space."""
    import pyarrow as pa
    import pyarrow.compute as pc

    characters = pa.array([chr(code) for code in range(0x3001)])
    return "".join(characters.filter(pc.equal(pc.utf8_trim_whitespace(characters), "")).to_pylist())


def texts_of(frame: "DataFrame", table: Table, name: str) -> "Column":
    """Return a field as ``Batch.text`` has it: trimmed, null if it says nothing, whole numbers without a point."""
    from pyspark.sql import functions as f
    from pyspark.sql.types import DoubleType, FloatType

    place = place_of(table, name)
    column = f.col(f"c{place}")
    text = f.btrim(column.cast("string"), f.lit(_spaces()))
    if isinstance(frame.schema[place].dataType, (DoubleType, FloatType)):  # integers in a column with missing values
        whole = (column % 1 == 0) & (f.abs(column) < 2.0**53)
        text = f.when(whole, column.cast("bigint").cast("string")).otherwise(text)
    text = f.when(~f.lower(text).isin(*table.reading.missing), f.regexp_replace(text, WHOLE, "$1$2"))
    for word, meaning in table.reading.values.get(name, {}).items():
        text = f.when(text == word, f.lit(meaning)).otherwise(text)
    return text


def shared_ids(frames: Mapping[str, "DataFrame"], tables: Mapping[str, Table], kinds: list[str]) -> dict[str, Any]:
    """Return the repeated ids of some kinds of records, as Arrow text; null is among them if a required id is missing.

    This is one Spark job, which shuffles only ids. Raises ``RecordsError`` for more than ``TOO_MANY`` ids.
    """
    import pyarrow as pa
    from pyspark.sql import functions as f

    if not kinds:
        return {}
    parts = []
    for kind in kinds:
        name = str(tables[kind].id_field)
        text, required = texts_of(frames[kind], tables[kind], name), tables[kind].fields[name].required
        parts.append(
            by_place(frames[kind]).select(
                f.lit(kind).alias("kind"), f.lit(required).alias("required"), text.alias("id")
            )
        )
    counted = reduce(lambda one, other: one.unionAll(other), parts).groupBy("kind", "required", "id").count()
    wanted = (f.col("id").isNull() & f.col("required")) | (f.col("id").isNotNull() & (f.col("count") > 1))
    repeated = counted.where(wanted).select("kind", "id").limit(TOO_MANY + 1).toArrow()
    if repeated.num_rows > TOO_MANY:
        raise RecordsError(
            f"More than {TOO_MANY:,} ids of {' or '.join(kinds)} occur in several records. Check that it is the right "
            "column (columns= chooses another), or remove repeated rows with dropDuplicates()."
        )
    return {
        kind: repeated.filter(pa.compute.equal(repeated["kind"], kind))["id"].cast(pa.string()).combine_chunks()
        for kind in kinds
    }


def with_marks(
    frame: "DataFrame", table: Table, ids: Any, mark: Callable[[Iterable[Any]], Iterator[Any]]
) -> "DataFrame":
    """Return a frame with two columns more: the number of each row, and for rows of some ids what they share.

    The latter is what ``spark_work.mark`` says. These rows are shuffled, with all of their columns, and no others.
    """
    import pyarrow as pa
    from pyspark.sql import functions as f
    from pyspark.sql.types import StringType, StructField, StructType

    if not len(ids):
        return frame
    plain = by_place(frame).withColumn("order", f.monotonically_increasing_id())
    own = texts_of(frame, table, str(table.id_field))
    shared = f.broadcast(frame.sparkSession.createDataFrame(pa.table({"id": ids})))
    schema = StructType([*plain.schema.fields, StructField("shared", StringType())])
    sharing = plain.join(shared, own == shared["id"], "left_semi").repartition(own).mapInArrow(mark, schema)
    alone = plain.join(shared, own == shared["id"], "left_anti").withColumn("shared", f.lit(None).cast("string"))
    return alone.unionAll(sharing)


def by_place(frame: "DataFrame") -> "DataFrame":
    """Return a frame with columns named by position. To Spark ``Team`` and ``team`` are equal, and a dot is special."""
    return frame.toDF(*(f"c{place}" for place in range(len(frame.columns))))


def place_of(table: Table, name: str) -> int:
    """Return the position of the column that holds a field."""
    return table.source.names.index(table.column_of(table.resolve(name, "rows that belong together")))


def side_by_side(
    feed: Feed, frames: Mapping[str, "DataFrame"], tables: Mapping[str, Table], needed: Mapping[str, list[str]]
) -> tuple["DataFrame", Layout]:
    """Return one frame with the columns needed of several kinds of records, and the layout of its columns.

    Rows that have to stay together are in one partition. Columns of the same type share a position, which keeps the
    rows that are shuffled narrow: calls with two timestamps and cases with three need three timestamp columns.
    """
    from pyspark.sql import functions as f

    marked = len(feed.keys) > 1
    taken = ["tinyint"] if marked else []  # the type at each position
    chosen: list[dict[int, Column]] = []
    places: dict[str, dict[str, int]] = {}
    for number, (kind, key) in enumerate(feed.keys.items()):
        mine, places[kind] = {0: f.lit(number).cast("tinyint")} if marked else {}, {}
        columns = _columns_of(frames[kind], tables[kind], key, needed[kind])
        own = len(tables[kind].source.names)
        has_marks = len(frames[kind].columns) > own
        if has_marks:
            columns[SHARED] = f.col(f"c{own + 1}"), "string"
        if kind in feed.ordered:
            columns[ORDER] = f.col(f"c{own}") if has_marks else f.monotonically_increasing_id(), "bigint"
        for name, (column, type_) in columns.items():
            free = (place for place, own in enumerate(taken) if own == type_ and place not in mine)
            place = next(free, len(taken))
            taken += [type_] if place == len(taken) else []
            mine[place], places[kind][name] = column, place
        chosen.append(mine)
    parts = [
        by_place(frames[kind]).select(
            *(mine.get(place, f.lit(None).cast(type_)).alias(f"s{place}") for place, type_ in enumerate(taken))
        )
        for kind, mine in zip(feed.keys, chosen, strict=True)
    ]
    together = reduce(lambda one, other: one.unionAll(other), parts)
    if feed.whole:  # rows without a key can go to any partition, and shouldn't all go to one
        names = together.columns
        anywhere = f.xxhash64(*names).cast("string")
        together = together.repartition(f.coalesce(f.col(names[int(marked)]), anywhere))
    return together, Layout(places, frozenset(feed.ordered), marked)


def _columns_of(frame: "DataFrame", table: Table, key: str | None, names: list[str]) -> dict[str, tuple["Column", str]]:
    """Return the columns needed of a kind, with their types. The first is the key as text, if there is one."""
    from pyspark.sql import functions as f
    from pyspark.sql.types import IntegralType, StringType

    columns: dict[str, tuple[Column, str]] = {}
    if key is not None:
        place = place_of(table, key)
        type_, text = frame.schema[place].dataType, texts_of(frame, table, key)
        if table.fields[key].kind == "truth" if key in table.fields else False:
            text = f.lit("")  # a boolean can be written in several ways
        own = isinstance(type_, (StringType, IntegralType)) and table.source.names[place] in names
        columns[table.source.names[place] if own else KEY] = text, "string"
    for name in names:
        place = table.source.names.index(name)
        type_, column = frame.schema[place].dataType, f.col(f"c{place}")
        is_text = isinstance(type_, StringType)
        columns.setdefault(name, (column.cast("string"), "string") if is_text else (column, type_.simpleString()))
    return columns


KEY = "\0key"  # a name that no column of the caller has
