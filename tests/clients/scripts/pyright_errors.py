"""The lines of a file in which pyright finds an error; the packages are those of another Python: FILE PYTHON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

file, python = sys.argv[1:]
pyright = Path(sys.executable).parent / "pyright"
command = [str(pyright), "--outputjson", "--pythonpath", python, file]
found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)["generalDiagnostics"]
print(json.dumps(sorted({one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"})))
