"""Measure every proof and write `optviz/optimizers/proofs.json`: python tests/proofs/make_proofs.py

Naming rules measures those only and keeps the rest.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import conftest  # noqa: F401  # the settings that every test runs under
import proof_kit


def main(only: list[str]) -> None:
    old = proof_kit.stored() if proof_kit.FILE.exists() else {}
    records = {key: value for key, value in old.items() if only and key not in only}
    for proof in proof_kit.declared():
        if not only or proof.rule in only:
            error = proof.measure()
            print(f"{proof.rule:20} {proof.reference:28} {error:8.1e}  {proof.what}")
            if not error <= proof.tolerance:
                raise SystemExit(f"{proof.rule}: {error:.1e} exceeds {proof.tolerance:.0e}")
            record = proof.said() | {"error": proof_kit.rounded_up(error)}
            records.setdefault(proof.rule, []).append(record)
    proof_kit.write(dict(sorted(records.items())))


if __name__ == "__main__":
    main(sys.argv[1:])
