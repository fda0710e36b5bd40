"""The range of the SDK is the one that is written wherever it is documented or required."""

import re
from pathlib import Path

import pytest

from shared_wire.sdk import SDK, is_supported, lowest_supported, supported_range

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("version", ["1.9.0", "1.9.5", "1.9.5.post1", "1.9.99"])
def test_releases_within_the_range_are_supported(version: str) -> None:
    assert is_supported(version)


@pytest.mark.parametrize("version", ["1.8.6", "1.10.0", "1.10", "2.0.0", "0.9.9"])
def test_releases_outside_it_are_not(version: str) -> None:
    assert not is_supported(version)


def test_the_lowest_release_is_supported_and_the_one_before_is_not() -> None:
    assert is_supported(lowest_supported())
    assert supported_range() == f">={lowest_supported()},<1.10"


PROJECTS = [ROOT / "demo-server", *(path.parent for path in ROOT.glob("packages/*/examples/*/pyproject.toml"))]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: str(project.name))
def test_our_workers_require_the_range(project: Path) -> None:
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(rf'"{SDK}([^"]*)"', text) == [supported_range()]


def test_the_version_that_tests_run_with_is_in_it() -> None:
    text = (ROOT / "tools" / "local_runtime" / "vendor.py").read_text(encoding="utf-8")
    [version] = re.findall(rf'"{SDK}==([\d.]+)"', text)
    assert is_supported(version)
