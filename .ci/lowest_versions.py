"""Print the lowest declared version of every library that users may have, as constraints for pip.

``pyproject.toml`` is the one place where these versions stand: ``"pandas>=2.3.2"`` becomes ``pandas==2.3.2``.
The tools in the extra ``dev`` are left as new as pip finds them, except for the libraries whose tables are accepted
as records.
"""

import re
import tomllib
from pathlib import Path

ACCEPTED_AS_RECORDS = {"narwhals", "polars"}
DECLARED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?>=(?P<lowest>[0-9][^,; ]*) *(?P<marker>;.*)?")


def main() -> None:
    """Print one line for each library."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *(line for name in extras if name != "dev" for line in extras[name])]
    declared += [line for line in extras["dev"] if re.split(r"\W", line, maxsplit=1)[0] in ACCEPTED_AS_RECORDS]
    for line in declared:
        if line.startswith(f"{project['name']}["):  # an extra made of other extras
            continue
        library = DECLARED.fullmatch(line)
        if library is None:
            raise SystemExit(f"pyproject.toml: {line!r} has no lowest version. Write it as name>=version.")
        print(f"{library['name']}=={library['lowest']}{library['marker'] or ''}")


if __name__ == "__main__":
    main()
