"""Every network of the catalogue, as small as its sliders go: what proofs are run on."""

from collections.abc import Iterator
from dataclasses import replace

from optviz.catalog import knobs, switches
from optviz.networks import NETWORKS, Network


def smallest(cls: type[Network]) -> Network:
    """Each size at the low end of its slider."""
    return cls(**{n: int(k.typical[0]) for n, k in knobs(cls).items() if k.static})


def variants() -> Iterator[tuple[str, Network]]:
    """The smallest of each, and that with one strength raised or one two-way switch thrown."""
    for key, cls in NETWORKS.items():
        base = smallest(cls)
        yield key, base
        for name, info in knobs(cls).items():
            if not info.static:
                yield f"{key}-{name}", replace(base, **{name: sum(info.typical) / 2})
        for name, info in switches(cls).items():
            if len(info.options) == 2:
                other = next(o for o in info.options if o != getattr(base, name))
                yield f"{key}-{name}={other}", replace(base, **{name: other})


VARIANTS = dict(variants())
