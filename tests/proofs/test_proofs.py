"""The committed results of the proofs are those of the rules as they are now."""

import math
import re

import pytest
from proof_kit import declared, rounded_up, stored

from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.proofs import proofs

PROOFS = declared()
STALE = "stale: run `python tests/proofs/make_proofs.py`"


def test_every_rule_is_proved():
    unproved = set(OPTIMIZERS) - {proof.rule for proof in PROOFS}
    assert not unproved, "declare a proof in tests/proofs"
    assert all(proofs(key) for key in OPTIMIZERS), STALE


def test_the_file_says_what_is_declared():
    """But for the versions: the file names those that it was measured with."""
    said: dict = {}
    for proof in PROOFS:
        said.setdefault(proof.rule, []).append(unversioned(proof.said()))
    kept = {key: list(map(unversioned, many)) for key, many in stored().items()}
    assert kept == said, STALE


def unversioned(record):
    """What a record says, without its error and the versions of what it was compared with."""
    said = {name: value for name, value in record.items() if name != "error"}
    return said | {"reference": re.sub(r" \d+(\.\d+)+", "", said["reference"])}


@pytest.mark.parametrize(
    "index", range(len(PROOFS)), ids=[f"{p.rule}-{p.reference}" for p in PROOFS]
)
def test_proof_holds(index):
    proof = PROOFS[index]
    error = proof.measure()
    assert error <= proof.tolerance
    place = sum(other.rule == proof.rule for other in PROOFS[:index])
    kept = stored()[proof.rule][place]["error"]
    # Another machine rounds otherwise: within two decades, or both mere rounding, is the same.
    apart = abs(math.log10(rounded_up(error) / kept))
    assert apart <= 2 or max(error, kept) <= 1e-12, STALE


def test_what_the_app_reads():
    (record, *_) = proofs("adam")
    assert record.error <= record.tolerance <= 1e-6
    assert record.reference
    assert proofs("no such rule") == ()


@pytest.mark.parametrize(
    ("error", "said"), [(0, 1e-15), (3.2e-12, 4e-12), (9.7e-12, 1e-11), (2e-10, 2e-10)]
)
def test_errors_are_rounded_up(error, said):
    assert rounded_up(error) == said
