"""Four samples of the example data, drawn so that anyone can draw them again: ``python examples/sampling.py``.

The folder that is named behind it, or else the current one, gets the sample of each team and its record.
"""

import json
import sys
from pathlib import Path

import pandas as pd

import ombudsman_kpi as kpi
from ombudsman_kpi.statistics import draw_sample, sample_record, verify_sample

DATA = Path(__file__).parent / "data"
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
lgsco = kpi.load_scheme("lgsco")
cases = pd.read_csv(DATA / "cases.csv", dtype=str)
decided = cases[cases["decided_at"].between("2024-01-01", "2024-03-31T24")]

# The QA checklist: 40 decisions of the quarter, from each team in proportion to its size, at least two of each.
checklist = draw_sample(decided, 40, id="case_id", seed="QA checklist 2024 Q1", strata="team", minimum=2)
print(checklist.attrs["says"])
print(checklist["team"].value_counts(sort=False).to_string(header=False))
checklist.to_csv(FOLDER / "qa-checklist.csv", index=False)
(FOLDER / "qa-checklist.json").write_text(json.dumps(sample_record(checklist), indent=2), "utf-8")

# A sample of the quarter from which a share is known to ± 3 percentage points, without the cases of the checklist.
assured = draw_sample(decided, margin=0.03, id="case_id", seed="Assurance 2024 Q1", exclude=checklist)
print(assured.attrs["says"])

# The dip sample: 5 of the investigations that took longer than 52 weeks. Those read come back as reviews.
outcomes = kpi.assess(lgsco, cases=cases, as_of="2024-03-31", targets="investigation-52w")
longer = outcomes[outcomes["status"] == "late"]
dip = draw_sample(longer, 5, id="id", seed="Dip sample 2024")
print(dip.attrs["says"])
reviews = [
    {
        "review_id": case_id,
        "standard": "dip-sample-52w",
        "answer": "met",
        "reviewed_at": "2024-03-28",
        "case_id": case_id,
    }
    for case_id in dip["id"]
]
(row,) = kpi.measure(lgsco, cases=cases, reviews=reviews, as_of="2024-03-31", targets="dip-sample-52w")
print(f"{row.target}: {row.value:.0f} read, {row.note}")

# Anyone with the record can check the draw: it differs in nothing, and says what has changed where cases are missing.
record = FOLDER / "qa-checklist.json"
print("verified" if not verify_sample(decided[::-1], record) else "not verified")
print(*verify_sample(decided[100:], record), sep="\n")
