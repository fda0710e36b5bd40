"""What can go wrong, one class per cause a caller may want to tell apart.

RuntimeToolError
├── PatchSiteMissing    pyodide.asm.mjs is not written as the patches expect
├── VersionMismatch     the pyodide package is not the one workerd was built for
├── CommandFailed       npm or uv ended with an error
├── ToolMissing         a program that must be installed is not there
├── ProjectInvalid      the project, its config or its packages cannot be served as they are
└── ServerFailed        wrangler dev or workerd did not come up, or ended
"""

from collections.abc import Sequence

__all__ = [
    "CommandFailed",
    "PatchSiteMissing",
    "ProjectInvalid",
    "RuntimeToolError",
    "ServerFailed",
    "ToolMissing",
    "VersionMismatch",
]

LOG_END = 4000
"""Characters of the log that an error shows: a Python traceback and what stands around it."""


class RuntimeToolError(Exception):
    """Root of all errors of this tool; its text says what to do next where that is known."""


class PatchSiteMissing(RuntimeToolError):
    """A place that must be rewritten was not found as often as it must be.

    Never go on after this: a silently missed site fails later, inside the interpreter,
    with an error that does not lead back here.
    """

    def __init__(self, site: str, *, expected: int, found: int) -> None:
        super().__init__(
            f"pyodide.asm.mjs: patch site '{site}' was found {found} times, expected {expected}. "
            "This Pyodide release is written differently: adapt local_runtime/patches.py."
        )
        self.site = site
        self.expected = expected
        self.found = found


class VersionMismatch(RuntimeToolError):
    """The installed pyodide package differs from the release workerd was built for."""

    def __init__(self, *, installed: str, wanted: str) -> None:
        super().__init__(
            f"npm package pyodide is {installed}, but this workerd was built for {wanted}. "
            f'Set "pyodide": "{wanted}" in tools/package.json and renew tools/package-lock.json '
            "(see tools/README.md)."
        )
        self.installed = installed
        self.wanted = wanted


class CommandFailed(RuntimeToolError):
    """A program that was run to prepare something ended with an error."""

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        super().__init__(f"{' '.join(command)}\nended with code {code}:\n{output.strip()}")
        self.code = code
        self.output = output


class ToolMissing(RuntimeToolError):
    """A program that this tool needs is not installed where it looks for it."""


class ProjectInvalid(RuntimeToolError):
    """The project, its config or one of its packages cannot be used as given."""


class ServerFailed(RuntimeToolError):
    """The server gave no usable answer; `log` holds all that it printed."""

    def __init__(self, reason: str, *, log: str) -> None:
        end = log[-LOG_END:].strip()
        super().__init__(f"{reason} The log ends with:\n{end}" if end else reason)
        self.log = log
