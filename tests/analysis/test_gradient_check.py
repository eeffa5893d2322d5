"""The gradient check: slopes and valleys as theory has them, slips caught, kinks named."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optviz.analysis import gradient_check
from optviz.analysis.gradient.check import DTYPES
from optviz.surfaces import SURFACES
from optviz.surfaces.expression import expression

pytestmark = pytest.mark.usefixtures("compiled_quickly")


def test_truncation_has_slope_one_and_two() -> None:
    check = gradient_check(expression("exp(x) + sin(y)"), (0.7, 0.3))
    assert check.curve("float64", "forward").slope == pytest.approx(1, abs=0.05)
    assert check.curve("float64", "central").slope == pytest.approx(2, abs=0.05)


def test_truncation_is_the_next_term_of_the_series() -> None:
    x = 0.7
    check = gradient_check(lambda x, y: jnp.exp(x) + 0 * y, (x, 0.0))
    index = int(np.argmin(np.abs(check.h - 1e-2)))
    h, slopes = check.h[index], np.exp(x) * np.array([1, 0, 0.5**0.5, 0.5**0.5])
    length = np.linalg.norm(slopes)
    # Along a diagonal x moves h/√2: the second derivative halves, the third falls by 2^1.5.
    second = np.exp(x) * np.array([1, 0, 0.5, 0.5])
    third = np.exp(x) * np.array([1, 0, 0.5**1.5, 0.5**1.5])
    forward = check.curve("float64", "forward").errors[index]
    central = check.curve("float64", "central").errors[index]
    assert forward == pytest.approx(np.linalg.norm(second) * h / 2 / length, rel=0.02)
    assert central == pytest.approx(np.linalg.norm(third) * h**2 / 6 / length, rel=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scheme", ["forward", "central"])
def test_the_valley_is_within_a_decade_of_theory(dtype: str, scheme: str) -> None:
    curve = gradient_check("rosenbrock", (-1.2, 1)).curve(dtype, scheme)
    assert abs(np.log10(curve.best_h / curve.theory_h)) < 1


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_has_the_right_gradient_at_its_start(name: str) -> None:
    check = gradient_check(name)
    assert check.verdict == "right", check.reason


@pytest.mark.parametrize(
    ("text", "at"),
    [("tanh(1e8*x)", (0, 0)), ("1/x", (1e-6, 0)), ("sin(1e6*x)", (1, 0)), ("x**2 + 1e8", (1, 0))],
)
def test_a_right_gradient_is_right_however_steep_or_high_the_loss(text: str, at: Any) -> None:
    check = gradient_check(expression(text), at)
    assert check.verdict == "right", check.reason
    assert set(check.verdicts) == {"right"}


@pytest.mark.parametrize("factor", [-1, 0, 1.001, 1.01, 1.5])
def test_a_wrong_gradient_beside_a_large_loss_is_caught(factor: float) -> None:
    @jax.custom_jvp
    def loss(x: jax.Array, y: jax.Array) -> jax.Array:
        return x**2 + 1e8 + 0 * y

    loss.defjvp(lambda at, by: (loss(*at), factor * 2 * at[0] * by[0]))
    check = gradient_check(loss, (1.0, 0.0))
    assert check.verdict == "wrong", check.reason
    assert check.verdicts == ("wrong", "right", "wrong", "wrong")


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("1e-6*sin(x) + 1e12", (1, 0), "the gradient says 5.40302e-07, differences say 0 ±"),
        ("tanh(1e8*x)", (1, 0), "the loss moves no more than its rounding"),
        ("abs(x - 1e-9) + 1e8", (0, 0), "is not differentiable there or within"),
    ],
)
def test_what_rounding_hides_is_not_judged(text: str, at: Any, said: str) -> None:
    check = gradient_check(expression(text), at)
    assert check.verdict == "cannot tell"
    assert said in check.reason


def test_a_gradient_that_fails_where_the_loss_is_smooth_is_wrong() -> None:
    """The well-known trap: a branch that is not taken divides by zero, and its slope is nan."""

    def loss(x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.where(x == 0, jnp.ones_like(x), jnp.sin(x) / x) + y

    check = gradient_check(loss, (0.0, 1.0))
    assert check.verdict == "wrong"
    assert "the gradient says nan, differences say 0" in check.reason
    json.dumps(check.to_json(), allow_nan=False)


def test_a_verdict_in_float32() -> None:
    assert gradient_check("rosenbrock", (-1.2, 1), dtype="float32").verdict == "right"
    check = gradient_check(expression("x + 1e9"), (1, 0), dtype="float32")
    assert (check.dtype, check.verdict) == ("float32", "right")
    check = gradient_check(expression("sin(x) + 1e9"), (1, 0), dtype="float32")
    assert check.verdict == "cannot tell"


def test_a_part_in_float32_is_known_to_round() -> None:
    def loss(x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.sin(x.astype(jnp.float32)).astype(x.dtype) + y

    check = gradient_check(loss, (0.4, 0.0))
    assert check.verdict == "right", check.reason
    assert 1e-8 < check.uncertainty[0] < 1e-3
    assert check.uncertainty[1] < 1e-3


def test_a_gradient_of_zero_is_measured_absolutely() -> None:
    check = gradient_check("rosenbrock", (1, 1))
    assert check.passed
    assert not check.relative
    assert "agree that it is zero" in check.reason


@pytest.mark.parametrize("share", [0.5, 0.01, 1e-4])
def test_a_wrong_gradient_is_caught(share: float) -> None:
    @jax.custom_vjp
    def loss(x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.exp(x) * y

    loss.defvjp(
        lambda x, y: (loss(x, y), (x, y)),
        lambda kept, by: (
            by * jnp.exp(kept[0]) * kept[1],
            by * jnp.exp(kept[0]) * (1 + share),
        ),
    )
    check = gradient_check(loss, (0.3, 0.8))
    assert check.verdict == "wrong"
    assert "the gradient says" in check.reason
    assert check.numeric[1] == pytest.approx(np.exp(0.3), rel=1e-8)


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("abs(x)", (0, 1), "along x the slope is -1 from the left and 1 from the right"),
        ("abs(x) + y**2", (0, 0.3), "not differentiable"),
        ("relu(y) + 1e6", (1, 0), "along y the slope is 0 from the left and 1 from the right"),
        ("sqrt(abs(x*y))", (0, 0), "along x + y"),
        ("max(x, y)", (1, 1), "not differentiable"),
        ("floor(x) + y", (1, 1), "not continuous"),
    ],
)
def test_a_kink_is_named_in_one_line(text: str, at: Any, said: str) -> None:
    check = gradient_check(expression(text), at)
    assert check.verdict == "cannot tell"
    assert said in check.reason
    assert "\n" not in check.reason


def test_ackleys_kink_is_found_although_jax_gives_a_gradient() -> None:
    assert "is not differentiable" in gradient_check("ackley", (0, 0)).reason


@pytest.mark.parametrize("text", ["abs(x)**1.3", "x**2 + exp(10*y)", "sin(1000*x)", "5", "x"])
def test_what_is_smooth_enough_is_not_called_a_kink(text: str) -> None:
    check = gradient_check(expression(text), (0, 1))
    assert check.verdict == "right", check.reason


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [("log(x)", (-1, 0), "the loss is nan"), ("sqrt(x) + y", (0, 1), "finite on one side at most")],
)
def test_what_is_not_finite_is_said(text: str, at: Any, said: str) -> None:
    check = gradient_check(expression(text), at)
    assert check.verdict == "cannot tell"
    assert said in check.reason
    json.dumps(check.to_json(), allow_nan=False)


def test_numbers_at_the_edge_of_the_format_warn_of_nothing() -> None:
    """Warnings are errors here: each of these overflows somewhere."""
    for text, at in (("1e300*x**2", (1, 0)), ("1e12*exp(x)", (700, 0)), ("1/x", (1e-300, 0))):
        function = (lambda x, y: 1e300 * x**2 + 0 * y) if "300*" in text else expression(text)
        assert gradient_check(function, at).verdict in ("right", "cannot tell")


def test_a_network() -> None:
    from optviz.networks import NETWORKS

    check = gradient_check(NETWORKS["linear"](), num_lines=4)
    assert check.verdict == "right", check.reason
    assert "2 of 30,730 coordinates, drawn at random, and 2 random directions" in check.how
    assert len(check.names) == 4


def test_a_tree_of_arrays() -> None:
    params = {"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array(0.5)}

    def loss(tree: Any) -> jax.Array:
        return jnp.sum(jnp.tanh(tree["w"]) ** 2) * tree["b"] ** 2

    check = gradient_check(loss, params)
    assert check.verdict == "right", check.reason
    assert check.how == "along every one of 5 coordinates"
    assert check.names == ("b", "w[0, 0]", "w[0, 1]", "w[1, 0]", "w[1, 1]")


def test_the_same_seed_draws_the_same_lines() -> None:
    point = np.linspace(0.1, 1, 50)

    def names(seed: int) -> tuple[str, ...]:
        return gradient_check(lambda p: jnp.sum(p**3), point, num_lines=4, seed=seed).names

    assert names(1) == names(1)
    assert names(1) != names(2)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("rosenbrok", {}, "unknown surface or network 'rosenbrok' \\(did you mean 'rosenbrock'"),
        ("rosenbrock", {"at": (1, np.nan)}, "two finite numbers x, y"),
        ("rosenbrock", {"at": 3}, "two numbers x, y"),
        ("rosenbrock", {"num_lines": 0}, "num_lines must be"),
        ("linear", {"loss": "hing"}, "unknown loss 'hing'"),
        ("linear", {"at": (0, 0)}, "leave out the point"),
        ("rosenbrock", {"dtype": "float16"}, "unknown number format 'float16'"),
        (7, {}, "a check needs a loss, got int"),
    ],
)
def test_bad_input_is_one_line(target: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        gradient_check(target, **options)
    assert "\n" not in str(caught.value)


def test_the_package_and_a_check_need_no_user_interface_and_no_network_layers() -> None:
    code = (
        "import sys, optviz.analysis; optviz.analysis.gradient_check('saddle'); "
        "print([m for m in ('streamlit', 'plotly', 'flax') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
