"""Everything that people read, from the example's records: ``python examples/report.py [FOLDER]``.

It writes the Executive Team's monthly page, the same as workbooks, the Commission's quarterly pack, and a chart, into a
folder that is named, or else a temporary one. The picture of the page in the README was made by
``python examples/report.py --picture docs/images/report.png``, with Chromium.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ombudsman_kpi as kpi

DATA = Path(__file__).parent / "data"
KINDS = ("calls", "written_contacts", "cases", "events", "requests")
AS_OF = "2024-03-31"


def made_in(folder: Path) -> list[Path]:
    """Write all of it into a folder, and return the files."""
    lgsco = kpi.load_scheme("lgsco")
    records: dict[str, Any] = {kind: DATA / f"{kind}.csv" for kind in KINDS}

    monthly = kpi.report(lgsco, **records, as_of=AS_OF, report="executive-team", by="team")
    quarterly = kpi.report(lgsco, **records, as_of=AS_OF, report="commission", waits=0)
    monthly.to_html(folder / "executive-team.html")
    monthly.to_workbook(folder / "executive-team.xlsx")
    monthly.to_workbook(folder / "executive-team.ods")
    quarterly.to_html(folder / "commission.html")
    quarterly.to_workbook(folder / "commission.ods")

    figure = monthly.results.plot("investigation-13w")
    figure.savefig(folder / "investigation-13w.svg")
    (folder / "investigation-13w.txt").write_text(figure.alt_text, "utf-8")
    print(monthly)
    return sorted(folder.iterdir())


def picture(path: Path, browser: str = "chromium") -> None:
    """Take the picture of the README: the top of the monthly page, in few colours, so that it is small."""
    from PIL import Image  # which comes with matplotlib

    with tempfile.TemporaryDirectory() as folder:
        made_in(Path(folder))
        page = Path(folder, "executive-team.html").as_uri()
        look = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1100,850"]
        subprocess.run([browser, *look, f"--screenshot={path}", page], check=True, capture_output=True)  # noqa: S603
    Image.open(path).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--picture"]:
        picture(Path(sys.argv[2]))
    else:
        own = Path(sys.argv[1]) if sys.argv[1:] else Path(tempfile.mkdtemp())
        own.mkdir(parents=True, exist_ok=True)
        for file in made_in(own):
            print(f"{file} ({file.stat().st_size:,} bytes)")
