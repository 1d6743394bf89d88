"""Deadlines: when a record is due under a target, its status, and why."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError

from ombudsman_kpi.cases.explanation import Explanation, explanation_of
from ombudsman_kpi.cases.facts import DeadlineFacts, Fact, amount_of, left_text
from ombudsman_kpi.cases.letter import letter_of
from ombudsman_kpi.errors import KpiError, OptionError, one_of
from ombudsman_kpi.measures.base.target import Records
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text
from ombudsman_kpi.records.vocabulary import RECORDS


class Deadline(DeadlineFacts):
    """The deadline of one record under one target (and for one party), with its status at ``as_of``.

    >>> from ombudsman_kpi import Case, deadlines, load_scheme
    >>> case = Case(case_id="24-00017", received_at="2024-03-30")
    >>> first = deadlines(load_scheme("lgsco"), case, as_of="2024-04-19")[0]
    >>> first.target, first.due.isoformat(), first.status, first.left
    ('decided-or-allocated-20wd', '2024-04-29', 'pending', 6)

    ``due`` is a date for what runs in days, else a time in the scheme's zone; None where there is none, as while a
    clock stands still. ``elapsed`` and ``left`` are in ``unit``: working days, days, months, working
    hours, hours or seconds; where the limit is in months, ``left`` is in days, and ``left_unit`` says so. ``left`` is
    what is left of the limit, or was when the clock stopped; below 0 where that was late, or is overdue.
    """

    def __repr__(self) -> str:
        party = f" ({self.party})" if self.party else ""
        due = "no due day" if self.due is None else f"due {self.due}"
        left = f", {left_text(self.left, self.left_in)}" if self.left is not None else ""
        return f"<Deadline {self.target}{party}: {due}, {self.status}{left}>"

    __str__ = __repr__

    def explain(self, form: Literal["steps", "letter"] = "steps") -> Explanation:
        """Return the explanation of the due day, in plain English: step by step, or as a letter to send on.

        >>> from ombudsman_kpi import Case, deadlines, load_scheme
        >>> case = Case(case_id="24-00017", received_at="2024-03-30", decided_at="2024-04-30")
        >>> why = deadlines(load_scheme("lgsco"), case, as_of="2024-05-31")[0].explain()
        >>> print(why.splitlines()[1])
        Day 1 was Tue 2 Apr 2024 (weekend and Easter Monday skipped).
        >>> [step.kind for step in why.steps]
        ['start', 'day 1', 'due', 'status', 'target', 'calendar']

        It is text, with ``steps`` (the same as data, with every day that was skipped) and ``to_markdown()``.

        A letter is to whoever brought the record; of contact that is due with the organisation, to that. It has no ids
        and no digests, and calls things by the ``names`` of the scheme.

        >>> late = deadlines(load_scheme("lgsco"), case, as_of="2024-05-31")[0]
        >>> late.explain(form="letter").splitlines()[-1]
        'We decided your complaint on Tuesday 30 April 2024. That was 1 working day late.'

        Raises ``RecordsError`` where no letter can be written, since the record contradicts itself, and ``OptionError``
        for another form.
        """
        forms = {"steps": explanation_of, "letter": letter_of}
        if form not in forms:
            raise OptionError(f"There is no form {form!r} of an explanation. {one_of(form, forms)}")
        return forms[form](self)


class Finding(Fact):
    """Something in a record that contradicts itself or isn't understood, with the record and the field."""

    record: Records = Field(description="The kind of record")
    row: int | None = Field(None, description="Its position in what was given; null for the record asked about")
    field: str | None = Field(None, description="The field that it is about")
    says: str = Field(description="What is wrong")

    def __str__(self) -> str:
        place = self.record if self.row is None else f"{self.record} row {self.row}"
        return f"{place}: {self.says}"


class DeadlinesJson(Fact):
    """The deadlines of one record, its findings, and the targets that don't apply."""

    model_config = ConfigDict(title="Deadlines")

    deadlines: tuple[Deadline, ...]
    findings: tuple[Finding, ...]
    left_out: dict[str, str] = Field(description="The reason why each other target doesn't apply")


class Deadlines(list[Deadline]):
    """The deadlines of one record, in the order of the scheme.

    ``findings`` say what is wrong with the record; ``left_out`` which targets don't apply to it, and why.
    """

    def __init__(
        self,
        deadlines: Iterable[Deadline] = (),
        findings: Iterable[Finding] = (),
        left_out: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(deadlines)
        self.findings = tuple(findings)
        self.left_out = dict(left_out)

    def to_json(self) -> str:
        """Return the deadlines, the findings and the targets left out as JSON."""
        return DeadlinesJson(deadlines=tuple(self), findings=self.findings, left_out=self.left_out).model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Deadlines":
        """Return deadlines from the text of ``to_json``. Raises ``KpiError`` for any other text."""
        try:
            read = DeadlinesJson.model_validate_json(text)
        except ValidationError:
            raise KpiError("This text is no deadlines: it isn't what Deadlines.to_json writes.") from None
        return cls(read.deadlines, read.findings, read.left_out)

    @property
    def table(self) -> TextTable:
        """Return the deadlines as a table in text."""
        first = self[0] if self else None
        title = f"{RECORDS[first.record].singular.capitalize()} {first.id or ''}" if first else ""
        rows = [
            (
                item.target,
                item.party or "",
                item.status,
                str(item.due or "–"),
                amount_of(item.left, item.left_in),
                item.reason,
            )
            for item in self
        ]
        return TextTable(
            title.strip() or "Nothing is due by this scheme",
            f"as at {first.basis.as_of} · {first.basis.title}, digest {first.basis.digest}" if first else "",
            ("Target", "Party", "Status", "Due", "Left", "Why"),
            (False, False, False, False, True, False),
            tuple(rows),
            (*(f"Finding: {item}" for item in self.findings), *self._why_not()),
        )

    def _why_not(self) -> Iterator[str]:
        """Return the targets that don't apply, grouped by reason."""
        reasons: dict[str, list[str]] = {}
        for target, reason in self.left_out.items():
            reasons.setdefault(reason, []).append(target)
        for reason, targets in reasons.items():
            yield f"Doesn't apply ({reason}): {', '.join(targets)}"

    def __repr__(self) -> str:
        return as_text(self.table) if self else "\n".join([self.table.title, *self.table.footnotes])

    def _repr_html_(self) -> str:
        return as_html(self.table)
