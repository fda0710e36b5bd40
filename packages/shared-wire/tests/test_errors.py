import inspect
import re

import pytest

from shared_wire import errors
from shared_wire.errors import (
    FrameTooLarge,
    LocalWireError,
    MalformedFrame,
    NestedTooDeep,
    RefusedJson,
    RemoteWireError,
    UnsupportedSdk,
    UnsupportedVersion,
    UnwritableValue,
    WireError,
)

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_there_is_one_root() -> None:
    assert WireError.__bases__ == (Exception,)
    assert all(issubclass(cls, WireError) for cls in CLASSES)


def test_our_fault_and_the_peers_fault_are_apart() -> None:
    assert not issubclass(LocalWireError, RemoteWireError)
    assert not issubclass(RemoteWireError, LocalWireError)
    for cls in (MalformedFrame, FrameTooLarge, RefusedJson, UnsupportedVersion):
        assert cls.__bases__ == (RemoteWireError,)
    assert UnwritableValue.__bases__ == (LocalWireError,)
    assert NestedTooDeep.__bases__ == (UnwritableValue,)
    assert UnsupportedSdk.__bases__ == (LocalWireError,)


def test_the_codes_are_pinned() -> None:
    assert {cls.__name__: cls.code for cls in CLASSES} == {
        "WireError": "wire",
        "LocalWireError": "local",
        "RemoteWireError": "remote",
        "MalformedFrame": "malformed",
        "FrameTooLarge": "too-large",
        "UnsupportedVersion": "unsupported-version",
        "RefusedJson": "refused-json",
        "UnwritableValue": "unwritable-value",
        "NestedTooDeep": "nested-too-deep",
        "UnsupportedSdk": "unsupported-sdk",
    }


@pytest.mark.parametrize("cls", CLASSES)
def test_each_class_says_what_happened(cls: type[WireError]) -> None:
    assert cls.__doc__
    with pytest.raises(cls, match="the details"):
        raise cls("the details")


def test_the_tree_on_top_of_the_module_names_every_class() -> None:
    tree = inspect.getdoc(errors) or ""
    assert set(re.findall(r"\b\w*(?:WireError|Frame|Large|Version|Json|Value|Deep|Sdk)\b", tree)) == set(errors.__all__)
