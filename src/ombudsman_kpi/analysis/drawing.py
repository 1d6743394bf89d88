"""Samples of records: drawn so that anyone can draw them again, recorded, and verified."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi import __version__
from ombudsman_kpi.analysis.rows import WHOLE, Drawable, as_table, open_table, read_population, read_texts, rows_of
from ombudsman_kpi.arrays.types import RowNumbers
from ombudsman_kpi.errors import OptionError, RecordsError, kind_of, one_of
from ombudsman_kpi.publish.published import with_formula
from ombudsman_kpi.records.cells.text import id_text
from ombudsman_kpi.records.sources.frames import is_table
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.statistics.intervals import whole_number
from ombudsman_kpi.statistics.sampling import HASH, allocate, draw_order, margin_of, sample_size, seed_key
from ombudsman_kpi.statistics.survival_curves import level_text

if TYPE_CHECKING:
    import pandas as pd

LAYOUT = 1  # of the record of a sample
RANK, STRATUM = "sample_rank", "sample_stratum"
_KINDS: dict[str, type[Any]] = {  # of what the record of a sample has
    "sample": int, "library": str, "hash": str, "id": str, "seed": str, "asked": Mapping, "strata": list,
    "allocation": Mapping, "population": int, "population_digest": str, "excluded": list, "ids": list,
}  # fmt: skip
_SIZES = {"population", "drawn"}  # of each stratum


def draw_sample(
    frame: Any,
    n: int | Mapping[str, int] | None = None,
    *,
    id: str,  # noqa: A002
    seed: int | str,
    strata: str | Sequence[str] | None = None,
    exclude: Any = (),
    margin: float | None = None,
    minimum: int = 1,
    share: float = 0.5,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Return n rows of a table, drawn by a hash of the seed and each row's id, of which no other row has the same.

    >>> import pandas as pd
    >>> cases = pd.DataFrame({"case_id": range(1, 101), "team": ["North"] * 75 + ["South"] * 25})
    >>> sample = draw_sample(cases, 4, id="case_id", seed="QA 2024 Q1", strata="team")
    >>> sample["sample_stratum"].tolist(), sample["sample_rank"].tolist()
    (['North', 'North', 'North', 'South'], [1, 2, 3, 1])
    >>> sample.attrs["says"].split(":")[0]  # a sentence about it
    "4 of 100 records were drawn by the seed 'QA 2024 Q1', from 2 strata by team"

    The table can be anything that records are read from, such as a pandas or Polars frame or a path. Which rows are
    drawn doesn't depend on their order; with a few more rows most are drawn again. Take another seed for each draw.

    In place of n, ``margin`` says how wide the interval of a share may be: see ``sample_size``, which has ``share`` and
    ``level``. ``strata`` are columns, from each of whose combinations rows are drawn in proportion to its size, and at
    least a ``minimum``: see ``allocate``. Or n has a number for each: ``{"North": 5, "South": 5}``.

    ``exclude`` are earlier draws: records of them, their tables, a ``Path`` of either, or ids. The result has the rows
    with all their columns, and ``sample_stratum`` and ``sample_rank``, by which it is sorted; ``attrs["says"]`` is a
    sentence about it, and ``sample_record`` gives the record with which anyone repeats the draw.

    Raises ``OptionError`` for options that can't be, and ``RecordsError`` for a table that can't be read, has no such
    columns, lacks an id or a stratum, has an id twice, or has fewer rows than are asked for, in all or in a stratum.
    """
    columns = [strata] if isinstance(strata, str) else list(strata or ())
    asked, key = _asked(n, margin, share, level, minimum, columns), seed_key(seed).decode()
    frame = as_table(frame)
    population, source = read_population(frame, id, columns)
    taken = earlier_ids(exclude, id)
    drawn = draw(population, asked, key, taken)
    rows = _ranked(rows_of(frame, source, drawn.rows), drawn, bool(columns))
    record = {"sample": LAYOUT, "library": __version__, "hash": HASH, "id": id, "seed": key, "asked": asked}
    record |= {"strata": columns, "excluded": taken, **drawn.recorded}
    rows.attrs = {**rows.attrs, "says": _says(record, len(population.ids)), "record": record}
    return rows


def sample_record(sample: "pd.DataFrame") -> dict[str, Any]:
    """Return the record of a sample, to be kept as JSON: what was asked for, drawn, and drawn from.

    >>> import pandas as pd
    >>> record = sample_record(draw_sample(pd.DataFrame({"case_id": ["A1", "B2", "C3"]}), 1, id="case_id", seed=1))
    >>> record["population"], record["ids"]
    (3, ['C3'])

    Raises ``OptionError`` for a frame that ``draw_sample`` hasn't made.
    """
    record = sample.attrs.get("record") if hasattr(sample, "attrs") else None
    if record is None:
        raise OptionError("This frame isn't a sample as draw_sample returned it: it carries no record.")
    return deepcopy(record)


def verify_sample(frame: Any, record: Mapping[str, Any] | Path) -> tuple[str, ...]:
    """Return how a sample differs from the one that is drawn from a table now, one sentence each; none if it doesn't.

    >>> import pandas as pd
    >>> cases = pd.DataFrame({"case_id": ["A1", "B2", "C3"]})
    >>> record = sample_record(draw_sample(cases, 1, id="case_id", seed=1))
    >>> verify_sample(cases[::-1], record)
    ()
    >>> verify_sample(cases[:2], record)[0]
    'There were 3 records to draw from, now there are 2.'

    Raises ``OptionError`` for what is no record of a sample, or one by another hash; else as ``draw_sample`` does.
    """
    kept = read_record(record)
    population, _ = read_population(as_table(frame), kept["id"], kept["strata"])
    asked = {"n": None, "margin": None, "share": 0.5, "level": 0.95, "minimum": 1, **kept["asked"]}
    try:
        asked = _asked(**asked, columns=kept["strata"])
    except TypeError:  # it asks for something else, too
        raise OptionError("This is no record of a sample, such as sample_record returns: asked was changed.") from None
    now = draw(population, asked, kept["seed"], kept["excluded"])
    found = []
    if now.population != kept["population"]:
        found.append(f"There were {many(kept['population'], 'record')} to draw from, now there are {now.population:,}.")
    elif now.digest != kept["population_digest"]:
        found.append(f"There are {now.population:,} records to draw from, as many as there were, but not the same.")
    for name in sorted({*kept["allocation"], *now.allocation}):
        then, new = kept["allocation"].get(name), now.allocation.get(name)
        if then != new:
            where = f"Of stratum {name!r} " if kept["strata"] else ""
            found.append(f"{where}{_of(then)} drawn, now {_of(new)}.")
    there, again, ids = set(population.ids), set(now.ids), kept["ids"]
    gone, others = sum(one not in there for one in ids), sum(one not in again for one in ids)
    if gone:
        found.append(f"Of the {many(len(ids), 'record')} in the sample {gone:,} aren't in the table.")
    if others:
        found.append(f"Of the {many(len(ids), 'record')} in the sample {others:,} wouldn't be drawn now.")
    elif ids != list(now.ids):
        found.append("The sample has other records, or in another order, than are drawn now.")
    return tuple(found)


class Drawn(NamedTuple):
    """What was drawn: the row of each record, in order, its id, stratum and rank in it; and what it was drawn from."""

    rows: RowNumbers
    ids: tuple[str, ...]
    strata: list[str]
    ranks: RowNumbers
    allocation: dict[str, dict[str, int]]
    population: int
    digest: str

    @property
    def recorded(self) -> dict[str, Any]:
        """Return what the record of the sample has of it."""
        kept = {"allocation": self.allocation, "population": self.population, "population_digest": self.digest}
        return {**kept, "ids": list(self.ids)}


def draw(population: Drawable, asked: Mapping[str, Any], seed: str, taken: Iterable[str]) -> Drawn:
    """Return what is drawn from ids and their strata, without those taken earlier."""
    ids, names, code = population
    earlier = set(taken)
    free = np.flatnonzero([one not in earlier for one in ids]) if earlier else np.arange(len(ids))
    order, hashes = draw_order([ids[row] for row in free.tolist()] if earlier else ids, seed)
    rows = free[order]
    # Within its stratum a row keeps the order in which all are drawn: of codes 1, 0, 1 the places are 1, 0, 2.
    own = code[rows]
    by_stratum = np.argsort(own, kind="stable")
    sizes = np.bincount(own, minlength=len(names))
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    wanted = _wanted(dict(zip(names, sizes.tolist(), strict=True)), asked, earlier=len(rows) < len(ids))
    chosen = by_stratum[rank < np.repeat([wanted[name] for name in names], sizes)]
    return Drawn(
        rows[chosen],
        tuple(ids[row] for row in rows[chosen].tolist()),
        [names[one] for one in own[chosen].tolist()],
        rank[rank < np.repeat([wanted[name] for name in names], sizes)] + 1,
        {name: {"population": int(size), "drawn": wanted[name]} for name, size in zip(names, sizes, strict=True)},
        len(rows),
        blake2b(hashes.astype(">u8").tobytes(), digest_size=16).hexdigest(),
    )


def _ranked(rows: "pd.DataFrame", drawn: Drawn, by_stratum: bool) -> "pd.DataFrame":  # noqa: FBT001
    """Return the rows of a sample with their rank, and the stratum that it is in."""
    for name in (STRATUM, RANK):
        if name in rows.columns:
            raise RecordsError(f"The records have a column {name!r}, which the sample gets. Rename or drop it first.")
    return rows.assign(**({STRATUM: drawn.strata} if by_stratum else {}), **{RANK: drawn.ranks})


def _asked(
    n: int | Mapping[str, int] | None,
    margin: float | None,
    share: float,
    level: float,
    minimum: int,
    columns: list[str],
) -> dict[str, Any]:
    """Return how many are asked for, as the record has it."""
    minimum = whole_number(minimum, "minimum")
    if (n is None) == (margin is None):
        raise OptionError("Say how many to draw: n (rows, or rows of each stratum) or margin, one of both.")
    if n is None:
        return {"margin": margin, "share": share, "level": level, "minimum": minimum}
    if not isinstance(n, Mapping):
        return {"n": whole_number(n, "n"), "minimum": minimum}
    if not columns:
        raise OptionError("n: say with strata= by which columns there are so many of each stratum.")
    each = {name: whole_number(number, f"n of {name!r}") for name, number in n.items()}
    if each and not any(each.values()):
        raise OptionError("n: draw 1 record or more.")
    return {"n": each}


def _wanted(sizes: Mapping[str, int], asked: Mapping[str, Any], *, earlier: bool) -> dict[str, int]:
    """Return how many are drawn from each stratum."""
    n, whole = asked.get("n"), sum(sizes.values())
    if not whole:
        raise RecordsError("There are no records to draw from" + (": all were drawn earlier." if earlier else "."))
    if isinstance(n, Mapping):
        for name in {**n, **sizes}:
            if name not in sizes:
                raise RecordsError(f"Stratum {name!r} has none to draw from. {one_of(name, sizes)}")
            if name not in n:
                raise OptionError(f"n: there is no number for stratum {name!r}. Write 0 where none is to be drawn.")
            if n[name] > sizes[name]:
                raise RecordsError(f"Stratum {name!r} has {sizes[name]:,} to draw from, fewer than {n[name]:,}.")
        return dict(n)
    if n is None:
        n = sample_size(asked["margin"], whole, share=asked["share"], level=asked["level"])
    if n > whole:
        raise RecordsError(f"There are {many(whole, 'record')} to draw from, fewer than {n:,}.")
    if n < 1:
        raise OptionError("n: draw 1 record or more.")
    return {WHOLE: n} if list(sizes) == [WHOLE] else allocate(sizes, n, minimum=asked["minimum"])


def _says(record: Mapping[str, Any], of_all: int) -> str:
    """Return a sentence about a sample: from what it was drawn, and how sure a share found in it is."""
    n, population = len(record["ids"]), record["population"]
    words = f"{n:,} of {many(population, 'record')} were drawn by the seed {record['seed']!r}"
    if record["strata"]:
        strata = len(record["allocation"])
        words += f", from {strata:,} {'strata' if strata > 1 else 'stratum'} by {' and '.join(record['strata'])}"
    if of_all > population:
        words += f", without {of_all - population:,} that were drawn earlier"
    if record["strata"]:  # however many were drawn of each
        return f"{words}: a score of all of them weighs each stratum by its size (weighted_score)."
    level = record["asked"].get("level", 0.95)
    points = half_up(Fraction(margin_of(n, population, level=level)) * 100)
    return (
        f"{words}: the interval ({level_text(level)}) of a share found in them is at most ± {points} percentage points."
    )


def _of(numbers: Mapping[str, int] | None) -> str:
    return "0 of 0 were" if numbers is None else f"{numbers['drawn']:,} of {numbers['population']:,} were"


FILES = {".json", ".csv", ".parquet", ".xlsx", ".xls", ".ods"}


def is_frame(given: Any) -> bool:
    """Return whether a table is given, and not a series or an index of ids."""
    return is_table(given) and getattr(given, "ndim", 2) == 2 and not hasattr(given, "is_in")


def earlier_ids(exclude: Any, own: str) -> list[str]:
    """Return the ids of earlier draws, sorted: of their records, their tables, paths of either, or ids."""
    found: set[str] = set()
    given = [exclude] if isinstance(exclude, str | Path | Mapping) or is_frame(exclude) else exclude
    if not isinstance(given, Iterable):
        raise OptionError(f"exclude: earlier draws or ids, such as a list; not {kind_of(exclude)}.")
    for one in given:
        if isinstance(one, Mapping) or (isinstance(one, Path) and one.suffix.lower() == ".json"):
            found.update(read_record(one)["ids"])
        elif isinstance(one, str) and Path(one).suffix.lower() in FILES:
            raise OptionError(
                "exclude: text is taken as an id, and this looks like the name of a file. Give a file as a Path."
            )
        elif is_table(one):
            texts = [text for text in read_texts(open_table(one), [own])[own] if text is not None]
            is_csv = isinstance(one, Path) and one.suffix.lower() == ".csv"
            found.update(map(with_formula, texts) if is_csv else texts)
        else:
            try:
                found.add(id_text(one))
            except ValueError as error:
                raise OptionError(f"exclude: {error}; or a table, a record or a path of an earlier draw.") from None
    return sorted(found)


def read_record(record: Mapping[str, Any] | Path) -> Mapping[str, Any]:
    """Return the record of a sample, from its file where it is given by path. Raises ``OptionError`` for any other."""
    if isinstance(record, Path):
        try:
            record = json.loads(record.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise OptionError(f"{record} can't be read as the record of a sample: {error}.") from None
    if not isinstance(record, Mapping) or not record.keys() >= _KINDS.keys():
        raise OptionError("This is no record of a sample, such as sample_record returns.")
    wrong = [name for name, kind in _KINDS.items() if not isinstance(record[name], kind)]
    if not wrong:
        lists = ("strata", "excluded", "ids")
        wrong += [name for name in lists if not all(isinstance(one, str) for one in record[name])]
        wrong += [] if all(map(_is_size, record["allocation"].values())) else ["allocation"]
    if wrong:
        raise OptionError(f"This is no record of a sample, such as sample_record returns: {wrong[0]} was changed.")
    if (record["sample"], record["hash"]) != (LAYOUT, HASH):
        raise OptionError(
            f"This sample was drawn in another way, by version {record['library']} of the library. Verify it with that."
        )
    return record


def _is_size(numbers: Any) -> bool:
    """Return whether it gives the size of a stratum, and how many were drawn from it."""
    return isinstance(numbers, Mapping) and all(type(numbers.get(name)) is int for name in _SIZES)
