import importlib
import pkgutil

import pytest

import local_runtime

MODULES = [module.name for module in pkgutil.iter_modules(local_runtime.__path__)]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "_guard"])
def test_every_module_says_what_it_exports(name: str) -> None:
    module = importlib.import_module(f"local_runtime.{name}")
    assert all(hasattr(module, export) for export in module.__all__)


def test_the_package_exports_what_it_says() -> None:
    assert list(local_runtime.__all__) == sorted(local_runtime.__all__)
    assert all(hasattr(local_runtime, name) for name in local_runtime.__all__)
