from pathlib import Path

import pytest

from local_runtime.cache import Cache
from local_runtime.errors import ProjectInvalid
from local_runtime.progress import Progress
from local_runtime.vendor import SDK, module_sizes, project_requirements, sdk_requirement, vendor


def package(folder: Path, name: str, *dependencies: str) -> Path:
    target = folder / name
    target.mkdir(parents=True)
    listed = ", ".join(f'"{dependency}"' for dependency in dependencies)
    text = f'[project]\nname = "{name}"\nversion = "1"\ndependencies = [{listed}]\n'
    (target / "pyproject.toml").write_text(text)
    return target


def vendor_all(cache: Path, packages: list[Path], requirements: tuple[str, ...] = ()) -> None:
    vendor(
        Cache(cache),
        packages=packages,
        requirements=requirements,
        constraints=None,
        progress=Progress(quiet=True),
    )


def test_a_needed_neighbour_is_never_taken_from_the_registry(tmp_path: Path) -> None:
    package(tmp_path / "packages", "shared-wire")
    engine = package(tmp_path / "packages", "engine-do", "Shared_Wire>=0.1,<0.2")
    with pytest.raises(ProjectInvalid, match="shared-wire is needed"):
        vendor_all(tmp_path / "cache", [engine])


def test_the_same_holds_for_what_the_project_requires(tmp_path: Path) -> None:
    package(tmp_path / "packages", "socketio-do")
    engine = package(tmp_path / "packages", "engine-do")
    with pytest.raises(ProjectInvalid, match="socketio-do is needed"):
        vendor_all(tmp_path / "cache", [engine], ("socketio-do[extra]==1",))


def test_a_folder_that_is_no_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid, match=r"no pyproject\.toml"):
        vendor_all(tmp_path / "cache", [tmp_path])


def test_requirements_of_a_project_come_from_its_own_file(tmp_path: Path) -> None:
    assert project_requirements(tmp_path) == ()
    assert project_requirements(package(tmp_path, "demo", "a>=1", "b")) == ("a>=1", "b")


def test_sizes_are_bytes_by_top_level_name(tmp_path: Path) -> None:
    (tmp_path / "package" / "deep").mkdir(parents=True)
    (tmp_path / "package" / "deep" / "a.py").write_text("12345")
    (tmp_path / "package" / "b.py").write_text("123")
    (tmp_path / "single.py").write_text("1")
    assert module_sizes(tmp_path) == {"package": 8, "single.py": 1}


def test_the_sdk_is_ours_unless_a_requirement_names_one() -> None:
    assert sdk_requirement(["engine-do"]) == (SDK,)
    assert sdk_requirement(["engine-do", "Workers_Runtime.SDK==1.9.0"]) == ()
