"""The names of ARTIQ's kernel language that the ARTIQ half uses, with or without ARTIQ.

Where ARTIQ is installed these are ARTIQ's own objects, so that its compiler knows them. Elsewhere
they are harmless stand-ins: the decorators return the function unchanged, and types are Python's.
So :mod:`dds_link.driver` imports with the standard library alone.

Only T-types work as return annotations of kernel code on every version of ARTIQ, and a type
checker takes no call such as ``TList(TFloat)`` for a type: hence the named ones at the end.
"""

from typing import TYPE_CHECKING, Any, Callable, List, Optional, Set, Tuple, TypeVar, overload

__all__ = ["TBool", "TFloat", "TFloats", "TInt32", "TInt32s", "TInt64", "TNone", "TStr", "TTone",
           "TWords", "host_only", "int32", "int64", "kernel", "portable", "rpc"]  # fmt: skip

if TYPE_CHECKING:
    # What a type checker sees, whether or not ARTIQ is installed: ARTIQ has no annotations.
    Function = TypeVar("Function", bound=Callable[..., Any])

    @overload
    def kernel(arg: Function) -> Function: ...
    @overload
    def kernel(
        arg: Optional[str] = None, flags: Set[str] = ...
    ) -> Callable[[Function], Function]: ...
    def kernel(arg: Any = None, flags: Any = ()) -> Any: ...
    @overload
    def portable(arg: Function) -> Function: ...
    @overload
    def portable(arg: None = None, flags: Set[str] = ...) -> Callable[[Function], Function]: ...
    def portable(arg: Any = None, flags: Any = ()) -> Any: ...
    @overload
    def rpc(arg: Function) -> Function: ...
    @overload
    def rpc(arg: None = None, flags: Set[str] = ...) -> Callable[[Function], Function]: ...
    def rpc(arg: Any = None, flags: Any = ()) -> Any: ...
    def host_only(function: Function) -> Function: ...

    int32 = int
    int64 = int
    TNone = Optional[None]  # a plain None would be a variable, which is no type
    TBool = bool
    TInt32 = int
    TInt64 = int
    TFloat = float
    TStr = str
    TFloats = List[float]
    TInt32s = List[int]
    TTone = Tuple[float, float, float]
    TWords = Tuple[int, int, int]
else:
    try:
        from numpy import int32, int64
    except ImportError:
        int32 = int64 = int
    try:
        from artiq.language.core import host_only, kernel, portable, rpc
        from artiq.language.types import (
            TBool,
            TFloat,
            TInt32,
            TInt64,
            TList,
            TNone,
            TStr,
            TTuple,
        )
    except ImportError:

        def _unchanged(arg=None, flags=()):
            """Stand-in for a decorator, bare or with arguments."""
            if callable(arg):
                return arg
            return _unchanged

        kernel = portable = rpc = host_only = _unchanged
        TNone = None
        TBool = bool
        TInt32 = int32
        TInt64 = int64
        TFloat = float
        TStr = str
        TFloats = List[float]
        TInt32s = List[int32]
        TTone = Tuple[float, float, float]
        TWords = Tuple[int32, int32, int32]
    else:
        TFloats = TList(TFloat)
        TInt32s = TList(TInt32)
        TTone = TTuple([TFloat, TFloat, TFloat])
        TWords = TTuple([TInt32, TInt32, TInt32])
