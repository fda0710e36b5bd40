from shared_wire.checks.settings import Settings
from shared_wire.command.workerd_config import write_config

SETTINGS = Settings(
    "wrangler.jsonc",
    "",
    {
        "main": "src/entry.py",
        "compatibility_date": "2026-11-01",
        "compatibility_flags": ["python_workers"],
        "durable_objects": {
            "bindings": [
                {"name": "CHAT", "class_name": "Chat"},
                {"name": "SAME", "class_name": "Chat"},
                {"name": "FAR", "class_name": "Far", "script_name": "far"},
            ]
        },
        "vars": {"TITLE": 'a "b"', "NUMBER": 3},
    },
)
VENDORED = ("workers/utils.py", "workers/workflows.js")


def test_the_configuration_names_what_the_project_has() -> None:
    text = write_config(SETTINGS, ["src/entry.py", "src/a/b.py", "other/c.py"], VENDORED, [("CHAT", "e0")], ["more"])
    for line in (
        'compatibilityDate = "2026-11-01"',
        'compatibilityFlags = ["python_workers", "more"]',
        '(className = "Chat", uniqueKey = "Chat", enableSql = true),',
        '(name = "SAME", durableObjectNamespace = "Chat"),',
        '(name = "TITLE", text = "a \\"b\\""),',
        '(name = "NUMBER", json = "3"),',
        '(name = "entry.py", pythonModule = embed "src/entry.py"),',
        '(name = "a/b.py", pythonModule = embed "src/a/b.py"),',
        '(name = "python_modules/workers/utils.py", data = embed "python_modules/workers/utils.py"),',
        '(name = "python_modules/workers/workflows.js", esModule = embed "python_modules/workers/workflows.js"),',
        '(name = "CHAT", durableObjectNamespace = (className = "Chat", serviceName = "worker")),',
    ):
        assert line in text
    assert "other/c.py" not in text
    assert "FAR" not in text
    assert text.count('className = "Chat", uniqueKey') == 1
