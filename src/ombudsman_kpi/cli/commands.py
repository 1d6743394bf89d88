"""The command line: measure files, list schemes.

The exit code is 0; 1 where a check fails; or 2 with one sentence that says what is wrong. Users never see a traceback.
"""

import json
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar, get_args

import typer

from ombudsman_kpi.calendars.periods import EVERY
from ombudsman_kpi.cases.json_schemas import DESCRIBED, json_schema_of
from ombudsman_kpi.cli.output import print_table, say, show_progress, write_csv, write_frame
from ombudsman_kpi.clocks.outcomes import COHORTS
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.records.reading import RepeatedIds, parse_readings, with_file
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import many

app = typer.Typer(
    name="ombudsman-kpi",
    help="Service-level figures for ombudsmen and complaint teams, from casework records.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

F = TypeVar("F", bound=Callable[..., None])


def run() -> None:
    """Run the command line. Print a ``KpiError`` as one sentence and exit with 2.

    Typer itself ends without a word if the reader of the output has stopped, as in ``| head``.
    """
    try:
        sys.exit(app(standalone_mode=False))
    except KpiError as error:
        _fail(str(error), 2)
    except typer.Abort:  # the user ended the input
        _fail("Stopped.", 1)
    except Exception as error:
        # Errors of usage have no public class in all versions of typer; this is what they have in common.
        if not hasattr(error, "format_message") or type(error).__name__ == "NoArgsIsHelpError":
            raise
        _fail(f"{' '.join(error.format_message().split())} See ombudsman-kpi --help.", 2)


def _fail(says: str, code: int) -> NoReturn:
    """Print an error as one line, and exit."""
    from rich.console import Console
    from rich.text import Text

    from ombudsman_kpi.publish.published import harmless

    Console(stderr=True, soft_wrap=True).print(Text(harmless(f"Error: {says}")))
    raise SystemExit(code)


def _schemes(incomplete: str) -> list[str]:
    from ombudsman_kpi.schemes.toml import list_schemes

    return [name for name in list_schemes() if name.startswith(incomplete)]


class UnreadableName(StrEnum):
    """What a time in an unknown form is: an error, or its record is invalid."""

    error = "error"
    invalid = "invalid"


Every = StrEnum("Every", {name: name for name in EVERY})  # type: ignore[misc]
RepeatedIdsName = StrEnum("RepeatedIdsName", {name: name for name in get_args(RepeatedIds)})  # type: ignore[misc]
CohortName = StrEnum("CohortName", {name: name for name in (*COHORTS, "all")})  # type: ignore[misc]


def takes_files(kinds: Iterable[str]) -> Callable[[F], F]:
    """Return a decorator for a command with ``**files``: it adds an option for each kind of record, and for all."""
    types = {kind: Annotated[Path | None, _file_of(kind)] for kind in kinds} | _WRITTEN
    options = [Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=type_) for name, type_ in types.items()]

    def with_options(command: F) -> F:
        own = [item for name, item in signature(command).parameters.items() if name != "files"]
        vars(command)["__signature__"] = Signature([*own, *options], return_annotation=None)
        return command

    return with_options


def _of_all_files(says: str) -> Any:
    return typer.Option(help=f"Of all files: {says}", show_default=False, rich_help_panel="Records")


_WRITTEN: dict[str, Any] = {
    "skip_rows": Annotated[int | None, _of_all_files("how many rows stand above the names of the columns")],
    "skip_last": Annotated[int | None, _of_all_files("how many rows stand below the last record")],
    "encoding": Annotated[str | None, _of_all_files("the encoding, such as windows-1252")],
    "delimiter": Annotated[str | None, _of_all_files("what separates the columns, such as ';' or tab")],
}


def _file_of(kind: str) -> Any:
    return typer.Option(
        help=f"CSV, Parquet or Excel file of {kind.replace('_', ' ')}, or a pattern in quotes",
        show_default=False,
        rich_help_panel="Records",
        metavar="FILE",
    )


SchemeName = Annotated[
    str, typer.Argument(help="Name of a scheme, or path of your own TOML file", autocompletion=_schemes)
]
AsOf = Annotated[str, typer.Option(help="Measure as at the close of this date, such as 2024-03-31", show_default=False)]
Periods = Annotated[list[Every] | None, typer.Option(help="Reporting period; may be repeated", show_default=False)]
Groups = Annotated[list[str] | None, typer.Option(help="Column to group by; may be repeated", show_default=False)]
Names = Annotated[list[str] | None, typer.Option(help="Measure this target only; may be repeated", show_default=False)]
Mapping = Annotated[
    Path | None, typer.Option(help="TOML file with your column names and date formats", metavar="MAP.toml")
]
UnreadableTimes = Annotated[
    UnreadableName, typer.Option(help="What a time in an unknown form is: an error, or its record is invalid")
]
Repeated = Annotated[
    RepeatedIdsName, typer.Option(help="Find repeated ids, or leave that to the command check, which is quicker")
]
Memory = Annotated[
    str | None, typer.Option(help="Memory to use at most, such as 2GB; the rest goes to disk", metavar="SIZE")
]
FIND = RepeatedIdsName("find")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: scheme, digest, calendar, options and rows")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each figure")]
Internal = Annotated[
    bool, typer.Option("--internal", help="Print small numbers, too, that the scheme withholds from what is published")
]


@app.command()
@takes_files(RECORDS)
def measure(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    every: Periods = None,
    by: Groups = None,
    cohort: Annotated[CohortName | None, typer.Option(help="Cohort; by default each target's headline cohort")] = None,
    target: Names = None,
    report: Annotated[str | None, typer.Option(help="Measure what this audience receives, on its cycle")] = None,
    columns: Mapping = None,
    unreadable: UnreadableTimes = UnreadableName.error,
    repeated_ids: Repeated = FIND,
    memory: Memory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    internal: Internal = False,
    **files: Any,
) -> None:
    """Measure files of records against the targets of a scheme.

    Example: ombudsman-kpi measure lgsco --cases cases.csv --as-of 2024-03-31 --every quarter --by team
    """
    from ombudsman_kpi.api import measure as measure_records
    from ombudsman_kpi.publish.results_table import table_of
    from ombudsman_kpi.schemes.toml import load_scheme

    refuse_both(as_json, as_csv)
    readings = readings_of(columns, files)
    periods: list[Any] = [str(name) for name in every or ()]
    with show_progress() as progress:
        results = measure_records(
            load_scheme(scheme),
            **files,
            as_of=as_of,
            every=periods or None,
            by=by or (),
            cohort=str(cohort) if cohort else None,
            targets=target or None,
            report=report,
            columns=readings,
            **as_words(unreadable=unreadable, repeated_ids=repeated_ids),
            progress=progress,
            memory=memory,
        )
    if as_json:
        say(json.dumps(results.to_dict(internal=internal), ensure_ascii=False, indent=2))
    elif as_csv:
        write_csv(results.to_dict(internal=internal)["rows"])
    else:
        print_table(lambda width: table_of(results.rows, results.basis, results.counts, width))


@app.command()
@takes_files(RECORDS)
def compare(
    scheme: SchemeName,
    other: SchemeName,
    *,
    as_of: AsOf,
    every: Periods = None,
    by: Groups = None,
    target: Names = None,
    same: Annotated[
        list[str] | None,
        typer.Option(help="THIS=THAT, a target's name in either scheme; may be repeated", show_default=False),
    ] = None,
    columns: Mapping = None,
    as_csv: AsCsv = False,
    internal: Internal = False,
    **files: Any,
) -> None:
    """Measure the same files under two schemes and show them side by side.

    Example: ombudsman-kpi compare lgsco lgo-2017-18 --cases cases.csv --as-of 2024-03-31
    """
    from ombudsman_kpi.api import compare_schemes
    from ombudsman_kpi.results.compare import comparison_table
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    named = [item.partition("=") for item in same or ()]
    if not all(left and right for left, _, right in named):
        raise OptionError("Write --same as THIS=THAT, such as --same written-contacts-3wd=written-contacts-24h.")
    periods: list[Any] = [str(name) for name in every or ()]
    with show_progress() as progress:
        comparison = compare_schemes(
            load_scheme(scheme), load_scheme(other), same={left: right for left, _, right in named}, **files,
            as_of=as_of, every=periods or None, by=by or (), targets=target or None, columns=readings,
            progress=progress,
        )  # fmt: skip
    if as_csv:
        if not internal and any(side.scheme.disclosure for side in (comparison.first, comparison.second)):
            raise OptionError(
                "A comparison isn't published: it has all numbers, and the scheme withholds small ones. For your own "
                "use, add --internal."
            )
        write_csv(comparison.to_dicts())
    else:
        print_table(comparison_table(comparison))


@app.command()
@takes_files(name for name, kind in RECORDS.items() if kind.in_worklists)
def worklist(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    within: Annotated[str, typer.Option(help="How far ahead to look, such as '48 hours' or '2 weeks'")] = (
        "10 working days"
    ),
    every: Annotated[Every | None, typer.Option(help="Period for the headroom", show_default=False)] = None,
    target: Names = None,
    columns: Mapping = None,
    repeated_ids: Repeated = FIND,
    no_overdue: Annotated[bool, typer.Option("--no-overdue", help="Leave out overdue obligations")] = False,
    rows: Annotated[int, typer.Option(help="Number of rows to show at most", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object for each obligation")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each obligation")] = False,
    **files: Any,
) -> None:
    """List what is overdue or due soon, most urgent first, and whether a miss loses the target.

    Example: ombudsman-kpi worklist lgsco --cases cases.csv --as-of 2024-03-31 --within "5 working days"
    """
    from ombudsman_kpi.api import worklist as list_work
    from ombudsman_kpi.cases.worklist import worklist_table
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    refuse_both(as_json, as_csv)
    loaded = load_scheme(scheme)
    period: Any = str(every) if every else None
    with show_progress() as progress:
        obligations = list_work(
            loaded, **files, as_of=as_of, within=within, every=period, targets=target or None, columns=readings,
            **as_words(repeated_ids=repeated_ids), progress=progress,
        )  # fmt: skip
    if no_overdue:
        obligations = obligations[obligations["status"] != "overdue"]
    if as_json or as_csv:
        write_frame(obligations, as_json=as_json)
    else:
        print_table(worklist_table(obligations, loaded, as_of, rows))


@app.command()
def schemes(
    scheme: Annotated[str | None, typer.Argument(help="Show this scheme's targets", autocompletion=_schemes)] = None,
    *,
    json_schema: Annotated[
        bool, typer.Option("--json-schema", help="Print the JSON Schema of scheme files, for editors")
    ] = False,
) -> None:
    """List the schemes that come with the library, or the targets of one."""
    from ombudsman_kpi.schemes.json_schema import scheme_json_schema
    from ombudsman_kpi.schemes.toml import list_schemes, load_scheme

    if json_schema:
        sys.stdout.write(json.dumps(scheme_json_schema(), indent=2) + "\n")
        return
    if scheme is None:
        width = max(map(len, list_schemes())) + 2
        for item in map(load_scheme, list_schemes()):
            say(f"{item.id:<{width}}{item.title} ({many(len(item.targets), 'target')}, {item.calendar.named})")
        return
    shown = load_scheme(scheme)
    say(f"{shown.title}\n{shown.source} · {shown.calendar.named} · digest {shown.digest}\n")
    for target in shown.targets:
        figure = target.standard or "no figure published"
        say(f"{target.id:<33} {target.described:<17} {figure:<21} {target.cohort}")
        say(f"    {target.says}")
        if target.reading:
            say(f"    Reading: {target.reading}")
    for kind in RECORDS:
        if kinds := shown.kinds_of(kind):
            say(f"\nKinds of {kind.replace('_', ' ')}: {', '.join(sorted(kinds))}")


Described = StrEnum("Described", {name.replace("-", "_"): name for name in DESCRIBED})  # type: ignore[misc]


@app.command()
def json_schema(of: Annotated[Described, typer.Argument(help="Which object", show_default=False)]) -> None:
    """Print the JSON Schema of an input or output, for systems in other languages.

    Example: ombudsman-kpi json-schema deadline
    """
    sys.stdout.write(json.dumps(json_schema_of(of.value), indent=2, ensure_ascii=False) + "\n")


@app.command()
def version() -> None:
    """Print the version of the library, and whether compiled mechanics or numpy do its work."""
    from importlib.metadata import version as installed

    from ombudsman_kpi.arrays.mechanics import in_use

    typer.echo(f"{installed('ombudsman-kpi')}\n{in_use()}")


def readings_of(columns: Path | None, files: dict[str, Any]) -> Any:
    """Return how the files are read. Options that hold for all of them are taken out of ``files``."""
    said = {key: value for key in _WRITTEN if (value := files.pop(key)) is not None}
    if not any(files.values()):
        raise OptionError("There is nothing to read. Name at least one file, such as --cases cases.csv.")
    return {kind: with_file(reading, said, "--") for kind, reading in parse_readings(columns).items()}


def as_words(**chosen: StrEnum) -> dict[str, Any]:
    """Return options as the library takes them, each as the word that was chosen."""
    return {name: str(word) for name, word in chosen.items()}


def refuse_both(as_json: bool, as_csv: bool) -> None:  # noqa: FBT001
    """Raise ``OptionError`` where two ways to print are wanted."""
    if as_json and as_csv:
        raise OptionError("--json and --csv can't be used together; choose one of them.")
