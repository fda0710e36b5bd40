import pytest

from shared_wire.checks.settings import Settings, loads_jsonc

TEXT = """\
{
  // "main": "nowhere.py",
  "main": "src/entry.py", /* one
  and another line */
  "compatibility_date": "2026-11-01",
  "durable_objects": { "bindings": [{ "name": "CHAT", "class_name": "Chat" },] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Chat"] }],
  "vars": { "URL": "http://x//y" },
  "env": {
    "staging": { "vars": {}, "compatibility_date": "2026-12-01" },
  },
}
"""


@pytest.fixture
def top() -> Settings:
    return next(Settings("wrangler.jsonc", TEXT, loads_jsonc(TEXT)).environments())


def test_comments_and_trailing_commas_are_read_and_texts_are_left_alone() -> None:
    assert loads_jsonc(TEXT)["vars"] == {"URL": "http://x//y"}


def test_an_error_names_the_line() -> None:
    with pytest.raises(ValueError, match="line 3"):
        loads_jsonc('{\n// a\n"a" 1}')


def test_an_environment_inherits_what_wrangler_lets_it(top: Settings) -> None:
    _, staging = Settings("wrangler.jsonc", TEXT, loads_jsonc(TEXT)).environments()
    assert (staging.main, staging.date) == ("src/entry.py", "2026-12-01")
    assert (staging.migrations, staging.objects) == (top.migrations, [])
    assert (top.label, staging.label) == ("", " (environment staging)")


def test_lines_are_those_of_the_file_and_comments_are_none(top: Settings) -> None:
    assert top.line("main") == 3
    assert top.line("durable_objects", "Chat") == 6
    assert top.line("migrations", "Chat") == 7
    assert top.line("nothing") == 1


def test_lines_of_an_environment_are_behind_its_name() -> None:
    _, staging = Settings("wrangler.jsonc", TEXT, loads_jsonc(TEXT)).environments()
    assert staging.line("compatibility_date") == 10


def test_what_is_not_of_the_kind_that_wrangler_reads_is_nothing() -> None:
    value = {"main": 3, "durable_objects": [], "migrations": {}, "compatibility_flags": "x"}
    odd = Settings("wrangler.jsonc", "", value)
    assert (odd.main, odd.date, odd.flags, odd.objects, odd.migrations) == (None, None, [], [], [])
