"""The example of a web service: started as a user would, and asked by many at once over real HTTP."""

import csv
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ombudsman_kpi import Case, Deadline, WorkingCalendar, deadlines, list_schemes, load_scheme
from ombudsman_kpi.clocks.due_date import due_date
from ombudsman_kpi.clocks.limits import parse_limit

pytestmark = pytest.mark.xdist_group("service")  # one server, in one process

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "examples" / "service.py"
CLIENTS, REQUESTS = 7, 10_000
SHARE = 10  # one in so many asks what a case owes, the others for a due day
FUZZ = settings(max_examples=settings().max_examples * 2)
SECRET = "Jane-Secret"  # noqa: S105  # a value that no answer may repeat


class Client:
    """One connection that is kept alive."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, str]:
        self.connection.request(method, path, body, {"Content-Type": kind})
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def post(self, body: object, query: str = "") -> tuple[int, str]:
        return self.ask("POST", f"/deadlines{query}", json.dumps(body).encode())

    def close(self) -> None:
        self.connection.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, str(SERVICE), "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(port, process)
            yield port
            assert process.poll() is None, "the service has ended by itself"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        log.seek(0)
        text = log.read().decode()
        assert "Traceback" not in text, text[text.index("Traceback") :][:6000]
        assert SECRET not in text


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "the service didn't start"
        try:
            with closing(Client(port)) as client:
                assert client.ask("GET", "/openapi.json")[0] == 200
                return
        except ConnectionRefusedError:
            time.sleep(0.1)
    pytest.fail("the service isn't ready after a minute")


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    with closing(Client(port)) as client:
        yield client


@pytest.fixture(scope="module")
def openapi(port: int) -> dict[str, Any]:
    with closing(Client(port)) as client:
        found: dict[str, Any] = json.loads(client.ask("GET", "/openapi.json")[1])
    return found


# Ten thousand requests, each answered as the library answers.


class Exchange(NamedTuple):
    """A question, and what the library says to it."""

    path: str
    body: bytes | None
    answer: Mapping[str, Any]


def _rows(name: str) -> list[dict[str, Any]]:
    with (ROOT / "examples" / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{field: value or None for field, value in row.items()} for row in csv.DictReader(file)]


def _of_cases() -> list[Exchange]:
    """Two hundred cases, under each of the schemes in turn, with events, without, and with none known."""
    happened = defaultdict(list)
    for row in _rows("events"):
        happened[row["case_id"]].append(row)
    cases = _rows("cases")
    told = [case for case in cases if case["case_id"] in happened][::8][:100]
    chosen = told + cases[::48]
    # those that need no column beside the ones of the example records
    examples = ("lgsco", "lgo-2017-18", "phso-service-charter", "tower-hamlets", "housing-ombudsman-2019")
    schemes = {name: load_scheme(name) for name in examples}
    names = ["lgsco", "lgsco", *schemes]
    times = ("2024-03-31", "2023-02-01T12:00:00", "2024-03-30T23:30:00+00:00")
    exchanges = []
    for number, case in enumerate(chosen):
        name = names[number % len(names)]
        as_of = times[number % len(times)]
        events = None if number % 5 == 0 else [*happened[case["case_id"]][:20], *_strange(case["case_id"], number)]
        found = deadlines(schemes[name], case, events=events, as_of=as_of)
        reasons = [item.explain() for item in found] if number % 4 == 0 else []
        answer = {
            "deadlines": [item.model_dump(mode="json") for item in found],
            "findings": [item.model_dump(mode="json") for item in found.findings],
            "explanations": [
                {
                    "text": str(why),
                    "steps": [step.model_dump(mode="json") for step in why.steps],
                    "markdown": why.to_markdown(),
                }
                for why in reasons
            ],
        }
        body = {"scheme": name, "as_of": as_of, "case": case, "events": events}
        query = "?explain=true" if number % 4 == 0 else ""
        exchanges.append(Exchange(f"/deadlines{query}", json.dumps(body).encode(), answer))
    return exchanges


def _strange(case_id: str, number: int) -> list[dict[str, Any]]:
    """For some cases, an event that comes back as a finding."""
    event = {"case_id": case_id, "event": "contact", "at": "2023-01-10", "party": "press", "direction": "out"}
    return [event] if number % 4 == 0 else []


def _of_days() -> list[Exchange]:
    exchanges = []
    for division in ("england-and-wales", "scotland", "northern-ireland", "any-uk-nation"):
        calendar = WorkingCalendar.uk(division)
        for limit in ("20 working days", "1 working day", "< 13 weeks", "10 calendar days"):
            for received in ("2024-03-28", "2024-12-24", "2028-12-15", "1999-12-31", "2030-01-01"):
                due = due_date(date.fromisoformat(received), parse_limit(limit), calendar)
                answer = {
                    "due": due.isoformat(),
                    "provisional": due > calendar.announced_until,
                    "announced_until": calendar.announced_until.isoformat(),
                    "edition": calendar.edition,
                }
                asked = urlencode({"received": received, "limit": limit, "division": division})
                exchanges.append(Exchange(f"/due?{asked}", None, answer))
    return exchanges


def test_ten_thousand_requests_of_several_clients_are_answered_as_the_library_answers(
    port: int, openapi: Mapping[str, Any]
) -> None:
    of_cases, of_days = _of_cases(), _of_days()
    assert len({item.body for item in of_cases}) == 200
    assert sum(bool(item.answer["findings"]) for item in of_cases) > 20
    assert sum(len(item.answer["deadlines"]) for item in of_cases) > 300
    assert {item.answer["provisional"] for item in of_days} == {False, True}
    for name, items in (("Answer", of_cases), ("Due", of_days)):
        published = Draft202012Validator({**openapi, "$ref": f"#/components/schemas/{name}"})
        assert [item.path for item in items if not published.is_valid(item.answer)] == []

    def ask(number: int) -> tuple[Counter[int], list[str]]:
        statuses: Counter[int] = Counter()
        wrong = []
        with closing(Client(port)) as client:
            for place in range(number, REQUESTS, CLIENTS):
                items = of_days if place % SHARE else of_cases
                item = items[place // SHARE % len(items)]
                status, text = client.ask("GET" if item.body is None else "POST", item.path, item.body)
                statuses[status] += 1
                if status != 200 or json.loads(text) != item.answer:
                    wrong.append(f"{status} {item.path} {text[:400]}")
        return statuses, wrong

    with ThreadPoolExecutor(CLIENTS) as pool:
        told = list(pool.map(ask, range(CLIENTS)))
    assert [line for _, wrong in told for line in wrong][:3] == []
    assert sum((statuses for statuses, _ in told), Counter()) == {200: REQUESTS}


def test_the_question_of_the_documentation_is_answered(client: Client, openapi: Mapping[str, Any]) -> None:
    body = openapi["paths"]["/deadlines"]["post"]["requestBody"]["content"]["application/json"]
    status, text = client.post(body["examples"]["open"]["value"], "?explain=true")
    answer = json.loads(text)
    assert (status, answer["findings"]) == (200, [])
    assert "2024-05-31" in {item["due"] for item in answer["deadlines"]}
    assert len(answer["explanations"]) == len(answer["deadlines"]) > 3
    assert (
        answer["explanations"][0]["text"].splitlines()[1]
        == "Day 1 was Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped)."
    )
    status, text = client.ask("GET", "/due?received=2024-03-28&limit=20%20working%20days&division=england-and-wales")
    assert (status, json.loads(text)["due"], json.loads(text)["provisional"]) == (200, "2024-04-29", False)


# What is wrong is named, and never repeated.

CASE = {"case_id": "24-00017", "received_at": "2024-03-28"}
EVENT = {"case_id": "24-00017", "event": "contact", "at": "2024-04-02", "party": "complainant", "direction": "out"}
BODY = {"scheme": "lgsco", "as_of": "2024-03-31", "case": CASE, "events": [EVENT]}
USUAL = ["2024-03-28", "2024-03-30", "2024-04-29", "2024-05-31T12:00:00", "2024-03-28T09:00:00Z", "2024-02-30", "NaN"]
SKIPPED = ["2024-03-31T01:30:00", "2024-10-27T01:30:00"]  # an hour that never was, and one that was twice
AT_THE_EDGE = ["1989-12-31", "1990-01-01", "2050-12-30", "2050-12-31", "2051-01-01"]
FAR = ["0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "1677-09-21T00:12:43", "2262-04-11T23:47:17"]
FARTHER = ["9999-12-31", "9999-12-31T23:59:59", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z"]


def _body(**changes: Any) -> dict[str, Any]:
    return {**BODY, **changes}


MALFORMED = [
    *[
        (_body(case={**CASE, name: wrong}), ["body", "case", name])
        for name in Case.model_fields
        for wrong in ({"is": SECRET}, [SECRET])
    ],
    *[
        (_body(case={**CASE, name: SECRET}), ["body", "case", name])
        for name in ("received_at", "decided_at", "joint_working", "decided_in")
    ],
    (_body(case={**CASE, "received_at": None}), ["body", "case", "received_at"]),
    (_body(case={**CASE, "received_at": float("nan")}), ["body", "case", "received_at"]),
    (_body(case={**CASE, "received_at": 1711584000}), ["body", "case", "received_at"]),
    (_body(case={**CASE, "received_at": "28/03/2024"}), ["body", "case", "received_at"]),
    (_body(case={**CASE, "received_at": "2024-02-30"}), ["body", "case", "received_at"]),
    (_body(case={**CASE, "team": "\ud800"}), ["body", "case", "team"]),
    (_body(case={"received_at": SECRET}), ["body", "case", "case_id"]),
    (_body(case=SECRET), ["body", "case"]),
    (_body(case=[SECRET]), ["body", "case"]),
    (_body(events=SECRET), ["body", "events"]),
    (_body(events=[SECRET]), ["body", "events", 0]),
    (_body(events=[EVENT, {**EVENT, "at": SECRET}]), ["body", "events", 1, "at"]),
    (_body(events=[{**EVENT, "party": SECRET, "at": None}]), ["body", "events", 0, "at"]),
    (_body(events=[{**EVENT, "reason": {"is": SECRET}}]), ["body", "events", 0, "reason"]),
    (_body(events=[{"at": "2024-04-02", "event": SECRET}]), ["body", "events", 0]),
    (_body(scheme=SECRET), ["body", "scheme"]),
    (_body(scheme=str(ROOT / "examples" / "schemes" / "permits.toml")), ["body", "scheme"]),
    (_body(scheme=5), ["body", "scheme"]),
    (_body(as_of=SECRET), ["body", "as_of"]),
    (_body(as_of=None), ["body", "as_of"]),
    (_body(as_of="9999-12-31"), ["body", "as_of"]),
    (_body(as_of="0001-01-01"), ["body", "as_of"]),
    (_body(as_of="1989-12-31T23:59:59+00:00"), ["body", "as_of"]),
    (_body(event=SECRET), ["body", "event"]),
    ({}, ["body", "scheme"]),
    (None, ["body"]),
    ([SECRET], ["body"]),
    (SECRET, ["body"]),
    (7, ["body"]),
]


@pytest.mark.parametrize(("body", "field"), MALFORMED)
def test_a_malformed_body_is_refused_by_the_name_of_its_field(
    client: Client, openapi: Mapping[str, Any], body: object, field: list[str | int]
) -> None:
    status, text = client.post(body)
    assert status == 422, text
    _check_refusal(text, openapi)
    assert field in [problem["loc"][: len(field)] for problem in json.loads(text)["detail"]]


def _check_refusal(text: str, openapi: Mapping[str, Any]) -> None:
    assert SECRET not in text
    answer = json.loads(text)
    Draft202012Validator({**openapi, "$ref": "#/components/schemas/Refusal"}).validate(answer)
    assert all(set(problem) == {"loc", "msg", "type"} for problem in answer["detail"])


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b'{"scheme": "Jane-Secret"', "application/json", 422),
        (b"scheme=Jane-Secret", "application/x-www-form-urlencoded", 422),
        (json.dumps(BODY).encode(), "text/plain", 422),
        (json.dumps(BODY).encode("utf-16"), "application/json", 200),  # as JSON may be
        (b'{"scheme": "Jane-Secret\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 100_000, "application/json", 400),
    ],
)
def test_a_body_that_is_no_json_is_refused(client: Client, body: bytes, kind: str, expected: int) -> None:
    status, text = client.ask("POST", "/deadlines", body, kind)
    assert status == expected
    assert SECRET not in text


def test_names_that_are_no_text_are_refused_as_well(client: Client) -> None:
    assert client.ask("POST", "/deadlines", json.dumps(_body(**{"\ud800": 1})).encode())[0] == 422
    assert client.ask("POST", "/deadlines", json.dumps(_body(case={**CASE, "\ud800": SECRET})).encode())[0] in {
        200,
        422,
    }


def test_much_that_nobody_asked_for_changes_nothing(client: Client) -> None:
    deep: Any = SECRET
    for _ in range(400):
        deep = {"in": [deep]}
    plain = client.post(BODY)
    assert plain[0] == 200
    assert client.post(_body(case={**CASE, "note": deep}, events=[{**EVENT, "note": deep}])) == plain
    assert client.post(_body(case={**CASE, "weight": float("inf"), "share": float("nan")})) == plain


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"received": "2024-02-30"}, "received"),
        ({"received": "28/03/2024"}, "received"),
        ({"received": "1711584000"}, "received"),
        ({"received": "9999-12-31"}, "received"),
        ({"received": "0001-01-01"}, "received"),
        ({"received": "2050-12-31"}, "received"),
        ({"received": None}, "received"),
        ({"limit": "20"}, "limit"),
        ({"limit": "soon"}, "limit"),
        ({"limit": "24 hours"}, "limit"),
        ({"limit": "-1 weeks"}, "limit"),
        ({"limit": "1" + " " * 5000 + "!"}, "limit"),
        ({"limit": "9" * 5000 + " weeks"}, "limit"),
        ({"limit": None}, "limit"),
        ({"division": "wales"}, "division"),
        ({"division": None}, "division"),
    ],
)
def test_a_malformed_query_is_refused_by_the_name_of_its_field(
    client: Client, openapi: Mapping[str, Any], changes: Mapping[str, str | None], field: str
) -> None:
    asked = {"received": "2024-03-28", "limit": "20 working days", "division": "scotland", **changes}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    status, text = client.ask("GET", f"/due?{query}")
    assert (status, [problem["loc"] for problem in json.loads(text)["detail"]]) == (422, [["query", field]])
    _check_refusal(text, openapi)


def test_an_unknown_scheme_is_answered_with_those_there_are(client: Client) -> None:
    assert all(name in client.post(_body(scheme="lgscco"))[1] for name in list_schemes())


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/deadlines", 405),
        ("DELETE", "/deadlines", 405),
        ("POST", "/due", 405),
        ("BREW", "/due", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/docs", 200),
        ("POST", "/deadlines?explain=perhaps", 422),
    ],
)
def test_other_methods_and_paths(client: Client, method: str, path: str, expected: int) -> None:
    assert client.ask(method, path, json.dumps(BODY).encode() if method == "POST" else None)[0] == expected


@pytest.mark.parametrize("moment", AT_THE_EDGE + FAR + FARTHER)
def test_a_day_out_of_reach_of_any_calendar_is_answered(
    client: Client, openapi: Mapping[str, Any], moment: str
) -> None:
    for field in ("received_at", "allocated_at", "decided_at"):
        for as_of in ("2024-05-31", "2050-12-31"):
            status, text = client.post(_body(case={**CASE, field: moment}, as_of=as_of), "?explain=true")
            assert status == 200, (field, text)
    status, text = client.post(_body(events=[{**EVENT, "at": moment}]))
    assert status == 200, text
    status, text = client.post(_body(as_of=moment))
    if moment in {"1990-01-01", "2050-12-30", "2050-12-31"}:
        assert status == 200, text
    else:
        assert (status, json.loads(text)["detail"][0]["loc"]) == (422, ["body", "as_of"])
        _check_refusal(text, openapi)


def test_what_contradicts_itself_is_no_error(client: Client) -> None:
    case = {**CASE, "decided_at": "2024-03-01"}
    events = [{**EVENT, "party": "press"}, {**EVENT, "case_id": "24-00018"}]
    status, text = client.post(_body(case=case, events=events, as_of="2024-04-30"))
    assert status == 200
    found = [(item["record"], item["row"], item["field"]) for item in json.loads(text)["findings"]]
    assert found == [("cases", None, "decided_at"), ("events", 0, "party"), ("events", 1, "case_id")]


def test_the_published_description_is_whole(openapi: Mapping[str, Any]) -> None:
    parts = openapi["components"]["schemas"]
    for part in parts.values():
        Draft202012Validator.check_schema(part)
        assert part["description"]
    assert openapi["openapi"].startswith("3.1")
    assert list(parts["Case"]["properties"]) == list(Case.model_fields)
    assert list(parts["Deadline"]["properties"]) == list(Deadline.model_fields)
    assert all(field.get("description") for field in parts["Deadline"]["properties"].values())
    assert parts["Question"]["properties"]["case"]["$ref"].endswith("/Case")
    assert parts["Question"]["properties"]["events"]["anyOf"][0]["items"]["$ref"].endswith("/CaseEvent")
    assert parts["Question"]["properties"]["scheme"]["enum"] == list(list_schemes())
    assert parts["Answer"]["properties"]["deadlines"]["items"]["$ref"].endswith("/Deadline")
    assert parts["Answer"]["properties"]["findings"]["items"]["$ref"].endswith("/Finding")
    for path, method in (("/deadlines", "post"), ("/due", "get")):
        operation = openapi["paths"][path][method]
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["responses"]) == {"200", "422"}
        assert all(parameter["description"] for parameter in operation["parameters"])


# Anything may come in; nothing may go wrong.

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.sampled_from(USUAL + SKIPPED + AT_THE_EDGE + FAR + FARTHER)
TIMED = TIMES | st.none() | st.dates().map(str) | st.datetimes().map(str)
CASES = st.fixed_dictionaries(
    {"case_id": st.just("A1"), "received_at": TIMED},
    optional={
        **{name: TIMED for name in Case.model_fields if name.endswith("_at") and name != "received_at"},
        "decided_in": st.sampled_from(["assessment", "investigation", None]),
        "decision": st.text(max_size=4),
        "count": ANYTHING,
        "period": ANYTHING,
        "note_at": TIMED | ANYTHING,
    },
)
KINDS = ["contact", "delay_explained", "paused", "resumed", "reopened", "received", "decided", "closed", "withdrawn"]
EVENTS = st.fixed_dictionaries(
    {
        "case_id": st.sampled_from(["A1", "A1", "A2"]),
        "event": st.sampled_from(KINDS) | st.text(max_size=3),
        "at": TIMED,
    },
    optional={
        "party": st.sampled_from(["complainant", "organisation", "press", None]) | ANYTHING,
        "direction": st.sampled_from(["out", "in", "up", None]) | ANYTHING,
        "reason": st.text(max_size=3),
        "recorded_at": TIMED,
    },
)
BODIES = st.fixed_dictionaries(
    {
        "scheme": st.sampled_from(list_schemes()),
        "as_of": st.sampled_from(["2024-03-31", "2024-06-30T10:00:00", "2050-12-31", "1990-01-01T00:00:00Z"]) | TIMES,
        "case": CASES,
    },
    optional={"events": st.none() | st.lists(EVENTS, max_size=4)},
)
BROKEN = st.fixed_dictionaries({}, optional=dict.fromkeys(("scheme", "as_of", "case", "events", "x"), ANYTHING))


def test_no_body_makes_the_service_fail(port: int, openapi: Mapping[str, Any]) -> None:
    statuses: Counter[int] = Counter()

    @settings(FUZZ, max_examples=FUZZ.max_examples * 2)
    @given(body=BODIES | st.builds(lambda whole, part: {**whole, **part}, BODIES, BROKEN) | ANYTHING)
    def ask(body: object) -> None:
        with closing(Client(port)) as client:
            status, text = client.post(body, "?explain=true")
        assert status in {200, 422}, text
        statuses[status] += 1
        if status == 422:
            _check_refusal(text, openapi)

    ask()
    assert min(statuses[200], statuses[422]) > FUZZ.max_examples // 4, statuses


@settings(FUZZ, max_examples=settings().max_examples * 3 // 5)
@given(body=st.binary(max_size=40))
def test_no_bytes_make_the_service_fail(port: int, body: bytes) -> None:
    with closing(Client(port)) as client:
        assert client.ask("POST", "/deadlines", body)[0] in {400, 422}


@settings(FUZZ, max_examples=settings().max_examples)
@given(
    received=TIMES | st.dates().map(str) | st.text(max_size=12),
    limit=st.from_regex(r"[<]? ?\d{1,6} (working days|days|weeks|hours)", fullmatch=True) | st.text(max_size=70),
    division=st.sampled_from(["scotland", "any-uk-nation"]) | st.text(max_size=3),
)
def test_no_query_makes_the_service_fail(port: int, received: str, limit: str, division: str) -> None:
    query = urlencode({"received": received, "limit": limit, "division": division}, errors="replace")
    with closing(Client(port)) as client:
        assert client.ask("GET", f"/due?{query}")[0] in {200, 422}
