"""The pytest plugin: a fixture ``world``, which runs the project that the test belongs to."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

__all__ = ["pytest_addoption", "worker_bindings", "world"]

_CONFIG = "wrangler.jsonc"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say where its ``wrangler.jsonc`` is, when no folder above the test has it."""
    parser.addini(
        "socketio_do_project", "folder with the wrangler.jsonc of the Worker that tests run, from the rootdir"
    )


@pytest.fixture
def worker_bindings() -> Mapping[str, object]:
    """Return the bindings that a project's configuration does not have, or has otherwise: override it for secrets and fakes."""
    return {}


@pytest.fixture
def world(request: pytest.FixtureRequest, worker_bindings: Mapping[str, object]) -> Iterator[object]:
    """Return a Worker of the test's own: the one whose ``wrangler.jsonc`` is in the nearest folder above the test's file."""
    from socketio_do.testing import World  # here, so that nothing is imported where no test asks for it

    with World.load(find_project(request), **worker_bindings) as made:
        yield made


def find_project(request: pytest.FixtureRequest) -> Path:
    """Return the folder of a test's project; raises `pytest.UsageError` where there is none."""
    chosen = request.config.getini("socketio_do_project")
    if chosen:
        return Path(request.config.rootpath, chosen)
    for folder in request.path.parents:
        if (folder / _CONFIG).is_file():
            return folder
    raise pytest.UsageError(f"no {_CONFIG} in a folder above {request.path}: set socketio_do_project in the ini file")
