"""A figure of matplotlib that carries its alternative text wherever it goes. Imported where one is drawn, never before.

It is drawn in the Government Analysis Function's style whatever the user's own settings are, and leaves these alone.
"""

import warnings
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import afcharts
import matplotlib as mpl
import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ombudsman_kpi.publish.files import written_whole
from ombudsman_kpi.publish.published import plain

_STYLE = str(Path(afcharts.__file__).with_name("afcharts.mplstyle"))
_OWN = {"font.size": 11, "axes.titlesize": 12, "axes.titleweight": "bold", "svg.hashsalt": "ombudsman-kpi",
        "axes.grid": False, "legend.fontsize": 10}  # fmt: skip
_METADATA: Mapping[str, tuple[str, str, str | None]] = {  # where a file has its title, its description and its date
    "png": ("Title", "Description", None),
    "svg": ("Title", "Description", "Date"),
    "svgz": ("Title", "Description", "Date"),
    "pdf": ("Title", "Subject", "CreationDate"),
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of afcharts. Signs that no font has are boxes, and no warning.

    Settings and warnings are afterwards what they were.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        mpl.style.use(["default", _STYLE, _OWN])
        yield


class DescribedFigure(Figure):
    """A figure with ``alt_text``, which says what it shows. Files of it have that in their metadata.

    ``savefig`` writes .png, .svg and .pdf with the same bytes each time. In a notebook it is a picture with alternative
    text.
    """

    alt_text: str = ""
    heading: str = ""

    @classmethod
    def empty(cls, width: float, height: float) -> "DescribedFigure":
        """Return a figure without anything in it, so many inches wide and high, that no list of pyplot has."""
        figure = cls(figsize=(width, height), dpi=100, facecolor="white")
        FigureCanvasAgg(figure)
        return figure

    def draw(self, renderer: Any) -> None:
        """Draw it, in its style."""
        with styled():
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write it to a file as matplotlib does, with its title and its alternative text in the metadata.

        A file that is named is written whole, or not at all. Raises ``OptionError`` for one that can't be written.
        """
        if isinstance(fname, str | Path):
            kind = options.get("format") or Path(fname).suffix[1:]
            path = fname if kind else f"{fname}.png"  # as matplotlib names it
            options["format"] = kind or "png"
            written_whole(path, lambda file: self.savefig(file, **options))
            return
        kind = options.get("format") or "png"
        own: dict[str, Any] = {}
        if kind.lower() in _METADATA:
            title, description, date = _METADATA[kind.lower()]
            own = {title: plain(self.heading), description: self.alt_text} | ({date: None} if date else {})
        if own:
            options["metadata"] = {**own, **(options.get("metadata") or {})}
        with styled():
            super().savefig(fname, **options)

    def _repr_html_(self) -> str:
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        picture = b64encode(buffer.getvalue()).decode("ascii")
        return f'<img alt="{escape(self.alt_text)}" src="data:image/png;base64,{picture}">'
