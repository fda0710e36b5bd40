"""Makes this package's own helpers importable. Their names carry `wire_`: all packages' tests may run in one session."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
for folder in (_HERE, _HERE / "property"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
