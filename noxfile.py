"""Every check, and the demo. `nox` runs the checks, `nox -s demo` serves the chat, `nox --list` names them all.

`nox --parallel 2` runs those side by side that use one core, and prints what each says when it ends.
"""

import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2026.8.10"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"

#: For a check that uses one core: with `--parallel 2`, two of them run at the same time.
one_core = nox.session(tags=["one-core"], allow_parallel=True)
#: For a check that uses all cores, or measures: nothing else runs meanwhile.
all_cores = nox.session(tags=["all-cores"])
#: For what is no check: it runs only when it is named.
on_request = nox.session(default=False)

ROOT = Path(__file__).resolve().parent
PACKAGES = ROOT / "packages"
CONSTRAINTS = ROOT / "constraints.txt"

#: Each package with the siblings it declares; in its unit tests' environment is nothing else of ours.
SIBLINGS = {"shared-wire": (), "engine-do": ("shared-wire",), "socketio-do": ("shared-wire",)}

#: The range of python-socketio that socketio-do declares. Its lowest release is the newest as well, so it is tested at both ends;
#: `upstream` fails when `constraints.txt` has a newer one: then `unit(socketio-do)` and `upstream` are to be run with both.
[PYTHON_SOCKETIO] = (
    requirement
    for requirement in nox.project.load_toml(PACKAGES / "socketio-do" / "pyproject.toml")["project"]["dependencies"]
    if requirement.startswith("python-socketio")
)

#: The tests of a file stay together, so that what it sets up is set up once. By the alphabet: else the files with few tests, which
#: take longest, come last and alone.
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
#: Half of the tests each; who is done first gets half of what the other has not begun, so both end at about the same time.
TWO_AT_ONCE = ("--numprocesses", "2", "--dist", "worksteal")
#: Four files at a time, of tests that mostly wait.
FOUR_AT_ONCE = ("--numprocesses", "4", *BY_FILE)
#: The order of a set is part of what a seed repeats.
EXACT = {"PYTHONHASHSEED": "0"}
#: How the end-to-end tests are run, and those of them that `E2E_FAULT_SECONDS` makes longer.
E2E = ("-c", "tests-e2e/pyproject.toml", "--rootdir", "tests-e2e")
CHECK = "tests-e2e/test_check.py"
LONG_FORMS = (
    "faults",
    "costs",
    "rooms_model",
    "upgrade",
    "polling_resets",
    "hostile",
    "hostile_inputs",
    "worst_client",
    "examples",
    "churn",
    "crowd",
    "long_use",
    "application_bursts",
    "application_differences",
    "recovery_field",
    "restarts",
    "cuts",
    "builds",
)
#: The option of those tests that has them run in one object and in two, where else they see one of them each; and who these are.
BOTH = "--both-placements"
HALVED = (
    "differential",
    "client_options",
    "client_options_python",
    "engineio",
    "attacks",
    "bad_input",
    "quiet_moments",
)

#: What the simulation uses of the packages' own tests.
FAKES = (
    "packages/shared-wire/tests/wire_fakes.py",
    "packages/shared-wire/tests/wire_rpcs.py",
    "packages/socketio-do/tests/server_fakes.py",
)

#: For mypy, of a package's tests: what an application writes is checked by itself.
NO_TYPING = ("--exclude", "/tests/typing/")
#: Other options need a cache of their own: mypy does not use what it found under different ones, and overwrites it.
#: What an application writes, and what it must not write: strict but for calls of python-socketio's own functions.
APPLICATION = ("--untyped-calls-exclude", "socketio", "--cache-dir", ".mypy_cache/application")
#: python-socketio is not annotated: what only uses it is checked with these leave to call it.
USES_UNTYPED = (
    *("--allow-untyped-calls", "--allow-untyped-decorators", "--allow-subclassing-any"),
    *("--cache-dir", ".mypy_cache/uses-untyped"),
)


def install(session: nox.Session, *requirements: str, groups: tuple[str, ...] = ()) -> None:
    """Install in the versions and with the hashes of `constraints.txt`."""
    wanted = [*requirements, *(f"--group={group}" for group in groups)]
    session.run_install("uv", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS), *wanted, external=True)


def editable(*names: str) -> list[str]:
    """Name packages of the working tree as requirements."""
    return [part for name in names for part in ("--editable", str(PACKAGES / name))]


@one_core
def lint(session: nox.Session) -> None:
    """Check style, and that only durable/ imports the runtime."""
    install(session, groups=("lint",))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@one_core
def types(session: nox.Session) -> None:
    """Check all types strictly, tests and this file too."""
    install(
        session,
        *editable(*SIBLINGS),
        "--editable",
        str(ROOT / "tools"),
        groups=("types", "test", "aio", "clients", "dev", "bench"),
    )
    session.run("mypy", "noxfile.py", "dev.py", *(f"packages/{name}/src" for name in SIBLINGS))
    for name in ("shared-wire", "engine-do"):
        session.run("mypy", f"packages/{name}/tests", *NO_TYPING)
    for name in SIBLINGS:
        session.run("mypy", f"packages/{name}/tests/typing", *APPLICATION)
    session.run("mypy", "packages/socketio-do/tests", *NO_TYPING, *USES_UNTYPED)
    for files in (("simulation", *FAKES), ("tests-e2e",), ("benchmarks", "fuzz")):
        session.run("mypy", *files, *USES_UNTYPED)
    for folder in ("tools", "demo-server"):
        with session.chdir(folder):
            session.run("mypy", "--config-file", "pyproject.toml")


@all_cores
@nox.parametrize("package", [nox.param(name, id=name) for name in SIBLINGS])
def unit(session: nox.Session, package: str) -> None:
    """Run one package's tests where only that package and what it declares is installed."""
    install(session, *editable(*SIBLINGS[package], package), groups=("test", "parallel"))
    session.run("pytest", f"packages/{package}/tests", *(session.posargs or TWO_AT_ONCE))


@all_cores
def simulation(session: nox.Session) -> None:
    """Run the cores of all packages together through everything that may go wrong, by seeds."""
    install(session, *editable(*SIBLINGS), groups=("test", "parallel"))
    folders = ("simulation", "packages/socketio-do/examples", "demo-server/worker_tests")
    session.run("pytest", *folders, *(session.posargs or TWO_AT_ONCE), env=EXACT)


@on_request
def mutants(session: nox.Session) -> None:
    """Make mistakes in copies of the packages, and have the simulation and the unit tests find them: it takes an hour or more."""
    install(session, *editable(*SIBLINGS), groups=("test", "parallel"))
    session.run("python", "simulation/mutants.py", *(session.posargs or ("--unit",)), env=EXACT)


@one_core
def upstream(session: nox.Session) -> None:
    """Run python-socketio's own tests, from its source distribution, against our classes."""
    install(session, *editable("shared-wire", "socketio-do"), groups=("test", "aio", "upstream"))
    sources = _fetch_sources(session, "python-socketio")
    if f">={sources.name.rpartition('-')[2]}," not in PYTHON_SOCKETIO:
        session.error(f"{sources.name} is not the lowest of {PYTHON_SOCKETIO}: test both")
    session.run("python", "packages/socketio-do/tests/server_exclusions.py", str(sources), *session.posargs)


@all_cores
def fuzz(session: nox.Session) -> None:
    """Run the fuzzers for some seconds, after their own tests (longer, or one target: `nox -s fuzz -- --inputs 1000000`)."""
    install(session, *editable(*SIBLINGS), groups=("test",))
    if not session.posargs:
        session.run("pytest", "fuzz/tests")
    session.run("python", "fuzz", *(session.posargs or ("--inputs", "4000")))


def _fetch_sources(session: nox.Session, name: str) -> Path:
    """Unpack the source distribution of a package, in the version and with the hash of `constraints.txt`."""
    folder = Path(session.create_tmp()) / "sources"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pin = re.search(rf"^{name}==(?:.*\\\n)*.*\n", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert pin is not None
    (folder / "pin.txt").write_text(pin.group(), encoding="utf-8")
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--no-build-isolation")
    where = ("--no-binary", name, "--dest", str(folder), "--requirement", str(folder / "pin.txt"))
    session.run("python", "-m", "pip", "download", *options, *where)
    [archive] = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder)
    return folder / archive.name.removesuffix(".tar.gz")


@one_core
def tools(session: nox.Session) -> None:
    """Test the tool that prepares the local runtime."""
    install(session, "--editable", str(ROOT / "tools"), groups=("test",))
    session.run("pytest", "-c", "tools/pyproject.toml", "--rootdir", "tools", "tools/tests")


@one_core
def chat(session: nox.Session) -> None:
    """Test the demo's application on the stock python-socketio server."""
    install(session, PYTHON_SOCKETIO, groups=("test", "aio"))
    session.run("pytest", "-c", "demo-server/pyproject.toml", "--rootdir", "demo-server", "demo-server/tests")


@one_core
def bounds(session: nox.Session) -> None:
    """Check that the packages' bounds on each other, on upstream and on the SDK hold: uv ignores them between workspace members."""
    install(session, *editable(*SIBLINGS))
    session.run("uv", "pip", "check", external=True)
    # Both ends of the SDK's range exist; `check` starts Workers with the lowest, everything else runs with the newest.
    program = "from shared_wire.sdk import SDK, supported_range; print(SDK + supported_range())"
    sdk = str(session.run("python", "-c", program, silent=True)).strip()
    for end in ("lowest", "highest"):
        session.run("uv", "pip", "install", "--dry-run", "--resolution", end, sdk, external=True)


@one_core
def wheels(session: nox.Session) -> None:
    """Build the wheels, and install and import them where there is no workspace: the engine alone, then everything."""
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    for name in SIBLINGS:
        session.run("uv", "build", "--quiet", "--wheel", "--out-dir", str(dist), str(PACKAGES / name), external=True)
    for wanted, imports, absent in (
        ("engine-do", ("shared_wire", "engine_do"), ("socketio", "socketio_do")),
        ("socketio-do", ("shared_wire", "socketio_do"), ("engine_do",)),
        ("engine-do socketio-do", ("shared_wire", "engine_do", "socketio_do"), ()),
    ):
        _try_wheels(session, dist, wanted.split(), imports, absent)


def _try_wheels(
    session: nox.Session, dist: Path, wanted: list[str], imports: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    folder = dist.parent / ("env-" + "-".join(wanted))
    session.run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(folder), external=True)
    python = str(folder / "bin" / "python")
    files = {file.name.split("-")[0]: str(file) for file in dist.glob("*.whl")}
    needed = ["shared_wire", *(name.replace("-", "_") for name in wanted)]
    install(session, "--python", python, *(files[name] for name in needed))
    check = (
        "import importlib, importlib.util, sys\n"
        f"for name in {imports!r}: print(importlib.import_module(name).__file__)\n"
        f"found = [name for name in {absent!r} if importlib.util.find_spec(name)]\n"
        "sys.exit(f'installed though not asked for: {found}' if found else 0)"
    )
    session.run(python, "-I", "-c", check, external=True)
    for name in wanted:
        projects = sorted(str(one) for one in (PACKAGES / name / "examples").iterdir())
        session.run(str(folder / "bin" / name), "check", "--no-snapshot", *projects, external=True)


@one_core
def published(session: nox.Session) -> None:
    """Read with the tree what the last released shared-wire writes; there is nothing to do before the first release."""
    tags = session.run("git", "tag", "--list", "shared-wire-v*", "--sort=-v:refname", silent=True, external=True)
    if not tags or not str(tags).strip():
        session.skip("no shared-wire-v* tag yet")
    tag = str(tags).split()[0]
    folder = Path(session.create_tmp()) / tag
    shutil.rmtree(folder, ignore_errors=True)
    session.run("git", "worktree", "add", "--force", "--detach", str(folder), tag, silent=True, external=True)
    try:
        install(session, str(folder / "packages" / "shared-wire"))
        write = "packages/shared-wire/tests/golden/write_frames.py"
        session.run("python", write, str(folder / "packages/shared-wire/tests/golden/v1"), str(folder / "frames"))
        install(session, *editable("shared-wire"))
        session.run(
            "python", write, "--read", str(folder / "packages/shared-wire/tests/golden/v1"), str(folder / "frames")
        )
    finally:
        session.run("git", "worktree", "remove", "--force", str(folder), silent=True, external=True)


@all_cores
def e2e(session: nox.Session) -> None:
    """Run the whole system under `wrangler dev` with real clients (`-- --both-placements`: all of it in one object and in two)."""
    session.env.pop("PYTHONPATH", None)
    _install_e2e(session, *editable("shared-wire"))  # its model of the runtime, which is held against the real one
    if set(session.posargs) - {BOTH}:
        session.run("pytest", *E2E, *session.posargs)
        return
    # Most of them wait most of the time, so four go side by side; those that measure time or memory go alone.
    others = ("tests-e2e", f"--ignore={CHECK}", *session.posargs)
    session.run("pytest", *E2E, *others, "-m", "not alone", *FOUR_AT_ONCE)
    session.run("pytest", *E2E, *others, "-m", "alone")


@all_cores
def check(session: nox.Session) -> None:
    """Run `socketio-do check` on our own Workers with its snapshot gate, and stock clients against what starts from a snapshot."""
    session.env.pop("PYTHONPATH", None)
    _install_e2e(session, *editable("shared-wire"))
    session.run("pytest", *E2E, *(session.posargs or (CHECK, *TWO_AT_ONCE)))


def _install_e2e(session: nox.Session, *more: str) -> None:
    needed = ["--editable", str(ROOT / "tools"), *more, PYTHON_SOCKETIO]
    install(session, *needed, groups=("test", "aio", "clients", "parallel"))


@on_request
def soak(session: nox.Session) -> None:
    """Run the tests that have a long form in it, a million steps of each simulation, and ten million fuzzed inputs."""
    _install_e2e(session, *editable(*SIBLINGS))
    long = {"E2E_FAULT_SECONDS": "150", "E2E_IDLE_LOOKS": "10"}
    session.run("pytest", *E2E, *(session.posargs or (f"tests-e2e/test_{name}.py" for name in LONG_FORMS)), env=long)
    session.run("pytest", *E2E, *(f"tests-e2e/test_{name}.py" for name in HALVED), BOTH, *FOUR_AT_ONCE)
    session.run(
        "pytest",
        *("-p", "no:asyncio"),
        "packages/shared-wire/tests/property/test_simulation.py",
        "simulation/test_simulation.py",
        "simulation/test_system.py",
        "simulation/test_mixed_builds.py",
        "simulation/test_rooms.py",
        "simulation/test_returns.py",
        "simulation/test_deploy_week.py",
        env={
            **EXACT,
            "SHARED_WIRE_SIMULATION_STEPS": "1000000",
            "SIMULATION_STEPS": "1000000",
            "SYSTEM_STEPS": "1000000",
            "DEPLOY_WEEK": "1",
        },
    )
    session.run("python", "fuzz", "--inputs", "10000000")


@on_request
def demo(session: nox.Session) -> None:
    """Prepare everything and serve the chat at http://127.0.0.1:8787/ (`-- --port 9000`; `-- --split`: in two objects)."""
    install(session, "--editable", str(ROOT / "tools"))
    packages = [part for name in SIBLINGS for part in ("--package", f"packages/{name}")]
    state = ["--state", ".cache/demo-state", "--constraints", str(CONSTRAINTS)]
    options = [
        part for one in session.posargs for part in (("--var", "PLACEMENT=split") if one == "--split" else (one,))
    ]
    session.run("python", "-m", "local_runtime", "serve", "demo-server", *packages, *state, *options)


@on_request
def bench(session: nox.Session) -> None:
    """Print the figures of docs/results.md; what begins with a dash is given to the scripts (`-- engine_figures --wrangler`)."""
    install(session, "--editable", str(ROOT / "tools"), *editable(*SIBLINGS), groups=("aio", "bench"))
    options = [one for one in session.posargs if one.startswith("-")]
    scripts = [one for one in session.posargs if one not in options]
    for script in scripts or ("calls", "prices", "first_figures", "frames", "engine_figures", "socketio_figures"):
        session.run("python", f"benchmarks/{script}.py", *options)
