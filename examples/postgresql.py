"""Keep the deadlines of a casework system in its own PostgreSQL database.

Run it as often as the deadlines should be fresh, every night for instance:

    pip install ombudsman-kpi "sqlalchemy>=2.0" "psycopg[binary]>=3.2"
    python examples/postgresql.py --url postgresql+psycopg://user@host/casework --as-of 2024-03-31

It reads the tables ``cases`` and ``events``, declared below as a casework system has them. Put your own names there.
It keeps two tables, and makes them where there are none:

- ``deadlines``: a row for each deadline of each case, with the reason in plain English;
- ``findings``: what is contradictory in the records of a case, or isn't understood.

How it goes about it:

- The cases come through a cursor on the server, a batch at a time, and their events beside them, one query a batch.
  So it needs no more memory for a million cases than for a thousand.
- What is found goes into temporary tables first. Then the rows that have changed are written, those that no longer
  apply are deleted, and all others are left alone: a second run changes nothing.
- It is one transaction, which sees the records as they were at one moment. Whoever reads the tables meanwhile sees
  them as they were before, and when anything fails they stay so. A second run at the same time waits for the first.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

import ombudsman_kpi as kpi

Row = dict[str, Any]

# The tables of the casework system. Columns that no target asks for needn't be declared.
metadata = sa.MetaData()
MOMENT = sa.DateTime(timezone=True)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("received_at", MOMENT, nullable=False),
    sa.Column("valid_at", sa.Date),
    sa.Column("allocated_at", sa.Date),
    sa.Column("investigation_started_at", sa.Date),
    sa.Column("decided_at", MOMENT),
    sa.Column("decided_in", sa.Text),
    sa.Column("decision", sa.Text),
    sa.Column("closed_at", sa.Date),
    sa.Column("withdrawn_at", sa.Date),
    sa.Column("joint_working", sa.Boolean),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Column("party", sa.Text),
    sa.Column("direction", sa.Text),
    sa.Column("reason", sa.Text),
)

# The tables that this script keeps. No part of a key is null: where there is no party or no start, it is ''.
deadlines = sa.Table(
    "deadlines",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("start", sa.Text, primary_key=True, comment="ISO 8601; intervals that were too long differ by it"),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, … of those with one start"),
    sa.Column("due", sa.Date, comment="the last day in time"),
    sa.Column("due_at", MOMENT, comment="the last moment in time, of what runs in hours or seconds"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("elapsed", sa.Double),
    sa.Column("left", sa.Double, comment="below 0: late, or overdue"),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("as_of", sa.Text, nullable=False, comment="the date at whose close, or the instant at which"),
    sa.Column("digest", sa.Text, nullable=False, comment="of the scheme"),
    sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.BigInteger, comment="the event that it is about; null: the case itself"),
    sa.Column("field", sa.Text),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
)


class DatabaseError(Exception):
    """The database can't be used; the message is a sentence for whoever runs this."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it, and say what was done; or give exit code 2 and one sentence that says what is wrong."""
    options = read_options(arguments)
    try:
        scheme = kpi.load_scheme(options.scheme)
        engine = open_database(options.url)
        done = update_deadlines(engine, scheme, options.as_of, options.batch)
    except (kpi.KpiError, DatabaseError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    said = ", ".join(f"{done[name]:,} {name}" for name in ("cases", "deadlines", "findings"))
    print(f"{said}: {done['written']:,} rows written, {done['deleted']:,} deleted.")
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Keep the deadlines of cases in their PostgreSQL database.")
    parser.add_argument("--url", required=True, help="such as postgresql+psycopg://user@host/casework")
    parser.add_argument("--scheme", default="lgsco", help="name of a scheme, or path of your own TOML file")
    parser.add_argument("--as-of", required=True, help="the close of this date, such as 2024-03-31; or an instant")
    parser.add_argument("--batch", type=batch_size, default=500, help="cases in memory at a time")
    return parser.parse_args(arguments)


def batch_size(text: str) -> int:
    """Read how many cases to have in memory at a time."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("it takes a whole number from 1")
    return int(text)


def open_database(text: str) -> sa.Engine:
    """Give an engine for a URL; a transaction of it sees the records as they were at one moment."""
    wanted = "--url takes a PostgreSQL database, such as postgresql+psycopg://user@host/casework."
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise DatabaseError(f"That is no URL. {wanted}") from None
    if url.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise DatabaseError(f"{url.drivername} isn't read by this script. {wanted}")
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="REPEATABLE READ",
        poolclass=sa.NullPool,
        connect_args={"connect_timeout": 10},
    )


def update_deadlines(engine: sa.Engine, scheme: kpi.Scheme, as_of: str, batch: int) -> Counter[str]:
    """Bring the tables up to date in one transaction, and give how many rows there are, and how many have changed."""
    try:
        connection = engine.connect()
    except sa.exc.OperationalError as error:
        place = engine.url.render_as_string(hide_password=True)
        raise DatabaseError(f"The database {place} can't be reached: {_first_line(error)}.") from None
    with connection:
        try:
            with connection.begin():
                create_tables(connection)
            with connection.begin():
                return _update(connection, scheme, as_of, batch)
        except sa.exc.DBAPIError as error:
            raise DatabaseError(f"Nothing was written, because the database said: {_first_line(error)}.") from None


def _first_line(error: sa.exc.DBAPIError) -> str:
    return str(error.orig).partition("\n")[0].rstrip(".")


def create_tables(connection: sa.Connection) -> None:
    """Make the tables that are kept, where there are none."""
    metadata.create_all(connection, tables=[deadlines, findings])


def _update(connection: sa.Connection, scheme: kpi.Scheme, as_of: str, batch: int) -> Counter[str]:
    """Work out all deadlines beside the tables, and then take over what is different."""
    prepare(connection, scheme)
    fresh_deadlines, fresh_findings = (make_staging_table(connection, table) for table in (deadlines, findings))
    done: Counter[str] = Counter()
    for read in read_batches(connection, batch):
        found = [work_out(scheme, case, happened, as_of) for case, happened in read]
        stage(connection, fresh_deadlines, [row for rows, _ in found for row in rows])
        stage(connection, fresh_findings, [row for _, rows in found for row in rows])
        done["cases"] += len(read)
    for table, fresh in ((deadlines, fresh_deadlines), (findings, fresh_findings)):
        done[table.name] = count(connection, fresh)
        done["deleted"] += delete_what_is_gone(connection, table, fresh)
        done["written"] += write_what_has_changed(connection, table, fresh)
    return done


def prepare(connection: sa.Connection, scheme: kpi.Scheme) -> None:
    """Let one run at a time write, and let times come in the scheme's zone, whatever that of the server is.

    The lock comes first: what the transaction sees of the records is settled by the first query after it.
    """
    connection.execute(sa.text("LOCK TABLE deadlines, findings IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(sa.select(sa.func.set_config("TimeZone", scheme.time_zone, sa.true())))


def make_staging_table(connection: sa.Connection, table: sa.Table) -> sa.Table:
    """Make a temporary table with the columns of another, which is gone when the transaction ends."""
    columns = [sa.Column(column.name, column.type) for column in table.columns if column.name != "updated_at"]
    fresh = sa.Table(
        f"fresh_{table.name}", sa.MetaData(), *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP"
    )
    fresh.create(connection, checkfirst=False)
    return fresh


def read_batches(connection: sa.Connection, size: int) -> Iterator[list[tuple[Row, list[Row]]]]:
    """Read the cases through a cursor on the server, so many at a time, each with its events."""
    query = sa.select(cases).order_by(cases.c.case_id)
    with connection.execute(query, execution_options={"yield_per": size}) as result:
        for rows in result.mappings().partitions():
            happened = read_events(connection, [row["case_id"] for row in rows])
            yield [(dict(row), happened.get(row["case_id"], [])) for row in rows]


def read_events(connection: sa.Connection, case_ids: Sequence[str]) -> Mapping[str, list[Row]]:
    """Read the events of some cases with one query; the events of each case in the order of time."""
    wanted = sa.any_(sa.literal(list(case_ids), postgresql.ARRAY(sa.Text)))
    query = sa.select(events).where(events.c.case_id == wanted).order_by(events.c.case_id, events.c.at, events.c.id)
    happened: dict[str, list[Row]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        happened[row["case_id"]].append(dict(row))
    return happened


def work_out(scheme: kpi.Scheme, case: Row, happened: Sequence[Row], as_of: str) -> tuple[list[Row], list[Row]]:
    """Give the rows of one case: its deadlines, and what is wrong with its records."""
    try:
        found = kpi.deadlines(scheme, case, events=happened, as_of=as_of)
    except kpi.RecordsError as error:
        raise kpi.RecordsError(f"Nothing was written, because case {case['case_id']} can't be read: {error}") from None
    seen: Counter[tuple[str, str | None, str]] = Counter()
    rows = []
    for item in found:
        start = "" if item.start is None else item.start.isoformat()
        seen[item.target, item.party, start] += 1
        rows.append(row_of_deadline(case["case_id"], item, start, seen[item.target, item.party, start]))
    wrong = [
        row_of_finding(case["case_id"], number, item, happened) for number, item in enumerate(found.findings, start=1)
    ]
    return rows, wrong


def row_of_deadline(case_id: str, item: kpi.Deadline, start: str, number: int) -> Row:
    """Give a deadline as a row."""
    return {
        "case_id": case_id,
        "target": item.target,
        "party": item.party or "",
        "start": start,
        "number": number,
        "due": day_of(item.due),
        "due_at": item.due if isinstance(item.due, datetime) else None,
        "status": item.status,
        "elapsed": item.elapsed,
        "left": item.left,
        "unit": item.unit,
        "reason": item.reason,
        "explanation": str(item.explain()),
        "as_of": item.basis.as_of,
        "digest": item.basis.digest,
    }


def day_of(moment: date | None) -> date | None:
    """Give the day of a date or time."""
    return moment.date() if isinstance(moment, datetime) else moment


def row_of_finding(case_id: str, number: int, item: kpi.Finding, happened: Sequence[Row]) -> Row:
    """Give a finding as a row."""
    event_id = None if item.row is None else happened[item.row]["id"]
    return {"case_id": case_id, "number": number, "event_id": event_id, "field": item.field, "says": item.says}


def stage(connection: sa.Connection, fresh: sa.Table, rows: list[Row]) -> None:
    """Put rows into a staging table."""
    if rows:
        connection.execute(sa.insert(fresh), rows)


def delete_what_is_gone(connection: sa.Connection, table: sa.Table, fresh: sa.Table) -> int:
    """Delete the rows whose key wasn't found any more, and give how many there were."""
    same_key = sa.and_(*(fresh.c[column.name] == column for column in table.primary_key))
    still_there = sa.exists().where(same_key)
    return count(connection, sa.delete(table).where(~still_there).returning(table.c.case_id).cte())


def write_what_has_changed(connection: sa.Connection, table: sa.Table, fresh: sa.Table) -> int:
    """Write the rows that are new or different, leave all others alone, and give how many were written."""
    names = [column.name for column in fresh.columns]
    values = [name for name in names if name not in table.primary_key.columns]
    rows = postgresql.insert(table).from_select(names, sa.select(fresh))
    write = rows.on_conflict_do_update(
        index_elements=table.primary_key.columns,
        set_={name: rows.excluded[name] for name in values} | {"updated_at": sa.func.now()},
        where=sa.or_(*(table.c[name].is_distinct_from(rows.excluded[name]) for name in values)),
    )
    return count(connection, write.returning(table.c.case_id).cte())


def count(connection: sa.Connection, rows: sa.FromClause) -> int:
    """Count rows: those of a table, or those that a change gives, which is made by this."""
    return connection.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


if __name__ == "__main__":
    sys.exit(main())
