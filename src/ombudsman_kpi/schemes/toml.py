"""Scheme files: read a scheme from TOML, including the scheme that it extends."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.schemes.scheme import WRITTEN_AS, Scheme, split_bands, validated, with_changes


def list_schemes() -> tuple[str, ...]:
    """Return the names of the published schemes that come with the library.

    >>> list_schemes()
    ('housing-ombudsman-2019', 'lgo-2017-18', 'lgsco', 'phso-service-charter', 'tower-hamlets')
    """
    names = (item.name for item in _shipped().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_scheme(name_or_path: str | Path) -> Scheme:
    """Return a scheme: a published one by its name, or your own TOML file by its path.

    >>> load_scheme("lgsco").title
    'LGSCO Quality and Service Standards'

    A file may say ``extends = "lgsco"`` (or the path of another file, relative to its own folder) and then change
    or add targets. Raises ``SchemeError``, which names the file, the target and the key. Reading a file runs no code.
    """
    return _load(name_or_path, Path(), ())


def _shipped() -> Any:
    return files("ombudsman_kpi") / "schemes"


def _load(name_or_path: Any, beside: Path, seen: tuple[str, ...]) -> Scheme:
    """Return a scheme. Paths are relative to the folder ``beside``; ``seen`` are the files that extend this one."""
    shipped = isinstance(name_or_path, str) and name_or_path in list_schemes()
    try:
        path = _shipped() / f"{name_or_path}.toml" if shipped else beside / name_or_path
        content = path.read_bytes()
    except (OSError, TypeError, ValueError):  # the file is missing or unreadable, or this isn't a path
        extending = f"{seen[-1]} extends a scheme that can't be read. " if seen else ""
        raise SchemeError(
            f"{extending}There is no scheme {str(name_or_path)!r}, neither a file with that path nor a published "
            f"scheme. {one_of(name_or_path, list_schemes())}"
        ) from None
    place = str(name_or_path if shipped else path)
    seen = (*seen, place if shipped else str(path.resolve()))
    if seen[-1] in seen[:-1]:
        raise SchemeError(f"{place}: the schemes extend one another in a circle: {' > '.join(seen)}.")
    declared = _parsed(content, place)
    if isinstance(declared.get("bank_holidays"), str) and not shipped:
        declared["bank_holidays"] = str(path.parent / declared["bank_holidays"])
    if not isinstance(declared.get("extends", ""), str):
        raise SchemeError(f"{place}: extends takes one name or path, as text.")
    if "extends" in declared:
        base = _load(declared.pop("extends"), Path() if shipped else path.parent, seen)
        declared = with_changes(base, declared)
    return validated(declared, place)


def _parsed(content: bytes, place: str) -> dict[str, Any]:
    """Return the declaration in a file, under the names of the fields of ``Scheme``. Each band becomes a target."""
    import tomllib

    try:
        declared = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SchemeError(f"{place} isn't a TOML file: {error}.") from None
    for key, written in WRITTEN_AS.items():
        if key in declared:
            raise SchemeError(f"{place}: {key!r} is no key of a scheme file; write [[{written}]] for each.")
    entries = _entries(declared, "target", place)
    declared["targets"] = [target for entry in entries for target in split_bands(entry, place)]
    if "report" in declared:
        declared["reports"] = _entries(declared, "report", place)
    return declared


def _entries(declared: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    """Remove the entries under [[target]] or [[report]] from a declaration and return them."""
    entries = declared.pop(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SchemeError(f"{place}: {key}s are written as [[{key}]], each with its keys below it.")
    return entries
