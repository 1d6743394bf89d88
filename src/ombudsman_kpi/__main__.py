"""The command line as a module: ``python -m ombudsman_kpi`` is the same as ``ombudsman-kpi``."""

import sys


def main() -> None:
    """Run the command line. If its libraries are missing, print what to install and exit with 2."""
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError:
        sys.stderr.write("The command line needs two more libraries: pip install 'ombudsman-kpi[cli]'\n")
        raise SystemExit(2) from None
    from ombudsman_kpi.cli import run

    run()


if __name__ == "__main__":
    main()
