"""Compile the mechanics with all warnings and sanitizers, and hand them random inputs.

``python tests/arrays/fuzz_mechanics.py [INPUTS] [SEED]``; ``fuzz_mechanics.c`` compares each answer with that of a
plain loop. ``.ci/run checks`` runs it with a smaller number.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from ombudsman_kpi.arrays.compiling import compiler

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
SANITIZED = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def main(inputs: str = "1000000", seed: str = "0") -> str:
    """Return what the program says. Raises ``subprocess.CalledProcessError`` where it finds a fault."""
    command = compiler()
    if command is None:
        raise SystemExit("There is no C compiler: name one by the variable CC.")
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder, "fuzz"))
        source = str(Path(__file__).with_suffix(".c"))
        subprocess.run([*command, *STRICT, *SANITIZED, "-o", program, source], check=True)
        return subprocess.run([program, inputs, seed], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    print(main(*sys.argv[1:]), end="")
