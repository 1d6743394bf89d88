"""The main job, step by step, on the invented casework beside this file.

Each part marked ``# %%`` is a cell in editors that know notebooks.
"""

# %%
from pathlib import Path

import pandas as pd

import ombudsman_kpi as kpi

DATA = Path(__file__).parent / "data"
cases = pd.read_csv(DATA / "cases.csv")
calls = pd.read_csv(DATA / "calls.csv")

# %% A scheme is the published standard, as data.
lgsco = kpi.load_scheme("lgsco")
print(lgsco)

# %% One call gives every figure, by quarter. What can't be measured says so.
results = kpi.measure(lgsco, cases=cases, calls=calls, as_of="2024-03-31", every="quarter")
print(results["intake-calls-60s"])

# %% A frame holds all there is to know of a figure: counts, bounds, headroom.
table = results.to_pandas()
print(table.loc[table.status == "missed", ["target", "period", "value", "standard", "headroom"]].to_string(index=False))

# %% Which cases are overdue, and since when?
rows = kpi.assess(lgsco, cases=cases, as_of="2024-03-31", targets="decided-or-allocated-20wd")
overdue = rows[rows.status == "overdue"].sort_values("due")
print(overdue[["id", "start", "due", "elapsed"]].head().to_string(index=False))

# %% What if the standard were higher? Another scheme, with another digest.
stretch = lgsco.with_target("investigation-13w", standard="80%")
print(kpi.measure(stretch, cases=cases, as_of="2024-03-31", every="financial-year", targets="investigation-13w"))
