"""Settings beside the rule: decay, smoothing, normalisation, augmentation, variations."""

import dataclasses

import jax
import numpy as np
import optax
import optax.contrib
import pytest

from optviz.data import Synthetic
from optviz.data.augmentation import mirrored, shifted
from optviz.data.preprocessing import moments
from optviz.engine.training import objective, programs, track
from optviz.engine.training.events import Layers, TrainResult
from optviz.engine.training.snapshots import Snapshot
from optviz.engine.training.train import train
from optviz.networks import MLP, Linear
from optviz.networks.losses import cross_entropy
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run
from optviz.specs.training import NORMALISATIONS

pytestmark = pytest.mark.usefixtures("compiled_quickly")

DATASET = Synthetic(num_train=64, num_test=20)
DATA = DATASET.load()
BASE = TrainSpec(
    DATASET, MLP(hidden="8"), (Run.parse("sgd:learning_rate=0.1"),), epochs=1, batch_size=64
)  # one step


class Last:
    """Keeps the last snapshot of every run."""

    def __init__(self) -> None:
        self.params: dict[int, dict[str, np.ndarray]] = {}

    def load(self, member: int) -> None:
        return None

    def save(self, member: int, snapshot: Snapshot) -> None:
        arrays = snapshot.arrays.items()
        self.params[member] = {p: a for p, a in arrays if p.startswith(".params")}


def ends(spec: TrainSpec) -> tuple[TrainResult, dict[int, dict[str, np.ndarray]]]:
    last = Last()
    return train(spec, DATA, keeper=last), last.params


@pytest.mark.parametrize("decay_on", ["all", "weights"])
def test_both_decays_are_one_for_sgd(decay_on):
    """One step shrinks a weight by rate x λ of itself, whether through the gradient or beside."""
    rate, strength = 0.1, 0.5
    base = dataclasses.replace(BASE, decay_on=decay_on)
    _, plain = ends(base)
    _, l2 = ends(dataclasses.replace(base, l2=strength))
    _, decoupled = ends(dataclasses.replace(base, weight_decay=strength))
    _, start = ends(dataclasses.replace(base, runs=(Run.parse("sgd:learning_rate=1e-30"),)))
    for path, before in start[0].items():
        shrinks = decay_on == "all" or before.ndim > 1
        expected = plain[0][path] - shrinks * rate * strength * before
        np.testing.assert_allclose(l2[0][path], expected, atol=1e-6)
        np.testing.assert_allclose(decoupled[0][path], expected, atol=1e-6)


def test_the_two_decays_differ_for_adam():
    base = dataclasses.replace(BASE, runs=(Run.parse("adam:learning_rate=0.01"),), epochs=3)
    _, l2 = ends(dataclasses.replace(base, l2=0.5))
    _, decoupled = ends(dataclasses.replace(base, weight_decay=0.5))
    assert any(np.abs(l2[0][p] - decoupled[0][p]).max() > 1e-3 for p in l2[0])


@pytest.mark.parametrize("arrangement", ["loop", "stack"])
@pytest.mark.parametrize(
    "fields",
    [{"l2": 1.0}, {"weight_decay": 1.0}, {"l2": 1.0, "reduction": "sum", "decay_on": "weights"}],
)
def test_decay_is_at_the_point_of_the_gradient(fields, arrangement):
    """The look-ahead form's gradients are taken where the library form's are, decay and all."""
    forms = ("nesterov:learning_rate=0.002", "nesterov:learning_rate=0.002,form=look_ahead")
    runs = tuple(map(Run.parse, forms))
    spec = dataclasses.replace(BASE, runs=runs, epochs=2, batch_size=16, **fields)
    library, look_ahead = train(spec, DATA, arrangement=arrangement).runs
    np.testing.assert_allclose(look_ahead.losses, library.losses, rtol=1e-5)
    np.testing.assert_allclose(look_ahead.grad_norms, library.grad_norms, rtol=1e-5)
    plain = train(dataclasses.replace(spec, l2=0.0, weight_decay=0.0), DATA).runs[0]
    assert abs(plain.losses[-1] - library.losses[-1]) > 1e-3


def test_decoupled_decay_reaches_averages():
    """Schedule-Free AdamW has the decay in its own formula, and the mean of the path feels it."""
    rule, strength = "schedule_free_adamw:learning_rate=0.02", 2.0
    base = dataclasses.replace(BASE, runs=(Run.parse(rule),), epochs=3, batch_size=16)
    beside = train(dataclasses.replace(base, weight_decay=strength), DATA).runs[0]
    own = Run.parse(f"{rule},weight_decay={strength}")
    within = train(dataclasses.replace(base, runs=(own,)), DATA).runs[0]
    np.testing.assert_allclose(beside.losses, within.losses, rtol=1e-5)
    ends = [[epoch.val_loss for epoch in run.epochs] for run in (beside, within)]
    np.testing.assert_allclose(*ends, rtol=1e-5)
    assert abs(train(base, DATA).runs[0].losses[-1] - within.losses[-1]) > 1e-3


def test_l2_of_schedule_free_against_optax():
    """optax keeps the point where gradients are taken, so that its decay is there, too."""
    rate, strength = 0.1, 0.3
    run = Run.parse(f"schedule_free_sgd:learning_rate={rate}")
    spec = dataclasses.replace(
        BASE, network=Linear(), runs=(run,), epochs=4, l2=strength, normalise="none"
    )
    ours = train(spec, DATA).runs[0]
    base = optax.chain(optax.add_decayed_weights(strength), optax.sgd(rate))
    rule = optax.contrib.schedule_free(base, rate, b1=0.9)
    params, stats = programs.weights(spec.network, jax.random.fold_in(jax.random.key(0), 0))
    state, losses, ends = rule.init(params), [], []
    x, y = (jax.numpy.asarray(v) for v in (DATA.train_x / np.float32(255), DATA.train_y))
    test_x, test_y = DATA.test_x / np.float32(255), DATA.test_y

    @jax.jit
    def loss(params, x, y):
        logits, _ = spec.network.apply(params, stats, x, True, jax.random.key(0))
        return cross_entropy(logits, jax.numpy.asarray(y, "int32")).mean()

    @jax.jit
    def step(params, state):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        updates, state = rule.update(grads, state, params)
        return value, optax.apply_updates(params, updates), state

    for _ in range(4):  # the whole of the images is one batch
        value, params, state = step(params, state)
        losses.append(value)
        ends.append(loss(optax.contrib.schedule_free_eval_params(state, params), test_x, test_y))
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-5)
    np.testing.assert_allclose([epoch.val_loss for epoch in ours.epochs], ends, rtol=1e-5)


def test_a_rule_that_asks_for_losses_descends_the_penalty_too():
    """A line search on λ/2·‖w‖² alone would see no fall in the data's loss."""
    heavy = dataclasses.replace(BASE, runs=(Run.parse("armijo"),), l2=700.0, epochs=3)
    _, params = ends(heavy)
    _, start = ends(dataclasses.replace(BASE, runs=(Run.parse("sgd:learning_rate=1e-30"),)))
    norm = [sum(float((a**2).sum()) for a in found[0].values()) for found in (params, start)]
    assert norm[0] < 1e-2 * norm[1]


def test_new_strengths_compile_nothing():
    train(BASE, DATA)
    compiled = (
        programs.compiled_gradient(BASE.network),
        programs.update,
        objective.compiled_evaluation(BASE.network),
    )
    before = [program._cache_size() for program in compiled]
    train(dataclasses.replace(BASE, l2=0.1, weight_decay=0.2, label_smoothing=0.3, seed=9), DATA)
    assert [program._cache_size() for program in compiled] == before


def test_label_smoothing_by_hand():
    """Zero weights: every class has probability 0.1, whatever the label."""
    spec = dataclasses.replace(BASE, network=Linear(initialiser="zeros"), epochs=2)
    plain, smooth = train(spec, DATA), train(dataclasses.replace(spec, label_smoothing=0.4), DATA)
    assert plain.runs[0].losses[0] == pytest.approx(np.log(10), rel=1e-6)
    assert smooth.runs[0].losses[0] == pytest.approx(np.log(10), rel=1e-6)
    assert smooth.runs[0].losses[1] != plain.runs[0].losses[1]


@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_normalisations(normalise):
    mean, std = moments(DATA.train_x, normalise)
    x = (DATA.train_x.astype(np.float64) - mean) / std
    by_channel = x.mean(axis=(0, 1, 2))
    if normalise == "none":
        assert x.min() >= 0
        assert x.max() <= 1
        return
    np.testing.assert_allclose(by_channel, 0, atol=1e-5)
    if normalise == "mean_image":
        np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    if normalise == "mean_std":
        np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, rtol=1e-5)
    result = train(dataclasses.replace(BASE, normalise=normalise), DATA)
    assert result.runs[0].outcome == "finished"


def test_mirrored_and_shifted():
    x = jax.numpy.asarray(DATA.train_x[:32].astype(np.float32))
    turned = np.asarray(mirrored(x, jax.random.key(0)))
    same = [np.array_equal(a, b) for a, b in zip(turned, np.asarray(x), strict=True)]
    back = [np.array_equal(a[:, ::-1], b) for a, b in zip(turned, np.asarray(x), strict=True)]
    assert all(a != b for a, b in zip(same, back, strict=True))
    assert 4 < sum(back) < 28
    moved = np.asarray(shifted(x, jax.random.key(1), 3))
    padded = np.pad(np.asarray(x), ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    crops = set()
    for image, source in zip(moved, padded, strict=True):
        places = [
            (r, c)
            for r in range(7)
            for c in range(7)
            if np.array_equal(image, source[r : r + 32, c : c + 32])
        ]
        assert len(places) == 1
        crops.add(places[0])
    assert len(crops) > 10


def test_augmentation_is_for_training_only():
    spec = dataclasses.replace(BASE, runs=(Run.parse("sgd:learning_rate=1e-30"),))
    plain = train(spec, DATA).runs[0]
    augmented = train(dataclasses.replace(spec, flip=True, crop=4), DATA).runs[0]
    assert plain.losses != augmented.losses
    assert plain.epochs[0].val_loss == augmented.epochs[0].val_loss


def test_half_precision_is_near():
    spec = dataclasses.replace(BASE, epochs=5)
    full = train(spec, DATA).runs[0].losses
    half = train(dataclasses.replace(spec, precision="bfloat16"), DATA).runs[0].losses
    assert full != half
    np.testing.assert_allclose(half, full, rtol=0.05)


def test_variations_seeds_and_rules():
    spec = dataclasses.replace(
        BASE,
        runs=(Run.parse("sgd:learning_rate=0.1"), Run.parse("adam")),
        vary=("batch_size=16", "network.activation=tanh|relu"),
        seeds=2,
    )
    result = train(spec, DATA)
    assert [run.label for run in result.runs] == list(spec.labels)
    assert len(spec.labels) == len(set(spec.labels)) == 3 * 2 * 2  # relu is what it was anyway
    for member, run in zip(spec.members(), result.runs, strict=True):
        assert len(run.losses) == len(run.grad_norms) == 64 // member.spec.batch_size
        alone = train(TrainSpec.of(member.spec), DATA).runs[0]
        assert (alone.losses, alone.grad_norms) == (run.losses, run.grad_norms)


def test_what_a_step_shows_of_itself():
    """Norms by hand: SGD moves by rate x gradient."""
    seen = []
    _, start = ends(dataclasses.replace(BASE, runs=(Run.parse("sgd:learning_rate=1e-30"),)))
    last = Last()
    result = train(BASE, DATA, seen.append, keeper=last)
    moved = {p: last.params[0][p] - start[0][p] for p in start[0]}
    norm = np.sqrt(sum((m.astype(np.float64) ** 2).sum() for m in moved.values())) / 0.1
    assert result.runs[0].grad_norms == [pytest.approx(norm, rel=1e-4)]
    (look,) = (event for event in seen if isinstance(event, Layers))
    assert look.names == ["hidden_0", "output"]
    told = zip(look.names, look.update_ratios, look.grad_ratios or (), strict=True)
    for name, ratio, of_gradient in told:
        path = f".params['{name}']['kernel']"
        expected = np.linalg.norm(moved[path]) / np.linalg.norm(start[0][path])
        assert ratio == pytest.approx(expected, rel=1e-3)
        assert of_gradient == pytest.approx(expected / 0.1, rel=1e-3)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("l2", -1.0, r"l2 must lie in \[0, 1e\+06\], got -1.0"),
        ("weight_decay", float("nan"), r"weight_decay must lie in \[0, 1e\+06\], got nan"),
        ("label_smoothing", 1.0, r"label_smoothing must lie in \[0, 1\), got 1.0"),
        (
            "normalise",
            "zca",
            "normalise must be one of mean_std, mean, mean_image, none, got 'zca'",
        ),
        ("precision", "float16", "precision must be one of float32, bfloat16, got 'float16'"),
        ("crop", 99, "crop must be a whole number from 0 to 16, got 99"),
        ("seeds", 0, "seeds must be a whole number from 1 to 256, got 0"),
        ("seeds", 257, "seeds must be a whole number from 1 to 256, got 257"),
        ("vary", ("batch_size",), r"vary must be field=value\|value, got 'batch_size'"),
        ("vary", ("speed=3",), "vary must name a setting such as batch_size or .*, got 'speed'"),
        ("vary", ("batch_size=0",), "batch_size must be a whole number from 1 to 50,000, got 0"),
        ("vary", ("run.b1=0.5",), "vary: none of the rules has 'b1'"),
        ("vary", ("network.depth=3",), "unknown knob of mlp 'depth'"),
        ("vary", ("seed=" + "|".join(map(str, range(400))),), "at most 256 runs"),
        ("vary", ("run.learning_rate=-1",), r"SGD.learning_rate must lie in \[0, inf\), got -1"),
    ],
)
def test_bad_settings(field, value, message):
    with pytest.raises(ValueError, match=message) as caught:
        dataclasses.replace(BASE, **{field: value}).check()
    assert "\n" not in str(caught.value)


def test_a_grid_is_bounded_before_it_is_made():
    values = "|".join(map(str, range(1, 100)))
    names = ("batch_size", "epochs", "l2", "weight_decay", "crop")
    huge = dataclasses.replace(BASE, vary=tuple(f"{n}={values}" for n in names), grid=True)
    with pytest.raises(ValueError, match="a grid has at most 1,024 combinations, got 10,000,000,"):
        huge.check()


def test_no_rate_no_decoupled_decay():
    searching = dataclasses.replace(BASE, runs=(Run.parse("random_search"),), weight_decay=0.1)
    with pytest.raises(ValueError, match="Random search has no learning rate; use l2"):
        searching.check()


def test_a_batch_is_no_longer_than_there_are_images():
    """Filling it up would cost time and memory that no one has been told of."""
    asked = dataclasses.replace(BASE, batch_size=50_000, limit=5, epochs=2)
    shapes, made = set(), track.batches

    def seen(*args):
        for batch in made(*args):
            shapes.add(batch.chosen.shape)
            yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track, "batches", seen)
        long = train(asked, DATA)
    assert shapes == {(5,)}
    assert (
        long.runs[0].losses == train(dataclasses.replace(asked, batch_size=5), DATA).runs[0].losses
    )
