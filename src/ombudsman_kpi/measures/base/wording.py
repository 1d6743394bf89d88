"""How an explanation tells of what a measure waits for."""

from typing import NamedTuple


class Wording(NamedTuple):
    """How an explanation tells of what a target waits for: in templates, where a deadline's data stand by name."""

    done: str = ""  # as in "not yet done"; else the name of what it waits for
    start: str = ""  # the sentence for a start that is in no field of the record
    awaited: str = ""  # what hasn't happened up to the day that follows
    ended: str = ""  # what ended it without what it waited for; ``{what}`` happened
    whole: str = ""  # the sentence for a whole record, due in parts with a party each; ``{what}`` started it
