"""How entries are declared, found, described and looked up."""

import re
from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optviz import catalog
from optviz.catalog import Catalog, Entry, defaults, entry, knob, knobs, source, summary, switches
from optviz.engine.machine.precision import cast
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import SCHEDULES
from optviz.surfaces import SURFACES

CATALOGS = {"optimizers": OPTIMIZERS, "surfaces": SURFACES, "schedules": SCHEDULES}
ENTRIES = [
    pytest.param(cls, kind, id=f"{kind}-{cls.name}")
    for kind, c in CATALOGS.items()
    for cls in c.values()
]

LECTURES = {
    "optimizers": "sgd momentum nesterov adagrad rmsprop adadelta adam adamw",
    "surfaces": "ravine long_valley saddle monkey_saddle rosenbrock beale himmelblau "
    "three_hump_camel rastrigin ackley styblinski_tang worked_example",
    "schedules": "constant step exponential inverse_time annealing cosine",
}


@pytest.mark.parametrize("kind", CATALOGS)
def test_published_keys_never_change(kind):
    assert set(LECTURES[kind].split()) <= set(CATALOGS[kind])


@pytest.mark.parametrize("kind", CATALOGS)
def test_every_file_is_found(kind):
    from pathlib import Path

    folder = Path(catalog.__file__).parent / kind
    classes = set(CATALOGS[kind].values())
    for path in folder.glob("*.py"):
        for name in re.findall(r'name: ClassVar\[str\] = "(\w+)"', path.read_text("utf-8")):
            assert CATALOGS[kind][name] in classes
    assert len(classes) == len(CATALOGS[kind])


@pytest.mark.parametrize(("cls", "kind"), ENTRIES)
def test_names_follow_the_conventions(cls, kind):
    assert CATALOGS[kind][cls.name] is cls
    assert re.fullmatch(r"[a-z][a-z0-9_]*", cls.name)
    assert cls.label.strip() == cls.label != ""
    assert summary(cls).endswith(".")
    assert len(summary(cls)) <= 100
    assert source(cls)
    module = __import__(f"optviz.{kind}", fromlist=[cls.__name__])
    assert getattr(module, cls.__name__) is cls


@pytest.mark.parametrize("kind", CATALOGS)
def test_labels_are_all_different(kind):
    labels = [cls.label for cls in CATALOGS[kind].values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(("cls", "kind"), ENTRIES)
def test_entries_are_frozen_hashable_pytrees(cls, kind):
    item = cls()
    assert item == cls()
    assert hash(item) == hash(cls())
    for name in defaults(cls):
        with pytest.raises(AttributeError):
            setattr(item, name, 1)
    traced = [name for name, info in knobs(cls).items() if not info.static]
    traced += [name for name, info in switches(cls).items() if info.traced]
    leaves, structure = jax.tree.flatten(item)
    assert jax.tree.unflatten(structure, leaves) == item
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(item)]
    # A list of numbers has a leaf for each: `.points[0][1]`.
    assert {path.partition("[")[0] for path in paths} == {f".{name}" for name in traced}
    assert len(set(paths)) == len(leaves)
    assert set(defaults(cls)) == set(knobs(cls)) | set(switches(cls))
    for dtype in ("float32", "float64"):
        assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(cast(item, dtype)))


def test_structures_tell_classes_and_switches_apart_and_not_knobs():
    structures = [jax.tree.structure(cls()) for c in CATALOGS.values() for cls in c.values()]
    for i, one in enumerate(structures):
        assert not any(one == other for other in structures[:i])
    adam = OPTIMIZERS["adam"]
    assert jax.tree.structure(adam(b1=0.5)) == jax.tree.structure(adam())
    assert jax.tree.structure(adam(eps_inside_sqrt=True)) != jax.tree.structure(adam())


def test_a_program_is_never_handed_to_another_class():
    """Many classes with one knob each in one jitted function: each gets its own result."""

    @jax.jit
    def value(item):
        return item(jnp.float32(1.0))

    for number in range(40):
        item = _numbered(number)
        assert float(value(cast(item, "float32"))) == number + 0.5


def _numbered(number):
    @entry
    class Numbered(Entry):
        shift: float = knob(0.5, domain=(0, inf), typical=(0, 1), help="Any.")

        def __call__(self, x):
            return x * number + self.shift

    return Numbered()


@pytest.mark.parametrize(
    ("domain", "closed", "text"),
    [
        ((0, 1), "left", "[0, 1)"),
        ((0, 1), "right", "(0, 1]"),
        ((0, 1), "both", "[0, 1]"),
        ((0, 1), "neither", "(0, 1)"),
        ((0, inf), "left", "[0, inf)"),
        ((0, inf), "both", "[0, inf)"),
        ((-inf, inf), "both", "(-inf, inf)"),
        ((0.25, 1e12), "left", "[0.25, 1e+12)"),
    ],
)
def test_domains_are_written_as_intervals(domain, closed, text):
    info = catalog.Knob(domain, (0, 1), False, "", closed, False, False)
    assert info.describe() == text
    low, high = domain
    for end, sign in ((low, "["), (high, "]")):
        assert info.contains(end) == (sign in text and np.isfinite(end))
    assert info.contains(0.5)
    assert not info.contains(float("nan"))


def test_a_field_without_a_declaration_is_refused():
    with pytest.raises(TypeError, match=r"Plain\.x must be declared as a knob or a switch"):

        @entry
        class Plain(Entry):
            x: float = 1.0


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("adan", "unknown optimizer 'adan' (did you mean 'adam'?); known: "),
        ("Adam", "unknown optimizer 'Adam'"),
        ("", "unknown optimizer ''; known: "),
        (3, "unknown optimizer 3; known: "),
    ],
)
def test_an_unknown_key_names_the_closest(key, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        OPTIMIZERS[key]
    assert isinstance(caught.value, KeyError)
    assert str(caught.value).endswith(", ".join(OPTIMIZERS))


def test_a_catalog_is_a_mapping():
    assert "adam" in OPTIMIZERS
    assert "adan" not in OPTIMIZERS
    assert OPTIMIZERS.get("adan") is None
    assert len(list(OPTIMIZERS)) == len(OPTIMIZERS)


def test_two_entries_with_one_name_are_refused():
    fresh = Catalog("optviz.schedules", SCHEDULES.base, "schedule")

    class Impostor(SCHEDULES.base):
        name: ClassVar[str] = "cosine"
        label: ClassVar[str] = "Impostor"

    with pytest.raises(ValueError, match="'cosine' exists already"):
        fresh.register(Impostor)
    Impostor.name = "impostor"
    fresh.register(Impostor)
    assert fresh["impostor"] is Impostor
    assert "impostor" not in SCHEDULES


def test_two_files_with_one_name_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "twice"
    package.mkdir()
    text = (
        "from optviz.schedules import Schedule\n"
        "class {}(Schedule):\n    name = 'same'\n    label = 'Same'\n"
    )
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text(text.format("One"))
    (package / "two.py").write_text(text.format("Two"))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="One and Two both have the name 'same'"):
        catalog.discover("twice", SCHEDULES.base)


def test_strictness_is_on():
    """What conftest promises, in this thread and in others."""
    from concurrent.futures import ThreadPoolExecutor

    def mix():
        with pytest.raises(jax.dtypes.TypePromotionError, match="promotion"):
            jnp.ones(2, jnp.float32) + jnp.ones(2, jnp.int32)
        with pytest.raises(ValueError, match="rank_promotion"):
            jnp.ones((2, 2)) + jnp.ones(2)

    mix()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(mix).result()
