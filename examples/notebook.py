# %% [markdown]
# # A morning with the figures
#
# An analyst prepares the figures of the day, and a manager decides what to do first. Today is a Thursday shortly before
# Christmas, and the casework beside this file is invented.
#
# Open this page in Jupyter (with jupytext) or in VS Code, and run it cell by cell. Or run it whole, from the folder of
# the project: `python examples/notebook.py`.

# %%
import builtins
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

import ombudsman_kpi as kpi

TODAY = date(2023, 12, 14)

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
data = next(folder / "data" for folder in (here, here / "examples") if (folder / "data" / "cases.csv").exists())
records: dict[str, Any] = {name: data / f"{name}.csv" for name in ("written_contacts", "cases", "events", "requests")}


def show(thing: object) -> None:
    """Show something as a notebook does; in a terminal, as text."""
    display = getattr(builtins, "display", None)
    if display is None:
        print(thing.to_string() if isinstance(thing, pd.DataFrame) else thing, end="\n\n")
    else:
        display(thing)


def long(day: date) -> str:
    """Write a day in words."""
    return f"{day:%A} {day.day} {day:%B %Y}"


lgsco = kpi.load_scheme("lgsco")
print(lgsco.title, end="\n\n")
for target in lgsco.targets:
    if target.standard is not None:
        print(f"{target.id:26} {target.says}")

# %% [markdown]
# These are the promises with a published figure, in the words of the ombudsman who made them.
#
# ## The analyst: how do we stand?
#
# One call reads the files and measures everything, quarter by quarter. The files go on after today; what came later
# isn't known today and changes nothing.

# %%
results = kpi.measure(lgsco, **records, calls=data / "calls.csv", as_of=TODAY, every="quarter")
figures = results.to_pandas()
figures = figures[figures["standard"].notna() & figures["status"].ne("no data")]
by_quarter = figures.pivot_table(index="target", columns="period", values="status", aggfunc="first", sort=False)
show(by_quarter.sort_index(axis="columns").fillna(""))

# %% [markdown]
# A row for each promise, a column for each quarter: kept or missed at a glance. Where a cell is empty there are no
# records. "Undetermined" means that it depends on what is still open. Now the quarter that we are in, with its numbers.

# %%
now = figures[~figures["complete"]].set_index("target")
quarter = now["period"].iloc[0]
print(f"{quarter}, seen on {long(TODAY)}:")
short = {
    "in time": now["met"], "missed": now["missed"], "open": now["pending"], "share": now["value"].map("{:.1%}".format),
    "promised": now["standard"].map("{:.0%}".format), "status": now["status"], "headroom": now["headroom"],
}  # fmt: skip
show(pd.DataFrame(short))

# %% [markdown]
# The headroom says how safe a promise is: so many of these could be missed as well, and it would still be kept. Below
# zero it is broken, and by how much.
#
# ## One case: why that day?
#
# Take the investigation that runs out of its 52 weeks first.

# %%
cases, events = pd.read_csv(records["cases"]), pd.read_csv(records["events"])
outcomes = kpi.assess(lgsco, cases=cases, as_of=TODAY, targets="investigation-52w")
name = outcomes[outcomes["status"] == "pending"].sort_values("due")["id"].iloc[0]

case = kpi.Case(**cases[cases["case_id"] == name].iloc[0].dropna())
deadlines = kpi.deadlines(lgsco, case, events=events[events["case_id"] == name], as_of=TODAY)
show(deadlines)

# %% [markdown]
# Everything that this one case owes, and what is left of it. A minus says by how much it is late. Of each day one can
# ask why, and gets sentences to send on. Here are two: the investigation, and the next contact with the complainant.

# %%
whole = next(item for item in deadlines if item.target == "investigation-52w")
contact = next(item for item in deadlines if item.party == "complainant" and item.status == "pending")
show(whole.explain())
show(contact.explain())

# %% [markdown]
# Weeks run through Christmas. Working days don't, and every day that was skipped is named.
#
# ## The manager: what to do today?
#
# The worklist has everything that is overdue, or due in the next ten working days. How far is that?

# %%
last = lgsco.calendar.add(TODAY, 10)
off = [day for day in lgsco.calendar.days_off if TODAY < day <= last]
print(f"From {long(TODAY)}, ten working days end on {long(last)}. Weekends don't count; nor do:")
print("\n".join(f"- {lgsco.calendar.name_of(day)}, {long(day)}" for day in off), end="\n\n")

work = kpi.worklist(lgsco, **records, as_of=TODAY, within="10 working days", every="quarter")
lines = work.pivot_table(index="target", columns="status", values="id", aggfunc="count", fill_value=0, sort=False)
show(lines.rename(columns={"pending": "due"})[["overdue", "due"]])

# %% [markdown]
# Too much for one morning. So the question isn't what is late, but what would cost us a promise. The column `effect`
# says that of each line: what missing it does to the figure that it counts in.

# %%
losing = work[work["effect"] == "loses the target"]
print(f"{len(losing)} of {len(work)} lines would lose a target:")
show(losing.set_index("id")[["target", "due", "left", "unit", "period", "headroom", "effect"]])

# %% [markdown]
# These come first. Nothing left means today.
#
# But each line is looked at by itself. Several that leave room one by one can lose a promise together. So the second
# question: how much work stands against how much headroom?

# %%
judged = work[work["headroom"].notna()]
together = judged.groupby(["target", "period"], sort=False).agg(
    overdue=("status", lambda status: int((status == "overdue").sum())),
    due=("status", lambda status: int((status == "pending").sum())),
    headroom=("headroom", "first"),
)
show(together)

# %% [markdown]
# Letters and new cases count from the day they came in: what is overdue of them is in the headroom already. An
# investigation counts when it ends: one that is overdue will be a miss then, and the headroom doesn't know it yet.
#
# ## Team by team
#
# Who has it? Letters and requests have no team in these files, so only the cases are here. A case counts once in each
# column, however many promises it is late on.

# %%
mine = work.merge(cases[["case_id", "team"]], left_on="id", right_on="case_id")
load = mine.pivot_table(index="team", columns="status", values="id", aggfunc="nunique", fill_value=0)
load = load.rename(columns={"overdue": "cases overdue", "pending": "cases due"})
load["of these, would lose a target"] = mine[mine["effect"] == "loses the target"].groupby("team")["id"].nunique()
show(load.fillna(0).astype(int))

# %% [markdown]
# And what each team starts with today: of its work that can still be in time, what is due first.

# %%
first = mine[mine["status"] == "pending"].groupby("team").head(3).sort_values(["team", "due"], kind="stable")
show(first.set_index(["team", "id"])[["target", "due", "left", "unit", "effect"]])
