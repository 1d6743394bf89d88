"""Bands: targets that share all other keys, written as one entry of a scheme file."""

from typing import Any

from ombudsman_kpi.errors import SchemeError
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.registry import MEASURES


def split_bands(entry: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Return the targets of one entry: the entry itself, or one target for each of its bands."""
    if "bands" not in entry:
        return [entry]
    shared, bands = {key: value for key, value in entry.items() if key != "bands"}, entry["bands"]
    if not isinstance(bands, list) or not bands or not all(isinstance(band, dict) for band in bands):
        raise SchemeError(
            f"{place}: bands are a list such as [{{ id = '…', limit = '13 weeks', standard = 'at least 75%' }}]."
        )
    kind = MEASURES.get(str(shared.get("measure")), Target)
    try:
        of_measure = kind.in_bands(bands)
    except ValueError as error:
        raise SchemeError(f"{place}: {error}.") from None
    return [target for band in of_measure for target in split_bands({**shared, **band}, place)]
