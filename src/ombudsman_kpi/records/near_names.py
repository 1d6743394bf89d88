"""Names that are nearly those of fields: decided_on, where decided_at is meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches


def near_field(column: str, fields: Iterable[str]) -> str | None:
    """Return the field that a column may be meant as; None where it looks like none of them.

    >>> near_field("Decided on", ["decided_at", "decision"]), near_field("remarks", ["decided_at"])
    ('decided_at', None)
    """
    near = get_close_matches(plain_name(column), fields, n=1, cutoff=0.75)
    return near[0] if near else None


def plain_name(column: str) -> str:
    """Return the name of a column as a field would have it: in small letters, and of what looks like a time, with at.

    >>> plain_name("Decided on"), plain_name("Date received"), plain_name("Team")
    ('decided_at', 'received_at', 'team')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    plain = re.sub(r"^date_(?:of_)?(.+)$", r"\1_at", plain)
    return re.sub(r"_(?:on|date|datetime|time|when)$", "_at", plain)
