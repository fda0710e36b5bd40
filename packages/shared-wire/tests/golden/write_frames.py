"""Writes the golden cases with whatever shared-wire is installed, or reads them back: two releases, one after the other.

write_frames.py CASES FRAMES            writes each case of CASES/cases.py to a file in FRAMES
write_frames.py --read CASES FRAMES     fails unless each file still means its case
"""

import sys
from pathlib import Path

from shared_wire import decode, encode


def main(arguments: list[str]) -> int | str:
    """Write or read; returns what `sys.exit` takes."""
    reading = arguments[0] == "--read"
    cases_folder, frames = map(Path, arguments[-2:])
    sys.path.insert(0, str(cases_folder))
    from cases import CASES

    frames.mkdir(exist_ok=True)
    for name, case in CASES.items():
        file = frames / f"{name}.bin"
        if not reading:
            file.write_bytes(encode(case))
        elif decode(file.read_bytes()) != case:
            return f"{name} is read differently"
    print(f"{len(CASES)} frames {'read' if reading else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
