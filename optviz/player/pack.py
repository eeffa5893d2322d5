"""The player's data: a JSON header and raw little-endian arrays in one `bytes`.

Layout: uint32 header length, the header (UTF-8 JSON padded with spaces to a multiple of 4), then
the arrays, each at a multiple of 4. In the header an array is
`{"offset": bytes into the data part, "dtype": "f4" | "u2" | …, "shape": […]}`; with `scale` and
`bias` its values are `bias + scale * stored`, and the largest stored number means "not finite".

The header's fields are those of `Header` in `js/data/message.js`; a test holds both together.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

VERSION = 1
_DTYPES = {"f4": "<f4", "f8": "<f8", "u1": "u1", "u2": "<u2", "u4": "<u4", "i4": "<i4"}
_HOLE = 65535  # a quantised value that is not finite


class Quantised:
    """An array that travels as 16-bit integers; `span` is the range kept, wider values clip."""

    def __init__(self, array: np.ndarray, span: tuple[float, float]) -> None:
        low, high = map(float, span)
        self.bias, self.scale = low, (high - low) / (_HOLE - 1) or 1.0
        array = np.asarray(array, dtype=np.float64)
        inside = np.clip(np.nan_to_num(array, nan=low, posinf=high, neginf=low), low, high)
        stored = np.rint((inside - self.bias) / self.scale)
        self.stored = np.where(np.isnan(array), _HOLE, stored).astype("<u2")


class Double:
    """An array that travels as float64."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.asarray(array, np.float64)


def exact(array: np.ndarray) -> np.ndarray | Double:
    """The array as float32, or as `Double` where float32 would show steps, or has no room.

    What is not finite is left out of account.
    """
    array = np.asarray(array)
    finite = array[np.isfinite(array)]
    if not finite.size:
        return array
    low, high = float(finite.min()), float(finite.max())
    least, largest = (max(abs(low), abs(high)) * factor for factor in (1e-4, 1))
    fits = 1e-30 < largest < 1e38 or not largest
    # in float32 a number is known to 10⁻⁷ of itself; a picture has a thousand pixels
    return array if fits and (high - low >= least or high == low) else Double(array)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.known: dict[tuple[str, tuple[int, ...], bytes], dict[str, Any]] = {}

    def ref(self, array: np.ndarray) -> dict[str, Any]:
        code = {"f": "f4", "i": "i4", "b": "u1"}.get(array.dtype.kind, array.dtype.str[1:])
        return self.store(array, code)

    def store(self, array: np.ndarray, code: str) -> dict[str, Any]:
        if code not in _DTYPES:
            raise ValueError(f"pack cannot store arrays of dtype {array.dtype}")
        with np.errstate(over="ignore"):  # beyond float32 becomes infinite: a gap when drawn
            raw = np.ascontiguousarray(array, dtype=_DTYPES[code]).tobytes()
        content = (code, array.shape, raw)
        if content not in self.known:  # equal arrays travel once
            self.known[content] = {"offset": self.size, "dtype": code, "shape": list(array.shape)}
            self.parts.append(raw + b"\0" * (-len(raw) % 4))
            self.size += len(self.parts[-1])
        return dict(self.known[content])


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> bytes:
    """One message for the player.

    Args:
        header: JSON values; an array may stand anywhere in it, as itself (floats become float32),
            as `Double`, as `Quantised`, or as `{"ref": name}` of one of `arrays`. Numbers that are
            not finite become null.
        arrays: the named arrays.
    """
    writer = _Writer()
    named = arrays or {}

    def plain(value: Any) -> Any:
        match value:
            case Quantised():
                return {**writer.ref(value.stored), "scale": value.scale, "bias": value.bias}
            case Double():
                return writer.store(value.array, "f8")
            case np.ndarray():
                return writer.ref(value)
            case {"ref": str(name), **rest} if not rest:
                return plain(named[name])
            case Mapping():
                return {str(key): plain(item) for key, item in value.items()}
            case list() | tuple():
                return [plain(item) for item in value]
            case bool() | np.bool_():
                return bool(value)
            case int() | np.integer():
                return int(value)
            case float() | np.floating():
                return float(value) if math.isfinite(value) else None
            case None | str():
                return value
        if hasattr(value, "__array__"):  # a JAX array
            return plain(np.asarray(value))
        raise ValueError(f"pack cannot store {type(value).__name__} in the header")

    text = json.dumps(
        plain({"version": VERSION, **header}),
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    ).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + b"".join(writer.parts)


def unpack(payload: bytes) -> dict[str, Any]:
    """The header with its arrays in place: what the player reads, for tests and other exports."""
    (length,) = struct.unpack_from("<I", payload)
    data = memoryview(payload)[4 + length :]

    def restore(value: Any) -> Any:
        if isinstance(value, list):
            return [restore(item) for item in value]
        if not isinstance(value, dict):
            return value
        if not {"offset", "dtype", "shape"} <= value.keys():
            return {key: restore(item) for key, item in value.items()}
        count = math.prod(value["shape"])
        array = np.frombuffer(data, _DTYPES[value["dtype"]], count, value["offset"])
        array = array.reshape(value["shape"])
        if "scale" in value:
            kept = value["bias"] + value["scale"] * array.astype(np.float64)
            array = np.where(array == _HOLE, np.nan, kept)
        return array

    return restore(json.loads(payload[4 : 4 + length]))
