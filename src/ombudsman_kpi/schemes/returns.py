"""Statutory returns: which figure stands in which line of a form, and what its lines must satisfy.

A line is a figure of a target, or it is made of other lines: their sum, or their sum as a percentage of one.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from ombudsman_kpi.calendars.periods import EVERY, Every
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.records.conditions import Declaration

COUNTED = ("records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator")
VALUE = "value"
FIGURES = (*COUNTED, VALUE, *(name for measure in MEASURES.values() for name in measure.tells))


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_ONE = {"type": "string", "minLength": 1}
Lines = Annotated[
    tuple[str, ...],
    BeforeValidator(_several),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE}]}),
]


_PERIOD = {"enum": [*EVERY]}
_EVERY = {"anyOf": [_PERIOD, {"type": "array", "items": _PERIOD}]}


class ReturnLine(Declaration):
    """One line of a form: a figure of a target, or made of the lines before it."""

    line: str = Field(min_length=1, description="Its number or name, as the form prints it")
    label: str = Field("", description="The words beside its number, as the form prints them")
    target: str | None = Field(None, description="The target whose figure it is")
    figure: str | None = Field(
        None,
        description="Which figure of the target",
        json_schema_extra={"anyOf": [{"enum": [*FIGURES]}, {"type": "null"}]},
    )
    reason: Lines = Field((), description="In place of a figure: how many records have one of these reasons")
    parts: Lines = Field((), description="In place of a target: the lines that it is the sum of")
    percent_of: str | None = Field(None, description="The line that its parts are a percentage of")
    places: int | None = Field(None, ge=0, le=10, description="The decimal places of what is no whole number")

    @property
    def named(self) -> tuple[str, ...]:
        """The lines that it is made of."""
        return (*self.parts, *(() if self.percent_of is None else (self.percent_of,)))

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        own = [self.target is not None, bool(self.parts)]
        if sum(own) != 1:
            raise ValueError("it has either a target, with a figure, or parts: the lines that it is the sum of")
        if self.parts and (self.figure is not None or self.reason):
            raise ValueError("figure and reason are of a target; a line with parts has neither")
        if not self.parts and (self.figure is None) == (not self.reason):
            raise ValueError("of its target it has either a figure, such as met, or reasons")
        if self.percent_of is not None and not self.parts:
            raise ValueError("percent_of: say the parts, too: the lines that are a percentage of it")
        return self


class LineCheck(Declaration):
    """What some lines must satisfy: they add up to others, or to at most those, or a percentage is right."""

    parts: Lines = Field(min_length=1, description="The lines that are added up")
    total: Lines = Field((), description="The lines that they add up to; with percent, that they are a part of")
    at_most: Lines = Field((), description="The lines that they must not exceed")
    percent: str | None = Field(None, description="The line that is their percentage of the total")

    @property
    def named(self) -> tuple[str, ...]:
        """All lines that it names."""
        return (*self.parts, *self.whole, *(() if self.percent is None else (self.percent,)))

    @property
    def whole(self) -> tuple[str, ...]:
        """The lines whose sum the parts are compared with."""
        return self.total or self.at_most

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if bool(self.total) == bool(self.at_most):
            raise ValueError("it has either a total, the line that its parts add up to, or at_most")
        if self.percent is not None and not self.total:
            raise ValueError("percent: say the total, too, that it is a percentage of")
        return self


class Return(Declaration):
    """A statutory return: the lines of a form, each with the figure that stands in it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="A short name, such as foi-statistics")
    title: str = Field(min_length=1, description="What the form is called")
    source: str | None = Field(None, description="Where it is published, if not in the scheme's own source")
    reading: str | None = Field(None, description="What the scheme chose where the form leaves it open")
    every: Annotated[tuple[Every, ...], BeforeValidator(_several), WithJsonSchema(_EVERY)] = Field(
        (), description="The period that one return is for, or several; none: all records together"
    )
    lines: tuple[ReturnLine, ...] = Field(min_length=1, description="The lines of the form, in its order")
    checks: tuple[LineCheck, ...] = Field((), description="What the lines must satisfy")

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets whose figures it needs, each once."""
        return tuple(dict.fromkeys(line.target for line in self.lines if line.target is not None))

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where it names a target, figure or line that isn't there, or a line twice."""
        for problem in self._problems(targets):
            raise ValueError(f"the return {self.id} {problem}")

    def _problems(self, targets: Mapping[str, Target]) -> Iterator[str]:
        before: list[str] = []
        for line in self.lines:
            if line.line in before:
                yield f"has two lines {line.line!r}"
            if line.target is not None:
                yield from _problems_of(line, line.target, targets)
            for name in line.named:
                if name not in before:
                    yield f"has no line {name!r} before line {line.line!r}. {one_of(name, before)}"
            before.append(line.line)
        for name in (name for check in self.checks for name in check.named):
            if name not in before:
                yield f"checks a line {name!r}, which it hasn't. {one_of(name, before)}"


def _problems_of(line: ReturnLine, target: str, targets: Mapping[str, Target]) -> Iterator[str]:
    """Yield what is wrong with the target of a line, or with the figure of it."""
    if target not in targets:
        yield f"names {target!r}, which isn't a target. {one_of(target, targets)}"
        return
    allowed = (*COUNTED, VALUE, *targets[target].tells)
    if line.figure not in {None, *allowed}:
        yield f"has in line {line.line!r} no figure {line.figure!r}. {one_of(line.figure, allowed)}"
