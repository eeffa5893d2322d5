"""The reader of pickles: it reads data, and nothing else gets it to do anything."""

import os
import pickle
import struct
import time
import tracemalloc

import numpy as np
import pytest

from optviz.data.unpickle import MAX_BYTES, UnsafePickleError, read_pickle


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
        with pytest.raises(UnsafePickleError, match=r"an array|at most 64 bits"):
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


ENCODE = b"c_codecs\nencode\n"
TEXT = b"X" + struct.pack("<I", 1_000_000) + b"a" * 1_000_000
LATIN = b"X\x06\x00\x00\x00latin1"
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
BYTES = b"T" + struct.pack("<i", 1_000_000) + b"a" * 1_000_000
WHOLE = b"K\x01J" + struct.pack("<i", 1_000_000) + b"\x85cnumpy\ndtype\nU\x02u1\x85R\x89"
MANY = "more than 300,000 instructions"
TOO_MUCH = "would make far more bytes"
# Programs of few bytes, or of instructions that make little, again and again.
AMPLIFIERS = {
    "a text encoded 200 times": (
        b"(" + TEXT + b"q\x00" + (ENCODE + b"(h\x00" + LATIN + b"tR") * 200 + b"t.",
        TOO_MUCH,
    ),
    "a string as the bytes of 200 arrays": (
        b"(" + TEXT + b"q\x00" + (ARRAY + b"(" + WHOLE + b"h\x00tb") * 200 + b"t.",
        TOO_MUCH,
    ),
    "bytes as the keys of dicts": (
        b"(B" + TEXT[1:] + b"q\x00}" + b"h\x00Ns" * 200 + b"t.",
        TOO_MUCH,
    ),
    "marks alone": (b"(" * 5_000_000, "nested more than 100 deep"),
    "lists within lists": (b"(" * 5_000 + b"l" * 5_000 + b".", "nested more than 100 deep"),
    "tuples within tuples": (b"(" * 101 + b"t" * 101 + b".", "nested more than 100 deep"),
    "nothing, often": (b"]" + b"Na" * 200_000 + b".", MANY),
    "a memo of many": (b"]" + b"\x94" * 400_000, MANY),
    "frames": (b"\x80\x04" + b"\x95" + b"\0" * 8 + b"N", "damaged"),
    "a number of a million digits": (b"I" + b"9" * 1_000_000 + b"\n.", "damaged"),
    "a number of a million bytes": (
        b"\x8b" + struct.pack("<i", 1_000_000) + b"\x7f" * 1_000_000 + b".",
        "at most 64 bits",
    ),
    "a number of 72 bits": (b"\x8a\x09" + b"\x7f" * 9 + b".", "at most 64 bits"),
    "a long number": (b"L" + b"9" * 4_000 + b"L\n.", "at most 64 bits"),
    "a place far out": (b"Np" + b"9" * 4_000 + b"\n.", "below 4,294,967,296"),
    "a place before the first": (b"Np-1\n.", "below 4,294,967,296"),
    "a type of a million letters": (
        TEXT.replace(b"a", b"<") + b"q\x00cnumpy\ndtype\nh\x00\x85R.",
        "whole numbers, got dtype",
    ),
    "a shape of a million sizes": (
        b"((" + b"K\x01" * 200_000 + b"tq\x00" + ARRAY + b"(K\x01h\x00cnumpy\ndtype\n"
        b"U\x02u1\x85R\x89U\x01xtb.",
        "an array",
    ),
    "a text that is not there": (b"X\xff\xff\xff\xffabc.", "damaged"),
    "bytes that are not there": (b"B\xff\xff\xff\xffabc.", "damaged"),
    "bytes beyond all": (b"\x8e" + b"\xff" * 8 + b"abc.", "damaged"),
    "bytes beyond 64 bits": (b"\x8e" + b"\xff" * 7 + b"\x7fabc.", "damaged"),
    "a string of less than nothing": (b"T\xff\xff\xff\xffabc.", "damaged"),
    "a number of less than nothing": (b"\x8b\xff\xff\xff\xffabc.", "damaged"),
    "a line without end": (b"S" + b"'" * 1_000_000, "damaged"),
    "a value from an empty stack": (b"0.", "instruction POP"),
    "more values than marks": (b"(tt.", "damaged"),
    "a key without a value": (b"}(U\x01au.", "damaged"),
    "a list that is none": (b"}Na.", "expected a list"),
    "a dict that is none": (b"](U\x01aNu.", "expected a dict"),
    "a call of a call": (b"cnumpy\ndtype\nU\x02u1\x85R)R.", "may not call"),
    "a name by two numbers": (b"K\x01K\x02\x93.", "a name must be text"),
    "a name of a million letters": (b"c" + b"n" * 1_000_000 + b"\nx\n.", "may not use"),
    "encoding a number": (ENCODE + b"K\x01" + LATIN + b"\x86R.", "may not call"),
    "what latin-1 cannot say": (
        ENCODE + b"X\x03\x00\x00\x00\xe2\x82\xac" + LATIN + b"\x86R.",
        "damaged",
    ),
    "an array of nothing": (ARRAY + b"(tb.", "damaged"),
    "an array that is not closed": (ARRAY + b"(K\x01", "damaged"),
    "a state for a list": (b"](tb.", "may not set attributes"),
    "a copy of the top": (b"]2.", "instruction DUP"),
    "a class to be made": (b"\x80\x04]}\x92.", "instruction NEWOBJ_EX"),
    "a set": (b"\x80\x04\x8f.", "instruction EMPTY_SET"),
    "a buffer of another process": (b"\x80\x05\x97.", "instruction NEXT_BUFFER"),
}


@pytest.mark.parametrize("what", AMPLIFIERS)
def test_what_a_program_may_make_is_bounded(what):
    program, reason = AMPLIFIERS[what]
    tracemalloc.start()
    try:
        with pytest.raises(UnsafePickleError) as caught:
            read_pickle(program)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert peak < 50e6  # of 300,000 empty lists


def test_a_file_that_is_too_large():
    with pytest.raises(UnsafePickleError, match=r"it has .* bytes, and 268,435,456 are allowed"):
        read_pickle(bytes(MAX_BYTES + 1))


def test_a_whole_batch_file_is_quick():
    record = {"data": np.zeros((10_000, 3072), np.uint8), "labels": [0] * 10_000}
    program = pickle.dumps(record, protocol=4)
    start = time.perf_counter()
    read_pickle(program)
    assert time.perf_counter() - start < 2
