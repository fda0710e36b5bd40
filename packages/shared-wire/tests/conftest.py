"""Makes helpers importable: this package's own, and `diagrams` of tools/.

This package's names carry `wire_`: all packages' tests may run in one session.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
for folder in (_HERE, _HERE / "property", _HERE.parents[2] / "tools"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
