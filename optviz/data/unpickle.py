"""Reads the pickles of CIFAR-10's Python layout without trusting them.

A pickle is a program for a small stack machine, and the standard reader calls whatever function
the program names. This one has no instruction that calls anything: it builds dicts with text keys,
lists, tuples, strings, numbers and arrays of whole numbers, and refuses every other program. What
a program may make is bounded too: a few bytes that are repeated would fill any memory.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

# Instructions whose argument is the value itself.
_NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
_TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING"}
_UNICODE = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_PUSH = _NUMBERS | _TEXTS | _UNICODE | _BYTES
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_STORE = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_FETCH = frozenset({"GET", "BINGET", "LONG_BINGET"})
_INTEGERS = frozenset(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8))
_MAX_SIDE = 2**31

MAX_BYTES = 1 << 28  # of a file; an official one has 31 MB
MAX_INSTRUCTIONS = 300_000  # an official file has 20,000
MAX_DEPTH = 100  # of lists within lists
MAX_PLACES = 1 << 32  # numbers under which a program may keep values

# What files may name, and what each name stands for here. Old and new numpy, Python 2 and 3.
_NAMES = {
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "numpy.core.multiarray _reconstruct": "reconstruct",
    "numpy._core.multiarray _reconstruct": "reconstruct",
    "numpy.core.numeric _frombuffer": "frombuffer",
    "numpy._core.numeric _frombuffer": "frombuffer",
    "_codecs encode": "encode",
}


class UnsafePickleError(ValueError):
    """The file asks for more than data, or is damaged."""


class _Name(NamedTuple):
    """A name on the stack: never the thing itself."""

    means: str


class _DType:
    def __init__(self, code: str) -> None:
        if len(code) > 3 or code.lstrip("<>|=") not in _INTEGERS:
            raise UnsafePickleError(f"arrays must hold whole numbers, got dtype {code[:20]!r}")
        self.code, self.order = code.lstrip("<>|="), "="

    def build(self, state: tuple[Any, ...]) -> None:
        self.order = state[1] if state[1] in ("<", ">") else "="

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


class _Array:
    values: np.ndarray | None = None

    def __init__(self, to_bytes: Callable[[str], bytes]) -> None:
        self._to_bytes = to_bytes  # a Python 2 string has one character per byte

    def build(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.fill(raw, dtype, shape, "F" if fortran else "C")

    def fill(self, raw: Any, dtype: Any, shape: Any, order: Any) -> None:
        if isinstance(raw, str):
            raw = self._to_bytes(raw)
        sizes = shape if isinstance(shape, tuple) else (shape,)
        sound = isinstance(raw, (bytes, bytearray)) and isinstance(dtype, _DType)
        if not sound or not all(type(n) is int and 0 <= n < _MAX_SIDE for n in sizes[:4]):
            raise UnsafePickleError("an array must have a type, whole sizes and bytes")
        needed = math.prod(sizes[:4]) * dtype.numpy().itemsize
        if len(sizes) > 4 or len(raw) != needed:
            raise UnsafePickleError(f"an array needs {needed} bytes, got {len(raw)}")
        flat = np.frombuffer(raw, dtype.numpy())
        self.values = flat.reshape(sizes, order="F" if order == "F" else "C")


def read_pickle(data: bytes) -> Any:
    """The value of a pickle that holds nothing but data.

    Raises:
        UnsafePickleError: one line; it asks for anything else, is damaged or is cut short.
    """
    if len(data) > MAX_BYTES:
        raise UnsafePickleError(f"it has {len(data):,} bytes, and {MAX_BYTES:,} are allowed")
    try:
        return _unwrap(_Machine(2 * len(data)).run(data))
    except UnsafePickleError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, MemoryError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise UnsafePickleError(f"damaged or cut short ({reason})") from None


def _unwrap(value: Any) -> Any:
    """Arrays in the place of the machine's own, at the top and one level down in a dict."""
    if isinstance(value, dict):
        return {k: v.values if isinstance(v, _Array) else v for k, v in value.items()}
    return value.values if isinstance(value, _Array) else value


class _Machine:
    """The stack machine, with the instructions that data needs.

    Args:
        room: bytes that may be made of those of the file, which are each made once in good ones.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below each MARK
        self.memo: dict[int, Any] = {}
        self.steps: dict[str, Callable[[Any], None]] = {
            "MARK": self._mark,
            "TUPLE": self._tuple,
            "EMPTY_LIST": self._empty_list,
            "LIST": self._list,
            "APPEND": self._append,
            "APPENDS": self._appends,
            "EMPTY_DICT": self._empty_dict,
            "DICT": self._dict,
            "SETITEM": self._setitem,
            "SETITEMS": self._setitems,
            "GLOBAL": self._push_name,
            "STACK_GLOBAL": self._stack_global,
            "REDUCE": self._reduce,
            "BUILD": self._build,
        }

    def run(self, data: bytes) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            name = opcode.name
            if count == MAX_INSTRUCTIONS:
                raise UnsafePickleError(f"it has more than {MAX_INSTRUCTIONS:,} instructions")
            if name in _PUSH:
                if isinstance(argument, int) and argument.bit_length() > 64:
                    raise UnsafePickleError("a whole number must have at most 64 bits")
                self.stack.append(argument)
            elif name in _STORE:
                place = len(self.memo) if name == "MEMOIZE" else int(argument or 0)
                if not 0 <= place < MAX_PLACES:
                    raise UnsafePickleError(f"values are kept under numbers below {MAX_PLACES:,}")
                self.memo[place] = self.stack[-1]
            elif name in _FETCH:
                self.stack.append(self.memo[int(argument or 0)])
            elif name == "STOP":
                return self.stack.pop()
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _TUPLES:
                size = _TUPLES[name]
                items = self.stack[len(self.stack) - size :]
                del self.stack[len(self.stack) - size :]
                self.stack.append(tuple(items))
            elif name not in ("PROTO", "FRAME"):
                if name not in self.steps:
                    raise UnsafePickleError(f"a data file may not use the instruction {name}")
                self.steps[name](argument)
        raise UnsafePickleError("damaged or cut short")

    def _made(self, size: int) -> None:
        """Note bytes down that are made of others."""
        self.room -= size
        if self.room < 0:
            raise UnsafePickleError("it would make far more bytes than it has")

    def _bytes(self, text: str) -> bytes:
        """The bytes of a text that has one character per byte."""
        self._made(len(text))
        return text.encode("latin-1")

    def _mark(self, _: Any) -> None:
        if len(self.marks) == MAX_DEPTH:
            raise UnsafePickleError(f"lists are nested more than {MAX_DEPTH} deep")
        self.marks.append(self.stack)
        self.stack = []

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def _tuple(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append(tuple(items))

    def _empty_list(self, _: Any) -> None:
        self.stack.append([])

    def _list(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append(items)

    def _append(self, _: Any) -> None:
        item = self.stack.pop()
        self._top(list).append(item)

    def _appends(self, _: Any) -> None:
        items = self._since_mark()
        self._top(list).extend(items)

    def _empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _dict(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append({})
        self._set(items)

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _: Any) -> None:
        self._set(self._since_mark())

    def _set(self, items: list[Any]) -> None:
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, bytes):
                self._made(len(key))
            text = key.decode("latin-1") if isinstance(key, bytes) else key
            if not isinstance(text, str):  # nested tuples could take for ever to hash
                raise UnsafePickleError("dict keys must be text")
            self._top(dict)[text] = value

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise UnsafePickleError("a name must be text")
        self._push_name(f"{module} {name}")

    def _push_name(self, name: str) -> None:
        if name not in _NAMES:
            wanted = name.replace(" ", ".")[:60]
            raise UnsafePickleError(f"a data file may not use {wanted!r}; only arrays and lists")
        self.stack.append(_Name(_NAMES[name]))

    def _reduce(self, _: Any) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise UnsafePickleError("a data file may not call anything")
        self.stack.append(self._make(name.means, arguments))

    def _make(self, means: str, arguments: tuple[Any, ...]) -> Any:
        """What functions of these names would make of their arguments."""
        if means == "reconstruct":  # an empty array, to be filled by BUILD
            return _Array(self._bytes)
        if means == "dtype":
            code = arguments[0]
            return _DType(code if isinstance(code, str) else "?")
        if means == "frombuffer":
            array = _Array(self._bytes)
            array.fill(*arguments)
            return array
        if means == "encode":  # how Python 3 writes bytes for Python 2 to read
            text, encoding = arguments
            if isinstance(text, str) and encoding in ("latin1", "latin-1"):
                return self._bytes(text)
        raise UnsafePickleError("a data file may not call anything")

    def _build(self, _: Any) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, (_Array, _DType)) or not isinstance(state, tuple):
            raise UnsafePickleError("a data file may not set attributes")
        target.build(state)

    def _top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise UnsafePickleError(f"expected a {kind.__name__}")
        return self.stack[-1]
