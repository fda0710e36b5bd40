"""Runs this project's commands on a machine that has Python 3.11 and pip, and nothing else.

    python3 dev.py demo     prepares everything and serves the chat
    python3 dev.py          runs every check; name one or more to run only those
    python3 dev.py --list   lists them

It keeps nox and uv, pinned, in an environment of its own under `.cache/`, and hands over to nox. Whoever has both may call nox
directly. Of all checks, those that use one core run first, two at a time: what each says is printed when it ends.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CONSTRAINTS = ROOT / "constraints.txt"

#: How nox is called for every check: one call after the other, also where one fails.
EVERY_CHECK = (["--tags", "one-core", "--parallel", "2"], ["--tags", "all-cores"])


def main() -> None:
    """Hand over to nox."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have any Python
        sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])
    python = interpreter(prepare_environment())
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        arguments = ["--session", *arguments]
    try:
        codes = [run_nox(python, call) for call in ([arguments] if arguments else EVERY_CHECK)]
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(next((code for code in codes if code), 0))


def run_nox(python: Path, arguments: list[str]) -> int:
    """Run nox; returns its exit code."""
    command = [str(python), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *arguments]
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    return subprocess.run(command, env={**os.environ, "PATH": path}, check=False).returncode


def prepare_environment() -> Path:
    """Make the environment with nox and uv, unless it is there; it is named by what it was made from."""
    key = hashlib.sha256(CONSTRAINTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = ROOT / ".cache" / f"dev-{key}"
    if environment.exists():
        return environment
    print("dev.py: installing nox and uv ...", file=sys.stderr, flush=True)
    half_made = environment.with_name(environment.name + ".half")
    shutil.rmtree(half_made, ignore_errors=True)
    # Without pip inside, so that the standard library's ensurepip (a package of its own on Debian) is not needed.
    run([sys.executable, "-m", "venv", "--without-pip", str(half_made)])
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "--python",
        str(interpreter(half_made)),
    ]
    run([*pip, "install", "--require-hashes", "--requirement", str(ROOT / "tools" / "bootstrap.txt")])
    half_made.rename(environment)
    return environment


def interpreter(environment: Path) -> Path:
    """Name an environment's Python. It is run as a module's host: scripts would name the folder they were installed in."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(command: list[str]) -> None:
    """Run a command; on failure its own message is all there is to say."""
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(f"dev.py: failed with code {done.returncode}: {' '.join(command)}")


if __name__ == "__main__":
    main()
