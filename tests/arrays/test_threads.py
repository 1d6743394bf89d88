"""Calendars and schemes shared by sixteen threads: the same answers as one thread alone gives."""

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier, Event, get_ident
from time import sleep
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ombudsman_kpi import Case, Order, Scheme, WorkingCalendar, WrittenContact, deadlines, load_scheme, measure
from ombudsman_kpi.arrays import threads
from ombudsman_kpi.arrays.threads import Parts, in_threads

THREADS = 16
STARTS = np.arange("2022-01-01", "2024-12-31", dtype="M8[D]")
CASES = pd.DataFrame(
    [
        (f"A{day}", f"2024-0{1 + day % 6}-{1 + day % 28:02}", f"2024-0{2 + day % 6}-{1 + day % 27:02}", "NS"[day % 2])
        for day in range(60)
    ],
    columns=["case_id", "received_at", "decided_at", "team"],
).assign(allocated_at="2024-01-10", valid_at=None)
LOG = [
    {"case_id": "A", "event": "contact", "at": f"2024-04-{day:02}", "party": party, "direction": "out"}
    for day in (3, 12, 26)
    for party in ("complainant", "organisation")
]
NAMES = ("lgsco", "lgo-2017-18", "housing-ombudsman-2019")

Job = Callable[[], Any]


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    """Let threads take turns as often as they can, so that they meet in the middle of things."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(jobs: list[Job], rounds: int = 1) -> list[Any]:
    """Do jobs in as many threads, all begun at one moment; give what each came to, in every round."""
    barrier = Barrier(len(jobs))

    def do(job: Job) -> list[Any]:
        barrier.wait(timeout=60)
        return [job() for _ in range(rounds)]

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [task.result(timeout=120) for task in [pool.submit(do, job) for job in jobs]]


def moved(calendar: WorkingCalendar) -> Any:
    one, many = calendar.add("2024-03-28", 20), calendar.add(STARTS, 20)
    counted = calendar.count(STARTS, many), calendar.count("2024-03-28", "2024-12-31")
    told = (
        calendar.is_working_day(STARTS).sum(),
        calendar.roll("2024-03-30", "backward"),
        calendar.name_of("2024-05-06"),
    )
    return one, many.tolist(), counted[0].tolist(), counted[1], told, calendar.edition


def changed(scheme: Scheme, number: int) -> str:
    return scheme.with_target(scheme.targets[0].id, says=f"In time, {number}").digest


def due(scheme: Scheme, number: int) -> Any:
    """Give the deadlines of some records, in words too."""
    records: list[Any] = [
        Case(case_id="A", received_at=f"2024-01-{1 + number:02}", allocated_at="2024-03-28"),
        {"case_id": "A", "received_at": f"2024-04-{1 + number:02}", "decided_at": "2024-04-02"},
        WrittenContact(contact_id="W", received_at=f"2024-10-26T{number:02}:30"),
        Order(case_id="A", due_at="2024-05-31"),
    ]
    found = [deadlines(scheme, record, events=LOG, as_of="2024-05-10") for record in records]
    return [(item, str(item.explain())) for items in found for item in items], [items.findings for items in found]


def measured(scheme: Scheme, targets: str | None = None) -> Any:
    log = [{**event, "case_id": "A0"} for event in LOG] if targets is None else None
    results = measure(scheme, cases=CASES, events=log, as_of="2024-06-30", targets=targets, every="quarter", by="team")
    return results.to_pandas().to_csv()


def test_a_calendar_is_the_same_to_sixteen_threads() -> None:
    expected = moved(WorkingCalendar.uk("england-and-wales"))
    shared = WorkingCalendar.uk("england-and-wales")  # whose edition nobody has asked for
    found = together([lambda: moved(shared)] * THREADS, rounds=3)
    assert found == [[expected] * 3] * THREADS


def test_schemes_are_the_same_to_sixteen_threads() -> None:
    """Every thread asks something else of the same new schemes, first of all what is worked out only once."""

    def jobs(schemes: dict[str, Scheme]) -> list[Job]:
        lgsco, lgo, housing = (schemes[name] for name in NAMES)
        return [
            *(lambda number=number: due(lgsco, number) for number in range(4)),
            *(lambda number=number: due(lgo, number) for number in range(2)),
            *(lambda number=number: due(housing, number) for number in range(2)),
            lambda: measured(lgsco),
            lambda: measured(lgsco),
            lambda: measured(lgo, "decided-or-allocated-20wd"),
            lambda: changed(lgsco, 1),
            lambda: changed(lgsco, 2),
            lambda: moved(lgsco.calendar),
            lambda: (lgsco.digest, lgo.digest, housing.digest),
            lambda: repr(housing),
        ]

    expected = [job() for job in jobs({name: load_scheme(name) for name in NAMES})]
    for _ in range(3):
        shared = jobs({name: load_scheme(name) for name in NAMES})
        assert len(shared) == THREADS
        assert together(shared) == [[item] for item in expected]


def test_a_scheme_changed_by_many_stays_as_it_was() -> None:
    lgsco = load_scheme("lgsco")
    before = load_scheme("lgsco").digest
    found = together([lambda number=number: changed(lgsco, number) for number in range(THREADS)])  # type: ignore[misc]
    assert len({item for items in found for item in items}) == THREADS
    assert [items[0] for items in found] == [changed(load_scheme("lgsco"), number) for number in range(THREADS)]
    assert lgsco.digest == before


# The first things that a program does, done by all of its threads: what is imported, and what is made, at first use.
FIRST = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

sys.setswitchinterval(1e-6)
import ombudsman_kpi as kpi

barrier = Barrier(16)
log = [{"case_id": "A", "event": "contact", "at": "2024-04-12", "party": "complainant", "direction": "out"}]


def first(number):
    barrier.wait(timeout=60)
    if number % 4 == 3:
        calendar = kpi.WorkingCalendar.uk("england-and-wales")
        return calendar.add("2024-03-28", 20), calendar.edition
    if number % 4 == 2:
        rows = [{"case_id": "A", "received_at": "2024-03-28", "allocated_at": None}]
        return kpi.measure(kpi.load_scheme("lgsco"), cases=rows, as_of="2024-05-31").to_pandas().to_csv()
    case = {"case_id": "A", "received_at": "2024-01-03", "allocated_at": "2024-03-28"}
    given = kpi.Case(**case) if number % 4 else case
    found = kpi.deadlines(kpi.load_scheme("lgsco"), given, events=log, as_of="2024-05-31")
    assert [kpi.Deadline.model_validate_json(item.model_dump_json()) for item in found] == found
    return [(item.target, item.party, item.due, item.status, item.explain()) for item in found]


with ThreadPoolExecutor(16) as pool:
    found = list(pool.map(first, range(16)))
assert all(item == found[(0, 0, 2, 3)[number % 4]] for number, item in enumerate(found))
assert len(found[0]) >= 8
print("the same")
"""


def test_the_first_use_of_everything_in_sixteen_threads_at_once() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", FIRST], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("the same\n", "")


MANY = 1_000_000


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("bad", [0, 1, 5, 17])
def test_an_error_in_one_of_a_million_items_stops_the_reading(
    workers: int, bad: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "WORKERS", workers)
    items = iter(range(MANY))
    done: list[int] = []

    def work(item: int) -> int:
        done.append(item)
        if item >= bad:
            raise ValueError(item)
        return item

    answers: list[int] = []
    with pytest.raises(ValueError, match=f"^{bad}$"):
        answers.extend(in_threads(work, items))
    assert answers == list(range(bad))
    ahead = workers + 2
    assert next(items) <= bad + ahead
    assert set(range(bad + 1)) <= set(done) <= set(range(bad + ahead + 1))


def test_work_that_has_not_begun_when_another_fails_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORKERS", 1)
    failed = Event()
    done = []

    def work(item: int) -> None:
        done.append(item)
        if item == 0:
            failed.set()
            raise ValueError
        assert hold.wait(timeout=60)

    hold = Event()
    with pytest.raises(ValueError):  # noqa: PT011  (it says nothing)
        for _ in in_threads(work, _released_at_the_end(10, hold)):
            pass
    assert failed.is_set()
    assert len(done) <= 2  # of the items read ahead only the one that the thread had taken already


def _released_at_the_end(size: int, hold: Event) -> Iterator[int]:
    try:
        yield from range(size)
    finally:
        hold.set()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("bad", "unread", "first"), [(2, 4, "work"), (4, 2, "reading"), (None, 1, "reading"),
                                                      (0, 1, "work"), (None, 0, "reading")])  # fmt: skip
def test_the_first_error_is_raised_whether_of_reading_or_of_work(
    workers: int, bad: int | None, unread: int, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "WORKERS", workers)

    def items() -> Iterator[int]:
        yield from range(unread)
        raise ValueError("reading")

    def work(item: int) -> int:
        if item == bad:
            raise ValueError("work")
        return item

    answers: list[int] = []
    with pytest.raises(ValueError, match=first):
        answers.extend(in_threads(work, items()))
    assert answers == list(range(unread if bad is None else min(bad, unread)))


def test_nothing_goes_on_where_the_caller_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORKERS", 2)
    items = iter(range(MANY))
    answers = in_threads(str, items)
    assert next(answers) == "0"
    answers.close()  # type: ignore[attr-defined]
    assert next(items) <= 5


def parts_of(sizes: list[int], seen: list[int] | None = None) -> Parts[int]:
    """Give numbers from 0 in parts; note each as it is read."""

    def read(first: int, size: int) -> Iterator[int]:
        for number in range(first, first + size):
            if seen is not None:
                seen.append(number)
            yield number

    begins = [sum(sizes[:place]) for place in range(len(sizes))]
    return Parts([partial(read, first, size) for first, size in zip(begins, sizes, strict=True)], sizes)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("sizes", [[0], [5], [3, 4], [0, 2, 0, 3, 0], [1] * 100, [70, 1, 70], [200, 200]])
def test_answers_of_parts_are_in_order(workers: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORKERS", workers)
    assert list(in_threads(lambda item: item * 2, parts_of(sizes).each(lambda item: item + 1))) == [
        2 * (number + 1) for number in range(sum(sizes))
    ]
    assert list(parts_of(sizes)) == list(range(sum(sizes)))


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("bad", [{0}, {99, 3}, {25, 7, 45}, {19, 20}])
def test_the_first_error_of_several_parts_is_raised_each_time(
    workers: int, bad: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work on an earlier item takes longer, and still its error comes first."""
    monkeypatch.setattr(threads, "WORKERS", workers)

    def work(item: int) -> int:
        if item in bad:
            sleep(0.02 if item == min(bad) else 0)
            raise ValueError(item)
        return item

    answers: list[int] = []
    with pytest.raises(ValueError, match=f"^{min(bad)}$"):
        answers.extend(in_threads(work, parts_of([20] * 5)))
    assert answers == list(range(min(bad)))


def test_an_error_of_reading_a_part_comes_after_the_answers_before_it() -> None:
    def breaks() -> Iterator[int]:
        yield 3
        raise ValueError("read")

    answers: list[int] = []
    with pytest.raises(ValueError, match="read"):
        answers.extend(in_threads(abs, Parts([lambda: iter([1, 2]), breaks, breaks])))
    assert answers == [1, 2, 3]


@pytest.mark.parametrize("sizes", [[1_000_000] * 4, [1] * 1000])
def test_only_so_much_is_read_ahead_of_a_caller_who_stops(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORKERS", 2)
    seen: list[int] = []
    answers = in_threads(str, parts_of(sizes, seen))
    assert next(answers) == "0"
    sleep(0.05)
    answers.close()  # type: ignore[attr-defined]
    assert len(seen) <= 1 + (2 + 2) + threads.AHEAD + 2  # taken, of the first part, of others, and on their way


def test_the_caller_hears_of_rows_in_order_in_its_own_thread() -> None:
    told: list[tuple[int, int]] = []
    texts = [lambda size=size: iter(["x" * size, "y"]) for size in range(1, 40)]
    parts = Parts[str](texts).telling(lambda rows: told.append((get_ident(), rows)))
    assert len(list(in_threads(len, parts))) == 78
    assert {thread for thread, _ in told} == {get_ident()}
    rows = [number for size in range(1, 40) for number in (size, 1)]
    assert [number for _, number in told] == np.cumsum(rows).tolist()


# The error of the caller holds the answers in the frame that failed; Python waits for all threads when it ends.
FAILS = """
from time import sleep
from ombudsman_kpi.arrays.threads import AHEAD, Parts, in_threads

def fail():
    answers = in_threads(abs, Parts([lambda: iter(range(10 * AHEAD))] * 4))
    next(answers)
    sleep(0.1)
    raise ValueError("of the caller")

fail()
"""


def test_a_process_ends_where_its_caller_failed_among_the_answers() -> None:
    ended = subprocess.run([sys.executable, "-c", FAILS], check=False, capture_output=True, text=True, timeout=30)
    assert ended.stderr.endswith("ValueError: of the caller\n")


def first_of(parts: Parts[int]) -> None:
    next(parts)


def first_answer(parts: Parts[int]) -> None:
    next(in_threads(abs, parts))


def failed_work(parts: Parts[int]) -> None:
    def work(_: int) -> None:
        raise ValueError

    list(in_threads(work, parts))


@pytest.mark.parametrize("use", [first_of, first_answer, failed_work])
@pytest.mark.parametrize("number", [1, 4])
def test_what_parts_have_open_is_closed_as_soon_as_nobody_reads_on(
    use: Callable[[Parts[int]], None], number: int
) -> None:
    """Else a file is open until Python looks for garbage, and on Windows nobody can replace it until then."""
    opened, closed = [], []

    def read() -> Iterator[int]:
        opened.append(1)
        try:
            yield from range(100)
        finally:
            closed.append(1)

    gc.disable()
    try:
        with suppress(ValueError):
            use(Parts([read] * number))
        assert opened
        assert len(closed) == len(opened)
    finally:
        gc.enable()
