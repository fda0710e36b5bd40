"""All checks of one project, from its texts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from shared_wire.checks.actors import Classes, find_binding_faults, module_name
from shared_wire.checks.deployment import (
    find_deployment_faults,
    find_environment_faults,
    find_sdk_fault,
    find_size_fault,
)
from shared_wire.checks.findings import Finding, without_ignored
from shared_wire.checks.hazards import find_hazards
from shared_wire.checks.settings import Settings
from shared_wire.checks.sources import Source

__all__ = ["Project", "Vendored"]


@dataclass(frozen=True, slots=True)
class Vendored:
    """What lies in `python_modules`."""

    #: Bytes by package, metadata included.
    sizes: Mapping[str, int] = field(default_factory=dict)
    #: Bytes of the whole Worker when it is compressed.
    compressed: int = 0
    #: The release of the SDK; none where it is not there.
    sdk: str | None = None


@dataclass(frozen=True)
class Project:
    """A Worker: the path of its configuration, what that says, and its Python files, all paths relative to one folder."""

    path: str
    text: str
    value: Mapping[str, Any]
    files: Mapping[str, str]
    vendored: Vendored = field(default_factory=Vendored)

    @property
    def settings(self) -> Settings:
        """What the top of the configuration says."""
        return next(Settings(self.path, self.text, self.value).environments())

    def classes(self) -> Classes | None:
        """Return the classes of the application; none where its entry module cannot be read."""
        sources, _ = self._parse(self.settings.main)
        entry = next((one for one in sources.values() if one.path == self.settings.main), None)
        return None if entry is None else Classes(sources, entry)

    def check(self) -> list[Finding]:
        """Return all findings in order, without those that a comment in their line ignores."""
        return without_ignored(self._find(), {**self.files, self.path: self.text})

    def _find(self) -> Iterator[Finding]:
        seen: set[str | None] = set()
        top, *named = Settings(self.path, self.text, self.value).environments()
        for settings in (top, *named):
            yield from find_deployment_faults(settings)
            yield from find_environment_faults(top, settings)
            if (settings.main, settings.objects, settings.migrations) != (
                top.main,
                top.objects,
                top.migrations,
            ) or not seen:
                yield from self._of_entry(settings)
            seen.add(settings.environment)
        sizes = {**self.vendored.sizes, "the application": sum(len(one.encode()) for one in self.files.values())}
        yield from find_size_fault(self.path, sizes, self.vendored.compressed)
        yield from find_sdk_fault(self.path, self.vendored.sdk)

    def _of_entry(self, settings: Settings) -> Iterator[Finding]:
        main, where = settings.main, settings.line("main")
        if main is None or main not in self.files:
            what = f"main is {main!r}, and there is no such file{settings.label}" if main else "there is no main"
            yield Finding(
                self.path, where, "main-missing", what, 'Write "main": "src/entry.py", where your classes are'
            )
            return
        sources, faults = self._parse(main)
        yield from faults
        for source in sources.values():
            yield from find_hazards(source)
        entry = next((one for one in sources.values() if one.path == main), None)
        if entry is not None:
            yield from find_binding_faults(settings, Classes(sources, entry))

    def _parse(self, main: str | None) -> tuple[dict[str, Source], list[Finding]]:
        """Parse the entry module, and all files beside it and below it."""
        sources: dict[str, Source] = {}
        faults: list[Finding] = []
        for path in sorted(self.files):
            if main is None or not PurePosixPath(path).is_relative_to(PurePosixPath(main).parent):
                continue
            name = module_name(path, main)
            try:
                sources[name] = Source.parse(path, name, self.files[path])
            except SyntaxError as error:
                line = error.lineno or 1
                faults.append(
                    Finding(path, line, "source-syntax", f"Python cannot read this: {error.msg}", "Correct the line")
                )
        return sources, faults
