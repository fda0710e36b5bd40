"""Makes the helpers of this folder and the fakes of the packages importable, and runs first what takes longest."""

import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_PACKAGES = _HERE.parent / "packages"
for folder in (_HERE, _PACKAGES / "shared-wire" / "tests", _PACKAGES / "socketio-do" / "tests"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

#: What takes longest comes first, so that several processes end at about the same time.
_LONGEST = ("test_system", "test_rooms", "test_simulation")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the files that take longest first."""
    items.sort(key=lambda item: item.path.stem not in _LONGEST)
