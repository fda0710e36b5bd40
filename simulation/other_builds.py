"""Another build of the packages beside the tree's, in one interpreter: a copy whose packages have other names.

`next_build.toml` has what the release after this one is taken to change. Names of packages are changed where they are imported, and
nowhere else: what is stored begins with the same words.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["NEXT", "Change", "load_changes", "rename", "write_build"]

ROOT: Final = Path(__file__).resolve().parents[1]
LIST: Final = Path(__file__).with_name("next_build.toml")
PACKAGES: Final = {"shared-wire": "shared_wire", "engine-do": "engine_do", "socketio-do": "socketio_do"}
#: What is behind the names of the next build's packages.
NEXT: Final = "_next"
#: What no Worker imports.
_TOOLS: Final = re.compile(r"[a-z_]+/(testing|checks|command)/.*")
_IMPORTED: Final = re.compile(rf"^(\s*(?:from|import) (?:{'|'.join(PACKAGES.values())}))\b", re.MULTILINE)
#: The second version of a frame: it differs from the first by its number and by a byte at the end.
_CODEC: Final = '''\
"""Wire version 2."""

from shared_wire.errors import MalformedFrame
from shared_wire.format import codec_v1
from shared_wire.format.frames import Frame

VERSION = 2


def encode(frame: Frame) -> bytes:
    return b"\\x02" + codec_v1.encode(frame)[1:] + b"!"


def decode(data: bytes) -> Frame:
    if not data.endswith(b"!"):
        raise MalformedFrame("no mark at the end")
    return codec_v1.decode(b"\\x01" + data[1:-1])
'''


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one format: text that is there once in a file, and what takes its place."""

    format: str
    file: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Make the change in the text of its file; raise `ValueError` where it does not fit."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.format}: the old text is {text.count(self.old)} times in {self.file}: {self.old}")
        return text.replace(self.old, self.new)


def load_changes() -> list[Change]:
    """Read the list."""
    return [Change(**fields) for fields in tomllib.loads(LIST.read_text(encoding="utf-8"))["change"]]


def rename(text: str, suffix: str = NEXT) -> str:
    """Return a module's text with the imports of another build."""
    return _IMPORTED.sub(rf"\1{suffix}", text)


def write_build(folder: Path, suffix: str = NEXT, packages: Path = ROOT / "packages") -> dict[str, Path]:
    """Write the next build into a folder; return its modules by their paths below that."""
    texts = dict(_texts(packages))
    texts["shared_wire/format/codec_v2.py"] = _CODEC
    for change in load_changes():
        texts[change.file] = change.apply(texts[change.file])
    written = {}
    for name, text in texts.items():
        package, _, rest = name.partition("/")
        path = f"{package}{suffix}/{rest}"
        written[path] = folder / path
        written[path].parent.mkdir(parents=True, exist_ok=True)
        written[path].write_text(rename(text, suffix), encoding="utf-8")
    return written


def _texts(packages: Path) -> Iterator[tuple[str, str]]:
    for project, package in PACKAGES.items():
        source = packages / project / "src"
        for file in sorted((source / package).rglob("*.py")):
            name = file.relative_to(source).as_posix()
            if not _TOOLS.fullmatch(name):
                yield name, file.read_text(encoding="utf-8")
