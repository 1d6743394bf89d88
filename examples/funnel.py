"""Which London boroughs' uphold rates differ by more than chance? The figures beside this file are published ones.

Each part marked ``# %%`` is a cell in editors that know notebooks.
"""

# %%
from pathlib import Path

import pandas as pd

from ombudsman_kpi.statistics import funnel

decisions = pd.read_csv(Path(__file__).parent / "data" / "published" / "boroughs.csv")
counts = decisions.pivot_table("count", "authority", "decision", aggfunc="sum")

# %% Of those investigated, how many were upheld? The limits are those of chance, around the rate of all together.
upheld, investigated = counts["upheld"], counts["upheld"] + counts["not-upheld"]
boroughs = funnel(upheld, investigated, counts.index)
print(boroughs.says)

# %% Outside the 99.8% limits is worth asking about. Outside the 95% limits alone are one or two of 32, by chance.
points = boroughs.points
outside = points["outside"].isin(["high", "low"])
print(points.loc[outside, ["name", "met", "n", "rate", "low_99_8"]].to_string(index=False))

# %% A league table would have them in this order. What it can't say is how sure the places are.
print(boroughs.ranks.attrs["says"])
print(boroughs.ranks.tail(5).to_string(index=False))
