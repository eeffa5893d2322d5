"""The reader of pickles: it reads data, and nothing else gets it to do anything."""

import os
import pickle
import struct
import time

import numpy as np
import pytest

from optviz.data.unpickle import UnsafePickleError, read_pickle


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_data_comes_back(protocol):
    value = {
        "array": np.arange(24, dtype=np.uint8).reshape(4, 6),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
        "swapped": np.arange(3, dtype=">i4"),
        "list": [1, -2, 2**40, 1.5, True, None, "ü", b"bytes", (1,), (), (1, 2, 3, 4)],
    }
    found = read_pickle(pickle.dumps(value, protocol=protocol))
    for name in ("array", "columns", "swapped"):
        np.testing.assert_array_equal(found[name], value[name])
    assert found["list"] == value["list"]


def test_nothing_is_run(tmp_path):
    marker = tmp_path / "marker"
    programs = [
        Calls(os.system, f"touch {marker}"),
        Calls(eval, f"open({str(marker)!r}, 'w')"),
        Calls(exec, f"open({str(marker)!r}, 'w')"),
        Calls(getattr, "text", "__class__"),
        Calls(np.load, str(marker)),
        Calls(np.fromfile, "/dev/zero"),
        Calls(np.ndarray.tofile, np.zeros(3), str(marker)),
        Calls(__import__, "os"),
        {"data": np.zeros(3, np.uint8), "labels": [Calls(os.mkdir, str(marker))]},
    ]
    for program in programs:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(UnsafePickleError, match="may not use"):
                read_pickle(pickle.dumps(program, protocol=protocol))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "may not use 'os.system'"),
        (b"(S'true'\nios\nsystem\n.", "instruction INST"),
        (b"c__builtin__\neval\n(S'1'\ntR.", "may not use '__builtin__.eval'"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93.", "may not use 'numpy.ndarray.dump'"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "instruction NEWOBJ"),
        (b"\x80\x02cnumpy\nndarray\nM\xff\xff\x85R.", "may not call"),
        (b"\x80\x02\x82\x01.", "instruction EXT1"),
        (b"Pid\n.", "instruction PERSID"),
        (b"}}b.", "may not set attributes"),
        (b"cnumpy\nndarray\n}b.", "may not set attributes"),
        (b"]]R.", "may not call"),
        (b"}((K\x01tK\x02u.", "dict keys must be text"),
        (b"cnumpy\ndtype\nU\x01O\x85R.", "whole numbers, got dtype 'O'"),
        (b"cnumpy\ndtype\nU\x02f8\x85R.", "whole numbers, got dtype 'f8'"),
        (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00rot\x86R.", "may not call"),
        (b".", "damaged"),
        (b"R.", "damaged"),
        (b"h\x01.", "damaged"),
        (b"t.", "damaged"),
        (b"", "damaged"),
        (b"not a pickle", "damaged"),
        (b"K", "damaged"),
    ],
)
def test_hostile_and_damaged_programs(program, reason):
    with pytest.raises(UnsafePickleError) as caught:
        read_pickle(program)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def _array(shape: bytes) -> bytes:
    """An array of bytes with a shape of its own and one byte of data."""
    start = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02u1\x85R"
    return b"\x80\x02" + start + b"(K\x01" + shape + dtype + b"\x89U\x01xtb."


def test_sizes_that_do_not_fit():
    huge = b"J" + struct.pack("<i", 2**31 - 1)
    programs = [
        _array(b"K\x02\x85"),
        _array(huge + huge + b"\x86"),
        _array(b"J\xff\xff\xff\xff\x85"),  # -1
        _array(b"\x8a\x09" + b"\xff" * 8 + b"\x7f\x85"),  # more than 64 bits
        _array(b"U\x01a\x85"),
        _array(b"(" + b"K\x01" * 70 + b"t"),
    ]
    for program in programs:
        with pytest.raises(UnsafePickleError, match="an array"):
            read_pickle(program)
    assert read_pickle(_array(b"K\x01\x85")).tolist() == [ord("x")]


def test_little_files_stay_little():
    """Programs that would make the standard reader take gigabytes, or for ever."""
    start = time.perf_counter()
    assert read_pickle(b"Nr\xff\xff\xff\xff.") is None  # a place far out in the memo
    laughs = b"]" + b"q\x00((h\x00h\x00t" * 60 + b"."  # 2**60 elements, were it copied
    read_pickle(laughs)
    with pytest.raises(UnsafePickleError):
        read_pickle(b"T\xff\xff\xff\x7fx.")  # a text of 2 GB that is not there
    assert time.perf_counter() - start < 1


def test_a_whole_batch_file_is_quick():
    record = {"data": np.zeros((10_000, 3072), np.uint8), "labels": [0] * 10_000}
    program = pickle.dumps(record, protocol=4)
    start = time.perf_counter()
    read_pickle(program)
    assert time.perf_counter() - start < 2
