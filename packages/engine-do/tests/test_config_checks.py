import re
from collections import OrderedDict
from types import MappingProxyType

import pytest
from naming import named

from engine_do.config_checks import (
    COOKIE_ATTRIBUTES,
    MAX_NUMBER,
    check_callable,
    check_cookie,
    check_header_names,
    check_headers,
    check_number,
    check_origins,
    check_path,
    check_transports,
)
from engine_do.errors import ConfigError


@pytest.mark.parametrize("path", ["/", "/engine.io/", "/socket.io/", "/a/b/", "/a%20b/", "/a-b_c.d~e/"])
def test_a_path_between_slashes_is_taken(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "engine.io",
        "/engine.io",
        "engine.io/",
        "/a/?b/",
        "/engine.io#/",
        "//",
        "//a.example/",
        "/a//b/",
        "/a b/",
        "/a/\n",
        "https://example.com/",
        None,
        b"/engine.io/",
        5,
        ["/engine.io/"],
    ],
    ids=named,
)
def test_another_path_is_refused(path: object) -> None:
    with pytest.raises(ConfigError, match=f"path must begin and end with '/'.*; got {re.escape(repr(path))}"):
        check_path(path)


@pytest.mark.parametrize(
    "transports",
    [
        ["polling", "websocket"],
        ["websocket", "polling"],
        ("polling",),
        ["websocket"],
        ["polling", "polling"],
    ],
)
def test_the_transports_are_one_or_both(transports: object) -> None:
    check_transports(transports)


@pytest.mark.parametrize(
    "transports",
    [
        None,
        [],
        (),
        "polling",
        "websocket",
        b"polling",
        True,
        5,
        ["webtransport"],
        ["polling", "webtransport"],
        ["Polling"],
        ["polling", None],
        ["polling", 5],
        [["polling"]],
        {"polling"},
        {"polling": True},
        iter(["polling"]),
    ],
    ids=named,
)
def test_other_transports_are_refused(transports: object) -> None:
    with pytest.raises(ConfigError, match='transports is a list of "polling" and "websocket"'):
        check_transports(transports)


@pytest.mark.parametrize("value", [1, 25_000, MAX_NUMBER])
def test_a_number_is_above_0(value: int) -> None:
    check_number("limit", value)


@pytest.mark.parametrize(
    "value", [0, -1, MAX_NUMBER + 1, 1.0, 1.5, True, False, "1", None, float("nan"), [1], b"1"], ids=named
)
def test_another_number_is_refused(value: object) -> None:
    wanted = f"limit must be a whole number above 0, and at most {MAX_NUMBER}; got {value!r}"
    with pytest.raises(ConfigError, match=re.escape(wanted)):
        check_number("limit", value)


@pytest.mark.parametrize("hook", [None, len, lambda: None, str], ids=named)
def test_a_hook_is_whatever_can_be_called(hook: object) -> None:
    check_callable("hook", hook, "the request")


@pytest.mark.parametrize("hook", [False, 0, "", "len", [len], {}], ids=named)
def test_what_cannot_be_called_is_no_hook(hook: object) -> None:
    with pytest.raises(ConfigError, match="hook is a function of the request, or nothing"):
        check_callable("hook", hook, "the request")


@pytest.mark.parametrize("names", [[], (), ["cookie"], ("Cookie", "x-token")], ids=named)
def test_headers_are_named_in_a_list(names: object) -> None:
    check_header_names("exclude", names)


@pytest.mark.parametrize("names", [None, "cookie", b"cookie", [1], ["a b"], [""], {"cookie": 1}, {"cookie"}], ids=named)
def test_what_is_no_list_of_headers_is_refused(names: object) -> None:
    with pytest.raises(ConfigError, match="exclude is a list of header names"):
        check_header_names("exclude", names)


@pytest.mark.parametrize("origins", [None, str.isascii, lambda _: True], ids=named)
def test_origins_may_be_none_or_judged_by_a_function(origins: object) -> None:
    check_origins(origins)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "http://localhost:3000",
        "https://a.example:8443",
        "http://[::1]:8787",
        "https://xn--bcher-kva.example",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
        "ms-appx+x.1://a",
    ],
)
def test_what_clients_send_as_an_origin_is_taken(origin: str) -> None:
    for origins in (origin, [origin], (origin,), ["https://b.example", origin]):
        check_origins(origins)


@pytest.mark.parametrize(
    "origins",
    [
        5,
        True,
        b"https://a.example",
        [None],
        ["https://a.example", 5],
        [["https://a.example"]],
        [b"https://a.example"],
        {"https://a.example"},
        {"https://a.example": True},
        iter(["https://a.example"]),
    ],
    ids=named,
)
def test_origins_that_are_no_texts_in_an_order_are_refused(origins: object) -> None:
    with pytest.raises(ConfigError, match="cors_allowed_origins is an origin, a list of origins"):
        check_origins(origins)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "a.example",
        "//a.example",
        "https://",
        "https:a.example",
        "https://*.example",
        "https://Example.com",
        "https://user@a.example",
        "https://a.example/",
        "https://a.example/chat",
        "HTTPS://a.example",
        " https://a.example",
        "https://a.example ",
        "https://a.example\n",
        "https://a.example, https://b.example",
        "**",
        "NULL",
    ],
)
@pytest.mark.parametrize("listed", [False, True], ids=["one", "in a list"])
def test_what_no_browser_sends_as_an_origin_is_refused_and_named(origin: str, listed: bool) -> None:
    with pytest.raises(ConfigError, match=f"with nothing behind; got {re.escape(repr(origin))}"):
        check_origins(["https://b.example", origin] if listed else origin)


@pytest.mark.parametrize(
    "cookie",
    [
        None,
        "io",
        "__Host-io",
        "a!#$%&'*+.^_`|~9",
        {"name": "io"},
        {"name": "io", "path": "/socket.io/", "domain": "a.example", "max_age": 60, "same_site": "Strict"},
        {"name": "io", "http_only": False, "secure": True, "same_site": "None"},
        {"name": "io", "max_age": 0},
        MappingProxyType({"name": "io"}),
        OrderedDict(name="io"),
    ],
    ids=named,
)
def test_a_cookie_is_a_name_or_a_name_and_attributes(cookie: object) -> None:
    check_cookie(cookie)


@pytest.mark.parametrize(
    "cookie",
    [
        *("", "a b", "a=b", "a;b", "ä", "io\n", 5, True, False, b"io", [], ["io"], {}, {"path": "/"}),
        *({"name": None}, {"name": ""}, {"name": "a b"}, {"name": b"io"}, {"Name": "io"}),
    ],
    ids=named,
)
def test_a_cookie_without_a_good_name_is_refused(cookie: object) -> None:
    with pytest.raises(ConfigError, match='cookie is a name, like "io"'):
        check_cookie(cookie)


@pytest.mark.parametrize("name", ["httpOnly", "sameSite", "maxAge", "expires", "Path", "", 5])
def test_an_attribute_no_cookie_has_is_refused_and_the_others_are_listed(name: object) -> None:
    listed = "path, domain, max_age, same_site, http_only, secure"
    with pytest.raises(ConfigError, match=f"cookie has no attribute {name!r}; it has {listed}"):
        check_cookie({"name": "io", name: True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("path", None),
        ("path", ""),
        ("path", "/; Secure"),
        ("path", "/ "),
        ("path", "/\r\nx: y"),
        ("path", "/ä"),
        ("path", 5),
        ("domain", b"a.example"),
        ("domain", ";"),
        ("max_age", "60"),
        ("max_age", 1.5),
        ("max_age", True),
        ("max_age", None),
        ("same_site", True),
        ("http_only", 1),
        ("http_only", "yes"),
        ("secure", None),
    ],
)
def test_an_attribute_of_the_wrong_type_or_with_a_header_inside_is_refused(name: str, value: object) -> None:
    expected = COOKIE_ATTRIBUTES[name][1].__name__
    with pytest.raises(ConfigError, match=f"cookie: {name} is a {expected} without spaces and semicolons"):
        check_cookie({"name": "io", name: value})


@pytest.mark.parametrize("same_site", ["strict", "lax", "none", "Any"])
def test_same_site_is_one_of_three(same_site: str) -> None:
    with pytest.raises(ConfigError, match='same_site is "Strict", "Lax" or "None"'):
        check_cookie({"name": "io", "same_site": same_site})


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-frame-options": "DENY"}, {"X": ""}, {"a": "b c\t~"}, {"a": "\xe9"}],
    ids=named,
)
def test_headers_are_names_and_values(headers: object) -> None:
    check_headers(headers)


@pytest.mark.parametrize("headers", [None, [], [("a", "b")], "a: b", 5], ids=named)
def test_headers_that_are_no_mapping_are_refused(headers: object) -> None:
    with pytest.raises(ConfigError, match="response_headers maps names to values"):
        check_headers(headers)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "ä", 5, None, b"a"], ids=named)
def test_a_header_no_response_can_have_is_refused(name: object) -> None:
    with pytest.raises(ConfigError, match=f"response_headers: a name is .*; got {re.escape(repr(name))}"):
        check_headers({"good": "one", name: "value"})


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "\n", "\x00", "\x7f", "\u20ac", 5, None, b"a"], ids=named)
def test_a_value_that_would_begin_another_header_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=f"response_headers: a value is .*; got {re.escape(repr(value))}"):
        check_headers({"good": "one", "name": value})
