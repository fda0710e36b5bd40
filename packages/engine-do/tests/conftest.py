"""Makes this package's own helpers importable: `scripted_client` and `engine_strategies`."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
for folder in (_HERE, _HERE / "property"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
