"""What a deploy needs besides the classes: a date, flags, environments, sizes, a version of the SDK that we know."""

from collections.abc import Iterator, Mapping
from typing import Final

from shared_wire.checks.findings import Finding
from shared_wire.checks.settings import Settings
from shared_wire.sdk import is_supported, supported_range

__all__ = [
    "MAX_BYTES",
    "MIN_DATE",
    "PYTHON_DATE",
    "find_deployment_faults",
    "find_environment_faults",
    "find_sdk_fault",
    "find_size_fault",
]

#: From this date timers, pending RPC and `waitUntil` keep an object in memory, which waiting handlers rely on.
MIN_DATE: Final = "2026-10-01"
#: From this date a Worker runs on Python 3.14, the only one that the packages are tested on.
PYTHON_DATE: Final = "2026-09-08"
#: Bytes of a Worker, not compressed, on every plan (Cloudflare's "Workers limits", Worker size, since May 2026; before, 10 MB
#: compressed, 3 MB on the free plan).
MAX_BYTES: Final = 64 * 1024 * 1024
#: Compressed bytes that the limit was before, by plan; not every page and account may have changed.
_OLDER_LIMITS: Final = {"free": 3_000_000, "paid": 10_000_000}

#: Flags that no deployed Worker may have, or that take away what we rely on, and why.
_REFUSED: Final = {
    "python_workers_development": ("flag-development", "looks for a Python runtime on this machine's disk"),
    "experimental": ("flag-development", "is for local use, and a deploy is refused with it"),
    "unsafe_module": ("flag-development", "lets code end objects at will, and is for local tests only"),
    "durable_object_io_tasks_do_not_prevent_eviction": (
        "flag-refused",
        "lets an object be taken from memory while a handler waits, and its work is lost",
    ),
}


def find_deployment_faults(settings: Settings) -> Iterator[Finding]:
    """Go through date and flags, and through what an environment has not inherited."""
    yield from _of_date(settings)
    if "python_workers" not in settings.flags:
        what = f'compatibility_flags lack "python_workers"{settings.label}, so there is no Python'
        instead = 'Write "compatibility_flags": ["python_workers"]'
        yield Finding(settings.path, settings.line("compatibility_flags"), "flag-missing", what, instead)
    for flag in settings.flags:
        if flag in _REFUSED:
            code, why = _REFUSED[flag]
            where = settings.line("compatibility_flags", flag)
            yield Finding(settings.path, where, code, f"the flag {flag} {why}{settings.label}", "Remove it")


def _of_date(settings: Settings) -> Iterator[Finding]:
    date, where = settings.date, settings.line("compatibility_date")
    instead = f'Write "compatibility_date": "{MIN_DATE}", or a later one'
    if date is None:
        yield Finding(settings.path, where, "date-minimum", f"there is no compatibility_date{settings.label}", instead)
    elif date < PYTHON_DATE:
        what = f"compatibility_date {date} runs on an older Python than 3.14{settings.label}"
        yield Finding(settings.path, where, "date-python", what, instead)
    elif date < MIN_DATE:
        what = f"with compatibility_date {date} an object is taken from memory while a handler waits{settings.label}"
        yield Finding(settings.path, where, "date-minimum", what, instead)


def find_environment_faults(top: Settings, environment: Settings) -> Iterator[Finding]:
    """Go through what the top of a configuration binds and one of its environments does not."""
    missing = {str(one.get("name")) for one in top.objects} - {str(one.get("name")) for one in environment.objects}
    if environment.environment is not None and missing:
        what = f"environment {environment.environment} does not bind {', '.join(sorted(missing))}: bindings are not inherited"
        instead = f"Repeat durable_objects in env.{environment.environment}"
        yield Finding(environment.path, environment.line(), "environment-bindings", what, instead)


def find_size_fault(path: str, sizes: Mapping[str, int], compressed: int) -> Iterator[Finding]:
    """Say that a Worker is too large; ``sizes`` are the bytes of its files and packages by name, ``compressed`` those of all."""
    total = sum(sizes.values())
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    instead = f"Remove dependencies; the largest are {', '.join(f'{name} {sizes[name]:,}' for name in largest)}"
    if total > MAX_BYTES:
        what = f"the Worker has {total:,} bytes, and the limit is {MAX_BYTES:,}"
        yield Finding(path, 1, "size-limit", what, instead)
    over = [plan for plan, most in _OLDER_LIMITS.items() if compressed > most]
    if over:
        what = (
            f"the Worker has {compressed:,} bytes compressed, and was too large for the {over[-1]} plan before May 2026"
        )
        yield Finding(path, 1, "size-plan", what, instead)


def find_sdk_fault(path: str, version: str | None) -> Iterator[Finding]:
    """Say that the vendored SDK is none of those that the packages are tested with; ``version`` none: it is not vendored."""
    if version is not None and not is_supported(version):
        what = f"workers-runtime-sdk {version} is vendored, and the packages are tested with {supported_range()}"
        yield Finding(
            path, 1, "sdk-version", what, f'Require "workers-runtime-sdk{supported_range()}" in pyproject.toml'
        )
