from pathlib import Path

import pytest

from local_runtime.config import DEVELOPMENT_FLAG, derive, merge, read
from local_runtime.errors import ProjectInvalid

CONFIG: dict[str, object] = {
    "$schema": "node_modules/wrangler/config-schema.json",
    "main": "src/entry.py",
    "compatibility_flags": ["python_workers", "other"],
    "vars": {"A": "1", "B": "2"},
}


def test_development_flag_is_added_and_the_original_kept() -> None:
    derived = derive(CONFIG, {})
    assert derived["compatibility_flags"] == ["python_workers", "other", DEVELOPMENT_FLAG]
    assert CONFIG["compatibility_flags"] == ["python_workers", "other"]


def test_development_flag_is_not_repeated() -> None:
    flags = ["python_workers", DEVELOPMENT_FLAG]
    assert derive({**CONFIG, "compatibility_flags": flags}, {})["compatibility_flags"] == flags


def test_overrides_merge_objects_and_replace_the_rest() -> None:
    derived = derive(CONFIG, {"vars": {"B": "3", "C": 4}, "main": "src/test.py"})
    assert derived["vars"] == {"A": "1", "B": "3", "C": 4}
    assert derived["main"] == "src/test.py"


def test_schema_is_dropped_because_its_path_would_not_hold() -> None:
    assert "$schema" not in derive(CONFIG, {})


@pytest.mark.parametrize("missing", ["main", "compatibility_flags"])
def test_a_config_that_is_no_python_worker_is_an_error(missing: str) -> None:
    with pytest.raises(ProjectInvalid, match=missing):
        derive({name: value for name, value in CONFIG.items() if name != missing}, {})


def test_merge_replaces_an_object_by_a_plain_value() -> None:
    assert merge({"a": {"b": 1}}, {"a": None}) == {"a": None}


def test_read_takes_jsonc(tmp_path: Path) -> None:
    (tmp_path / "wrangler.jsonc").write_text('{ "name": "x", } // end')
    file, config = read(tmp_path)
    assert (file.name, config) == ("wrangler.jsonc", {"name": "x"})


def test_a_folder_with_no_config_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid, match=r"no wrangler\.jsonc or wrangler\.json"):
        read(tmp_path)
