"""Makes this package's own helpers importable, and `manifests` and `diagrams` of tools/, and watches the log.

The helpers' names carry `server_`: all packages' tests may run in one session.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
for folder in (_HERE, _HERE / "property", _HERE.parents[2] / "tools"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from server_fakes import Log  # noqa: E402  # after the path it is found by


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    """The package's log. An error nobody asked for with `Log.take` fails the test: a handler's fault must not go unseen."""
    records = Log()
    logger = logging.getLogger("socketio_do")
    logger.addHandler(records)
    yield records
    logger.removeHandler(records)
    assert [line for level, line in records.lines if level == "ERROR"] == []
