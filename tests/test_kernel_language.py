"""The kernel language: ARTIQ's own names where it is installed, stand-ins elsewhere."""

import importlib
import sys
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

import dds_link.kernel_language  # noqa: F401 (so that what it imports is imported only once)

NAMES = ["TBool", "TFloat", "TFloats", "TInt32", "TInt32s", "TInt64", "TNone", "TStr", "TTone",
         "TWords", "host_only", "int32", "int64", "kernel", "portable", "rpc"]  # fmt: skip


def load(*absent: str, **present: ModuleType) -> Any:
    """The module as it is where some packages are not installed, and others are."""
    hidden = {name: None for name in (*absent, *sys.modules) if name.split(".")[0] in absent}
    with mock.patch.dict(sys.modules, {**hidden, **present}):
        sys.modules.pop("dds_link.kernel_language", None)
        return importlib.import_module("dds_link.kernel_language")


def test_it_offers_the_same_names_everywhere() -> None:
    for language in (load(), load("artiq"), load("artiq", "numpy")):
        assert sorted(language.__all__) == sorted(NAMES)
        assert all(hasattr(language, name) for name in NAMES)


@pytest.mark.parametrize("name", ["kernel", "portable", "rpc", "host_only"])
def test_without_artiq_a_decorator_changes_nothing(name: str) -> None:
    decorator = getattr(load("artiq"), name)

    def function() -> None:
        """To be decorated."""

    assert decorator(function) is function


@pytest.mark.parametrize("name", ["kernel", "portable", "rpc"])
def test_without_artiq_decorators_take_arguments(name: str) -> None:
    decorator = getattr(load("artiq"), name)

    def function() -> None:
        """To be decorated."""

    assert decorator(flags={"fast-math"})(function) is function
    assert decorator("core")(function) is function


def test_without_artiq_types_are_pythons() -> None:
    language = load("artiq", "numpy")
    assert language.int32 is language.int64 is language.TInt32 is language.TInt64 is int
    assert (language.TFloat, language.TBool, language.TStr) == (float, bool, str)
    assert language.TNone is None


def test_integers_are_numpys_where_it_is_installed() -> None:
    numpy = pytest.importorskip("numpy", reason="needs numpy")
    language = load("artiq")
    assert language.int32 is numpy.int32
    assert language.int64 is numpy.int64


def test_with_artiq_names_are_its_own() -> None:
    # An ARTIQ of nothing but names, to see that they are handed through.
    core: Any = ModuleType("artiq.language.core")
    types: Any = ModuleType("artiq.language.types")
    for name in ("host_only", "kernel", "portable", "rpc"):
        setattr(core, name, mock.sentinel.__getattr__(name))
    for name in ("TBool", "TFloat", "TInt32", "TInt64", "TNone", "TStr"):
        setattr(types, name, mock.sentinel.__getattr__(name))
    types.TList = lambda element: ("list", element)
    types.TTuple = lambda elements: ("tuple", elements)
    language = load(
        **{
            "artiq": ModuleType("artiq"),
            "artiq.language": ModuleType("artiq.language"),
            "artiq.language.core": core,
            "artiq.language.types": types,
        }
    )
    assert language.portable is core.portable
    assert language.TInt64 is types.TInt64
    assert language.TFloats == ("list", types.TFloat)
    assert language.TInt32s == ("list", types.TInt32)
    assert language.TTone == ("tuple", [types.TFloat] * 3)
    assert language.TWords == ("tuple", [types.TInt32] * 3)


@pytest.mark.artiq
def test_with_artiq_names_are_those_of_the_real_one() -> None:
    types = pytest.importorskip("artiq.language.types", reason="needs ARTIQ")
    core = pytest.importorskip("artiq.language.core", reason="needs ARTIQ")
    language = load()
    assert language.kernel is core.kernel
    assert language.TFloat is types.TFloat
    assert str(language.TTone) == str(types.TTuple([types.TFloat] * 3))
