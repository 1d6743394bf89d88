"""Scheme files: read a scheme from TOML, including the scheme that it extends."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.schemes.bands import split_bands
from ombudsman_kpi.schemes.names import named_in_letters
from ombudsman_kpi.schemes.place import keeping
from ombudsman_kpi.schemes.scheme import PUBLISHED, WRITTEN_AS, Scheme, unchanged, validated, with_changes


def list_schemes() -> tuple[str, ...]:
    """Return the names of the published schemes that come with the library.

    >>> list_schemes()[:3]
    ('awaabs-law', 'complaint-handling-code', 'data-protection-complaints')
    """
    names = (item.name for item in _shipped().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_scheme(name_or_path: str | Path) -> Scheme:
    """Return a scheme: a published one by its name, or your own TOML file by its path.

    >>> load_scheme("lgsco").title
    'LGSCO Quality and Service Standards'

    A file may say ``extends = "lgsco"`` (or the path of another file, relative to its own folder; or several), and then
    change or add targets. Or it picks single ones: ``[[target]]`` with ``from = "lgsco/investigation-13w"``.

    Raises ``SchemeError``, which names the file, the target and the key. Reading a file runs no code.
    """
    return _load(name_or_path, Path(), ())


def _shipped() -> Any:
    return files("ombudsman_kpi") / "schemes"


def _load(name_or_path: Any, beside: Path, seen: tuple[str, ...]) -> Scheme:
    """Return a scheme. Paths are relative to the folder ``beside``; ``seen`` are the files that it is for."""
    if isinstance(name_or_path, str) and name_or_path in list_schemes():
        return _published(name_or_path)
    try:
        path = beside / name_or_path
        content = path.read_bytes()
    except (OSError, TypeError, ValueError):  # the file is missing or unreadable, or this isn't a path
        extending = f"{seen[-1]} names a scheme that can't be read. " if seen else ""
        raise SchemeError(
            f"{extending}There is no scheme {str(name_or_path)!r}, neither a file with that path nor a published "
            f"scheme. {one_of(name_or_path, list_schemes())}"
        ) from None
    seen = (*seen, str(path.resolve()))
    if seen[-1] in seen[:-1]:
        raise SchemeError(
            f"{path}: the schemes extend one another in a circle: {' > '.join(seen)}. One has to stand alone."
        )
    return _read(content, str(path), path.parent, seen)


@cache
def _published(name: str) -> Scheme:
    """Return a scheme that comes with the library: read once in a process, since schemes never change."""
    return _read((_shipped() / f"{name}.toml").read_bytes(), name, Path(), (), PUBLISHED)


def _read(content: bytes, place: str, folder: Path, seen: tuple[str, ...], context: Any = None) -> Scheme:
    """Return the scheme that a file declares; the paths in it are relative to a folder."""
    declared = _parsed(content, place)
    if isinstance(declared.get("bank_holidays"), str):
        declared["bank_holidays"] = str(folder / declared["bank_holidays"])
    load = cache(lambda other: _load(other, folder, seen))
    declared["targets"] = [_picked(entry, place, load) for entry in declared["targets"]]
    if "extends" in declared:
        declared = with_changes(_base(declared, place, load), declared)
    return validated(declared, place, context)


def _picked(entry: dict[str, Any], place: str, load: Callable[[str], Scheme]) -> dict[str, Any]:
    """Return the entry of a target; one that is from another scheme has what is declared there, and its changes."""
    if "from" not in entry:
        return entry
    name, changes = entry["from"], {key: value for key, value in entry.items() if key != "from"}
    owner = f"{place}: target {changes['id']}: from" if "id" in changes else f"{place}: from"
    scheme, _, target = name.rpartition("/") if isinstance(name, str) else ("", "", "")
    if not scheme or not target:
        raise SchemeError(f"{owner}: write a scheme and one of its targets, such as from = 'lgsco/investigation-13w'.")
    try:
        base = load(scheme)
        taken = _taken(base, base[target])
    except SchemeError as error:
        raise SchemeError(f"{owner} = {name!r}: {error}") from None
    return {**unchanged(taken, changes), **changes}


def _taken(scheme: Scheme, target: Target) -> dict[str, Any]:
    """Return the declaration of a target away from its scheme: where it is published and when it held go with it."""
    above = scheme.model_dump(mode="json", include={"source", "in_force"}, exclude_none=True)
    known = named_in_letters(target)
    names = {name: text for name, text in scheme.names_of(target).items() if name in known}
    named = {"names": names} if names else {}
    return {**above, **target.model_dump(mode="json", exclude_unset=True), **named}


def _base(declared: dict[str, Any], place: str, load: Callable[[str], Scheme]) -> Scheme:
    """Return the scheme that a file extends, or all that it extends as one; and take the key away."""
    extended = declared.pop("extends")
    names = [extended] if isinstance(extended, str) else extended
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise SchemeError(f"{place}: extends takes a name or path, or a list of them, as text.")
    bases = [load(name) for name in names]
    if len(bases) == 1:
        return bases[0]
    of_each = {"targets", "reports", "returns", "in_force"}
    said = {key: value for key, value in declared.items() if key not in of_each}
    above = [keeping(base.model_dump(mode="json", exclude=of_each, exclude_defaults=True), said) for base in bases]
    for key in dict.fromkeys(key for each in above for key in each if key not in {"id", *said}):
        if any(each.get(key) != above[0].get(key) for each in above):
            raise SchemeError(
                f"{place}: extends: {' and '.join(names)} differ in their {key}. Say what holds here: {key} = …"
            )
    targets: dict[str, dict[str, Any]] = {}
    for name, base in zip(names, bases, strict=True):
        for target in base.targets:
            taken = _taken(base, target)
            if targets.setdefault(target.id, taken) != taken:
                raise SchemeError(
                    f"{place}: extends: {name} and one before it have a target {target.id!r} each. Extend one of them, "
                    f"and pick of the other what you want: [[target]] with another id, from = '{name}/{target.id}'."
                )
    each = {name: [item for base in bases for item in getattr(base, name)] for name in ("reports", "returns")}
    return validated({**above[0], **said, "targets": [*targets.values()], **each}, place)


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
    for key in ("report", "return"):
        if key in declared:
            declared[f"{key}s"] = _entries(declared, key, place)
    return declared


def _entries(declared: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    """Remove the entries under [[target]], [[report]] or [[return]] from a declaration and return them."""
    entries = declared.pop(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SchemeError(f"{place}: {key}s are written as [[{key}]], each with its keys below it.")
    return entries
