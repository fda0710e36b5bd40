"""Makes `fuzz` importable, wherever it is started from, and runs it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from fuzz.command import main  # noqa: E402  # after the path it is found by

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
