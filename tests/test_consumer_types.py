"""What a type checker says of a project that uses the library, under ``mypy --strict`` and without any plugin."""

import re
import subprocess
import sys
from pathlib import Path

import ombudsman_kpi

SOURCE = Path(ombudsman_kpi.__file__).parents[1]

SNIPPET = """
from datetime import date, datetime
from uuid import UUID

import numpy as np
import pandas as pd

import ombudsman_kpi as kpi

kpi.Call(offered_at="2024-03-28T09:00:00")
kpi.WrittenContact(contact_id=24017, received_at="2024-03-28")
case = kpi.Case(case_id=UUID(int=1), received_at=date(2024, 3, 28))
event = kpi.CaseEvent(case_id="A1", event="contact", at=datetime(2024, 3, 28))
request = kpi.Request(request_id=np.int64(1), kind="review", received_at=np.datetime64("2024-03-28"))
order = kpi.Order(case_id="A1", due_at=pd.Timestamp("2024-03-28"))
kpi.Review(review_id="V1", standard="tone", answer="met", reviewed_at="2024-03-28")
kpi.Activity(kind="article", at="2024-03-28")
kpi.Case(case_id="A1", received_at="2024-03-28", valid_at=None, decided_at="2024-04-05", decision="upheld")

received: datetime | date = case.received_at
decided: datetime | date | None = case.decided_at
name: str = case.case_id
joint: bool | None = case.joint_working

scheme = kpi.load_scheme("lgsco")
results: kpi.Results = kpi.measure(scheme, cases=[case], events=None, as_of="2024-05-31", every="month")
tally: kpi.Tally = kpi.tally(scheme, cases=pd.DataFrame(), calls="calls.csv", as_of=date(2024, 5, 31))
open_ones: kpi.Settled = kpi.settled(scheme, requests=[request], as_of="2024-05-31")
rows: pd.DataFrame = kpi.assess(scheme, reviews=[], activities=[], as_of="2024-05-31")
both: kpi.Comparison = kpi.compare_schemes(scheme, scheme, written_contacts=[], as_of="2024-05-31")
choices: kpi.Conventions = kpi.conventions(scheme, cases=[case], as_of="2024-05-31", every="month", by="team")
work: pd.DataFrame = kpi.worklist(scheme, orders=[order], as_of="2024-05-31")
due: kpi.Deadlines = kpi.deadlines(scheme, case, events=[event], as_of="2024-05-31")

kpi.Call()  # error: call-arg
kpi.Case(case_id="A1")  # error: call-arg
kpi.Case(case_id=["A1"], received_at="2024-03-28")  # error: arg-type
kpi.Case(case_id="A1", received_at=20240328)  # error: arg-type
kpi.Case(case_id="A1", received_at=None)  # error: arg-type
kpi.Review(review_id="V1", standard="tone", answer="perhaps", reviewed_at="2024-03-28")  # error: arg-type
case.decided_at.isoformat()  # error: union-attr
kpi.measure(scheme, casses=[case], as_of="2024-05-31")  # error: call-arg
kpi.tally(scheme, cases=[case], evry="month", as_of="2024-05-31")  # error: call-arg
kpi.measure(scheme, cases=[case])  # error: call-arg
kpi.worklist(scheme, reviews=[], as_of="2024-05-31")  # error: call-arg
"""


def test_a_strict_project_without_plugins_sees_records_and_functions_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(SNIPPET, "utf-8")
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = True\nmypy_path = {SOURCE}\n", "utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--follow-imports", "silent", "consumer.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = re.findall(r"^consumer\.py:(\d+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE)
    lines = enumerate(SNIPPET.splitlines(), 1)
    expected = [(str(number), line.split("# error: ")[1]) for number, line in lines if "# error: " in line]
    assert found == expected, done.stdout + done.stderr
