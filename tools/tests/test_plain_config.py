import re

from local_runtime.plain_config import left_out, write

CONFIG: dict[str, object] = {
    "name": "chat",
    "main": "src/entry.py",
    "compatibility_date": "2026-11-01",
    "compatibility_flags": ["python_workers", "python_workers_development"],
    "vars": {"GREETING": 'a "quoted"\nline', "LIMITS": {"size": 3}},
    "durable_objects": {
        "bindings": [
            {"name": "ROOM", "class_name": "Room"},
            {"name": "OLD", "class_name": "Old"},
        ]
    },
    "migrations": [
        {"tag": "v1", "new_classes": ["Old", "Unbound"]},
        {"tag": "v2", "new_sqlite_classes": ["Room"]},
    ],
}
SOURCES = ["pyproject.toml", "src/app/rooms.py", "src/entry.py", "scripts/tool.py", "src/data.txt"]
VENDORED = ["workers/workflows.js", "workers/__init__.py", "other/script.js"]


def entries(section: str, text: str) -> list[str]:
    """The entries of one list of the config."""
    found = re.search(rf"  {section} = \[\n(.*?)\n  \]", text, re.DOTALL)
    assert found
    return [line.strip(" (),") for line in found[1].splitlines()]


def test_durable_objects_store_on_disk_and_in_sqlite_as_migrated() -> None:
    text = write(CONFIG, SOURCES, VENDORED)
    assert entries("durableObjectNamespaces", text) == [
        'className = "Old", uniqueKey = "chat-Old"',
        'className = "Room", uniqueKey = "chat-Room", enableSql = true',
        'className = "Unbound", uniqueKey = "chat-Unbound"',
    ]
    assert 'durableObjectStorage = (localDisk = "storage")' in text
    assert '(name = "storage", disk = (path = "storage", writable = true))' in text


def test_bindings_are_the_objects_and_the_variables() -> None:
    assert entries("bindings", write(CONFIG, SOURCES, VENDORED)) == [
        'name = "ROOM", durableObjectNamespace = "Room"',
        'name = "OLD", durableObjectNamespace = "Old"',
        r'name = "GREETING", text = "a \"quoted\"\nline"',
        r'name = "LIMITS", json = "{\"size\": 3}"',
    ]


def test_modules_begin_with_the_entry_and_are_named_as_it_imports_them() -> None:
    modules = entries("modules", write(CONFIG, SOURCES, VENDORED))
    assert modules[:2] == [
        'name = "entry.py", pythonModule = embed "src/entry.py"',
        'name = "app/rooms.py", pythonModule = embed "src/app/rooms.py"',
    ]
    assert modules[2:] == [
        f'name = "python_modules/{name}", {kind} = embed "python_modules/{name}"'
        for name, kind in (
            ("other/script.js", "data"),
            ("workers/__init__.py", "data"),
            ("workers/workflows.js", "esModule"),
        )
    ]


def test_date_and_flags_are_the_projects() -> None:
    text = write(CONFIG, SOURCES, VENDORED)
    assert 'compatibilityDate = "2026-11-01"' in text
    assert 'compatibilityFlags = ["python_workers", "python_workers_development"]' in text


def test_a_worker_with_no_objects_and_no_variables_has_empty_lists() -> None:
    text = write({"main": "entry.py", "compatibility_flags": []}, ["entry.py"], [])
    assert entries("bindings", text) == entries("durableObjectNamespaces", text) == []
    assert entries("modules", text) == ['name = "entry.py", pythonModule = embed "entry.py"']


def test_what_has_no_word_here_is_named_and_what_has_no_meaning_is_not() -> None:
    assert left_out(CONFIG) == []
    more: dict[str, object] = {"routes": [], "observability": {}, "r2_buckets": [], "assets": {}}
    assert left_out({**CONFIG, **more}) == ["assets", "r2_buckets"]


def test_what_is_excluded_from_the_vendored_modules_is_as_wrangler_reads_it() -> None:
    vendored = [
        "a/testing/b.py",
        "a/testing/c/d.py",
        "a/b/testing/e.py",
        "f/g.py",
        "f/h/i.pyc",
        "f.pyc",
        "gf/g.py",
    ]
    config = {**CONFIG, "python_modules": {"exclude": ["**/*.pyc", "*/testing/**", "f/**"]}}
    assert entries("modules", write(config, ["src/entry.py"], vendored))[1:] == [
        f'name = "python_modules/{name}", data = embed "python_modules/{name}"'
        for name in ("a/b/testing/e.py", "gf/g.py")
    ]
    assert left_out(config) == []
