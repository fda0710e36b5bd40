import pytest

from shared_wire.checks.deployment import (
    MAX_BYTES,
    MIN_DATE,
    PYTHON_DATE,
    find_deployment_faults,
    find_environment_faults,
    find_sdk_fault,
    find_size_fault,
)
from shared_wire.checks.settings import Settings


def settings(date: str | None = MIN_DATE, *flags: str) -> Settings:
    given = {} if date is None else {"compatibility_date": date}
    return Settings("wrangler.jsonc", "", {**given, "compatibility_flags": ["python_workers", *flags]})


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (settings(), []),
        (settings("2027-01-01", "enable_request_signal"), []),
        (settings(None), ["date-minimum"]),
        (settings("2026-09-30"), ["date-minimum"]),
        (settings(PYTHON_DATE), ["date-minimum"]),
        (settings("2026-09-07"), ["date-python"]),
        (settings(MIN_DATE, "python_workers_development"), ["flag-development"]),
        (settings(MIN_DATE, "unsafe_module"), ["flag-development"]),
        (settings(MIN_DATE, "durable_object_io_tasks_do_not_prevent_eviction"), ["flag-refused"]),
        (Settings("wrangler.jsonc", "", {"compatibility_date": MIN_DATE}), ["flag-missing"]),
    ],
)
def test_date_and_flags(where: Settings, found: list[str]) -> None:
    assert [one.code for one in find_deployment_faults(where)] == found


def test_an_environment_must_repeat_the_bindings() -> None:
    bindings = {"durable_objects": {"bindings": [{"name": "CHAT", "class_name": "Chat"}]}}
    top, lacks, has = Settings("w", "", {**bindings, "env": {"a": {}, "b": bindings}}).environments()
    assert [one.what for one in find_environment_faults(top, lacks)] == [
        "environment a does not bind CHAT: bindings are not inherited"
    ]
    assert list(find_environment_faults(top, has)) == []
    assert list(find_environment_faults(top, top)) == []


def test_sizes() -> None:
    assert list(find_size_fault("w", {"a": MAX_BYTES}, 3_000_000)) == []
    [large] = find_size_fault("w", {"a": MAX_BYTES, "b": 1}, 0)
    assert (large.code, large.is_error, "a 67,108,864, b 1" in large.instead) == ("size-limit", True, True)
    assert ["free plan" in one.what for one in find_size_fault("w", {}, 3_000_001)] == [True]
    assert [(one.code, "paid plan" in one.what) for one in find_size_fault("w", {}, 10_000_001)] == [
        ("size-plan", True)
    ]


def test_the_sdk_must_be_one_that_is_supported() -> None:
    assert list(find_sdk_fault("w", None)) == []
    assert list(find_sdk_fault("w", "1.9.5")) == []
    assert [one.code for one in find_sdk_fault("w", "2.0.0")] == ["sdk-version"]
