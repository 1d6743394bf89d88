"""The command line as a module: ``python -m ombudsman_kpi`` is the same as ``ombudsman-kpi``."""

import gc
import os
import sys


def main() -> None:
    """Run the command line. If its libraries are missing, print what to install and exit with 2."""
    gc.set_threshold(200_000, 20, 20)  # what is imported stays: to look for garbage in it takes a tenth of the start
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError:
        sys.stderr.write("The command line needs two more libraries: pip install 'ombudsman-kpi[cli]'\n")
        raise SystemExit(2) from None
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for them takes as long as a scheme
    from ombudsman_kpi.cli import run

    try:
        run()
    finally:
        gc.freeze()  # and so it does at the end, when Python looks for garbage in it several times


if __name__ == "__main__":
    main()
