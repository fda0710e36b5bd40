"""Makes the helpers of this folder and the fakes of the packages importable, and gives no run a log with errors in it."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
_PACKAGES = _HERE.parent / "packages"
for folder in (_HERE, _PACKAGES / "shared-wire" / "tests", _PACKAGES / "socketio-do" / "tests"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
