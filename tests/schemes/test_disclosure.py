"""The rule on small numbers in a scheme: read, extended, refused where it can't be meant."""

import pickle
from pathlib import Path

import pytest

from ombudsman_kpi import SchemeError, load_scheme
from ombudsman_kpi.schemes.disclosure import Disclosure

LGSCO = load_scheme("lgsco")


def test_a_file_that_extends_a_scheme_says_what_is_too_small(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('id = "ours"\nextends = "lgsco"\n[disclosure]\nthreshold = 5\nminimum_denominator = 30\n', "utf-8")
    scheme = load_scheme(path)
    assert scheme.disclosure == Disclosure(threshold=5, minimum_denominator=30)
    assert scheme.targets == LGSCO.targets
    further = tmp_path / "further.toml"
    further.write_text('id = "further"\nextends = "ours.toml"\n', "utf-8")
    assert load_scheme(further).disclosure == scheme.disclosure


def test_a_scheme_without_it_keeps_its_digest() -> None:
    assert "disclosure" not in LGSCO.model_dump(mode="json")
    ours = LGSCO.with_disclosure(threshold=10)
    assert ours.digest != LGSCO.digest
    assert ours.with_target("intake-calls-60s", standard="95%").disclosure == ours.disclosure
    assert pickle.loads(pickle.dumps(ours)).disclosure == ours.disclosure  # noqa: S301


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({}, "threshold.* is missing"),
        ({"threshold": 2}, r"disclosure.threshold.*3"),
        ({"threshold": "10"}, r"disclosure.threshold.*integer"),
        ({"threshold": 10, "minimum_denominator": 0}, r"disclosure.minimum_denominator.*1"),
        ({"treshold": 10}, "'treshold' is no key here. Did you mean 'threshold'"),
    ],
)
def test_what_cant_be_meant_is_refused(rule: dict[str, object], says: str) -> None:
    with pytest.raises(SchemeError, match=says):
        LGSCO.with_disclosure(**rule)
