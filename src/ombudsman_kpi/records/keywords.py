"""The keywords that records are given by: one for each kind, the same for every public function."""

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypedDict, TypeVar, get_args

from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.records.vocabulary import RECORDS

F = TypeVar("F", bound=Callable[..., Any])


class WorklistRecords(TypedDict, total=False):
    """The records that something is due on, and the events that tell of it."""

    calls: Any
    written_contacts: Any
    cases: Any
    events: Any
    requests: Any
    orders: Any


class Records(WorklistRecords, total=False):
    """Records of all kinds. Type checkers need the names written out; they are those of the vocabulary."""

    reviews: Any
    activities: Any
    populations: Any


def check_keywords(keywords: Iterable[str], kinds: Iterable[str], place: str) -> None:
    """Raise ``TypeError`` where the keywords that are written out aren't the kinds of the vocabulary."""
    differing = {*keywords} ^ {*kinds}
    if differing:
        raise TypeError(
            f"{place} in records/keywords.py and the kinds of records/vocabulary.py differ: "
            f"{', '.join(sorted(differing))}. Write every kind in both."
        )


check_keywords(Records.__annotations__, RECORDS, "Records")
check_keywords(
    WorklistRecords.__annotations__, (name for name, kind in RECORDS.items() if kind.in_worklists), "WorklistRecords"
)


def takes_records(function: F) -> F:
    """Let a function that takes ``**records: Unpack[Records]`` show each kind as a keyword of its own.

    A keyword that there isn't raises ``OptionError``, which names the nearest.
    """
    own = signature(function)
    kinds = get_args(function.__annotations__["records"])[0].__annotations__
    parameters = [Parameter(kind, Parameter.KEYWORD_ONLY, default=None, annotation=Any) for kind in kinds]
    options = [item for item in own.parameters.values() if item.kind is Parameter.KEYWORD_ONLY]
    first = [item for item in own.parameters.values() if item.kind is Parameter.POSITIONAL_OR_KEYWORD]
    shown = own.replace(parameters=[*first, *parameters, *options])

    @wraps(function)
    def checked(*args: Any, **keywords: Any) -> Any:
        for name in keywords:
            if name not in shown.parameters:
                if name in RECORDS:
                    raise OptionError(f"{function.__name__}() takes no {name}. It takes: {', '.join(kinds)}.")
                allowed = [*kinds, *(item.name for item in options)]
                raise OptionError(f"{function.__name__}() has no argument {name!r}. {one_of(name, allowed)}")
        return function(*args, **keywords)

    vars(checked)["__signature__"] = shown
    return checked  # type: ignore[return-value]


def provided(records: Any) -> dict[str, Any]:
    """Return the records that were given, by their kind, in the order of the vocabulary."""
    return {kind: records[kind] for kind in RECORDS if records.get(kind) is not None}
