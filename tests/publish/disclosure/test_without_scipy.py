"""Without the library that proves it, nothing leaves."""

import sys

import pytest

from ombudsman_kpi import MissingLibraryError, load_scheme, measure

CASE = {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"}


def test_nothing_leaves_without_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    results = measure(load_scheme("lgsco").with_disclosure(threshold=5), cases=[CASE], as_of="2024-05-31")
    for name in [name for name in sys.modules if name.split(".")[0] == "scipy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingLibraryError, match=r"ombudsman-kpi\[publish\]"):
        results.to_dict()
    assert results.to_dict(internal=True)["rows"]
