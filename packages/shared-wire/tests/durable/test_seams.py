"""What is used below the SDK's wrappers must be there, or the error says which release has it."""

import sys
from importlib import metadata
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from shared_wire.errors import UnsupportedSdk
from shared_wire.testing import modules


class Proxy:
    """A value of JavaScript's."""


@pytest.fixture
def seams(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    modules.install()
    from shared_wire.durable import seams

    monkeypatch.setattr(seams, "JsProxy", Proxy)
    return seams


def test_what_a_wrapper_holds_is_unwrapped_and_what_is_no_wrapper_is_left(seams: ModuleType) -> None:
    proxy = Proxy()
    assert seams.raw(SimpleNamespace(_binding=proxy)) is seams.raw(proxy) is proxy
    assert seams.raw_request(SimpleNamespace(js_object=proxy)) is seams.raw_request(proxy) is proxy


@pytest.mark.parametrize(
    ("unwrap", "wrapper", "what"),
    [
        ("raw", SimpleNamespace(_inner=Proxy()), "SimpleNamespace._binding"),
        ("raw_request", SimpleNamespace(_inner=Proxy()), "SimpleNamespace.js_object"),
        ("raw", SimpleNamespace(_binding=SimpleNamespace()), "SimpleNamespace._binding"),
    ],
)
def test_a_wrapper_that_is_made_otherwise_is_an_error_that_names_the_releases(
    seams: ModuleType, monkeypatch: pytest.MonkeyPatch, unwrap: str, wrapper: Any, what: str
) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: {"workers-runtime-sdk": "2.3.4"}[name])
    with pytest.raises(UnsupportedSdk) as error:
        getattr(seams, unwrap)(wrapper)
    assert str(error.value).startswith(f"workers-runtime-sdk 2.3.4 has no {what}, ")
    assert '"workers-runtime-sdk>=1.9.0,<1.10"' in str(error.value)


def test_a_release_that_says_nothing_of_itself_is_of_an_unknown_version(seams: ModuleType) -> None:
    with pytest.raises(UnsupportedSdk, match="of an unknown version"):
        seams.raw(None)


def test_requests_that_cannot_be_unwrapped_are_found_before_one_comes(
    seams: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seams.check_sdk()
    monkeypatch.setattr(sys.modules["workers"], "Request", object)
    with pytest.raises(UnsupportedSdk, match=r"workers\.Request\.js_object"):
        seams.check_sdk()


def test_an_object_asks_when_it_is_constructed(seams: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared_wire import durable

    monkeypatch.delattr(sys.modules["workers"], "Request")
    with pytest.raises(UnsupportedSdk):
        durable.begin_life()
