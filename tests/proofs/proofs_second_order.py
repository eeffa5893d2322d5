"""Second-order rules, line searches, baselines and Muon: SciPy, PyTorch and optax."""

import json
from functools import cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import scipy
from proof_kit import Proof, error_of, walk
from scipy import linalg, optimize
from scipy.sparse.linalg import cg

from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import Job, descend
from optviz.optimizers import OPTIMIZERS
from optviz.surfaces import SURFACES

GOLDEN = Path(__file__).parents[1] / "golden" / "torch_second_order.npz"
START = np.array([-1.2, 1.0])
SCIPY = f"{scipy.__version__}"


@cache
def golden():
    return dict(np.load(GOLDEN))


def path(rule, loss, start, num_steps):
    """(num_steps + 1, n) answers of a rule in float64; the loss may read the step."""
    with on_cpu("float64"):
        run = jax.jit(partial(walk, loss_fn=loss, num_steps=num_steps))
        return np.asarray(run(cast(rule, "float64"), start=jnp.asarray(start, jnp.float64)))


def valley(p, step):
    return jnp.sum(100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2)


def quadratic(size, seed=0):
    """A positive definite matrix with eigenvalues from 1 to 100, and a right-hand side."""
    draw = np.random.default_rng(seed)
    turn = linalg.qr(draw.standard_normal((size, size)))[0]
    return turn @ np.diag(np.geomspace(1, 100, size)) @ turn.T, draw.standard_normal(size)


def bowl(matrix, target):
    return lambda p, step: 0.5 * p @ jnp.asarray(matrix) @ p - p @ jnp.asarray(target)


# Newton: SciPy's own derivatives of the valley, in five dimensions --------------------------------


def newton(key, size_of, settings):
    """Steps by a direct solution with SciPy's Hessian, whose size is `size_of` it."""
    worst = 0.0
    start = np.array([-1.2, 1.0, 0.7, -0.4, 1.3])
    for rate, damping in settings:
        rule = OPTIMIZERS[key](learning_rate=rate, damping=damping)
        ours, p = path(rule, valley, start, 15), start
        for point in ours:
            worst = max(worst, error_of(point, p))
            # From our point on: an error is then that of one step, not what a chaos made of it.
            curvature = size_of(optimize.rosen_hess(point)) + damping * np.eye(5)
            p = point - rate * linalg.solve(curvature, optimize.rosen_der(point))
    return worst


def absolute(matrix):
    return linalg.sqrtm(matrix @ matrix).real


# BFGS and conjugate gradient ----------------------------------------------------------------------


def bfgs_directions():
    """SciPy's estimate of the inverse Hessian, fed with our steps, gives our directions."""
    start = np.array([-1.2, 1.0, 0.7, -0.4, 1.3])
    points = path(OPTIMIZERS["bfgs"](), valley, start, 40)
    slopes = np.array([optimize.rosen_der(p) for p in points])
    estimate = optimize.BFGS(exception_strategy="skip_update", init_scale="auto")
    estimate.initialize(5, "inv_hess")
    worst = 0.0
    for k in range(40):
        if k:
            estimate.update(points[k] - points[k - 1], slopes[k] - slopes[k - 1])
        direction = -estimate.get_matrix() @ slopes[k] if k else -slopes[k]
        step = points[k + 1] - points[k]
        if linalg.norm(step) < 1e-6:  # of a shorter one, rounding decides the direction
            break
        worst = max(worst, error_of(step / linalg.norm(step), direction / linalg.norm(direction)))
    assert k > 25
    return worst


def conjugate_directions():
    """The directions of Polak and Ribière, from our points and SciPy's gradients."""
    start = np.array([-1.2, 1.0, 0.7, -0.4, 1.3])
    points = path(OPTIMIZERS["conjugate_gradient"](), valley, start, 40)
    slopes = np.array([optimize.rosen_der(p) for p in points])
    direction, worst = -slopes[0], 0.0
    for k in range(40):
        if k:
            change = slopes[k] - slopes[k - 1]
            beta = max(0.0, slopes[k] @ change / (slopes[k - 1] @ slopes[k - 1]))
            direction = -slopes[k] + beta * direction
            direction = direction if direction @ slopes[k] < 0 else -slopes[k]
        step = points[k + 1] - points[k]
        if linalg.norm(step) < 1e-6:
            break
        worst = max(worst, error_of(step / linalg.norm(step), direction / linalg.norm(direction)))
    assert k > 25
    return worst


def exact_searches(key):
    """With nearly exact searches all three walk from one iterate of linear CG to the next."""
    matrix, target = quadratic(6)
    iterates = [np.zeros(6)]
    cg(matrix, target, np.zeros(6), rtol=1e-14, callback=lambda p: iterates.append(p.copy()))
    rule = OPTIMIZERS[key](c2=1.1e-4)
    ours = path(rule, bowl(matrix, target), np.zeros(6), 6)
    return error_of(ours, np.array(iterates[:7]))


# PyTorch ------------------------------------------------------------------------------------------


@jax.jit
def tilted(rule, surface, tilts, start):
    """The path over a surface that every step tilts: one program, noisy or not."""

    def loss(p, step):
        return surface(p) + tilts[step] @ p

    return walk(rule, loss, start, len(tilts))


def torch_lbfgs():
    data, worst = golden(), 0.0
    for number, case in enumerate(json.loads(str(data["cases"]))):
        surface = SURFACES[case["surface"]]()
        tilts = data["tilts"] if case["noisy"] else 0 * data["tilts"]
        rule = OPTIMIZERS["lbfgs"](memory_size=case["memory"])
        horizon = int(data["horizon"][number])
        with on_cpu("float64"):
            start = np.array(case["start"], np.float64)
            ours = np.asarray(tilted(cast(rule, "float64"), cast(surface, "float64"), tilts, start))
        assert horizon >= 4, case
        worst = max(worst, error_of(ours[:horizon], data["params"][number][:horizon]))
        if not case["noisy"]:
            job = Job(rule, {})
            result = descend([job], surface, np.array(case["start"]), num_steps=len(tilts))
            counted = result.evaluations[0, :horizon]
            np.testing.assert_array_equal(counted, data["evaluations"][number][:horizon])
    return worst


def regression(data, key):
    inputs, targets = data[f"{key} inputs"], data[f"{key} targets"]
    return lambda w, step: 0.5 * jnp.sum((jnp.asarray(inputs) @ w - jnp.asarray(targets)) ** 2)


def torch_muon():
    data, worst = golden(), 0.0
    for number, given in enumerate(json.loads(str(data["muon"]))):
        fields = {"learning_rate" if k == "lr" else k: v for k, v in given.items()}
        rule = OPTIMIZERS["muon"](**{"weight_decay": 0.1, **fields})
        for shape in ("4 3", "3 7", "4 4"):
            key = f"muon {shape} {number}"
            theirs = data[f"{key} path"]
            ours = path(rule, regression(data, key), theirs[0], len(theirs) - 1)
            worst = max(worst, error_of(ours, theirs))
    return worst


# optax --------------------------------------------------------------------------------------------


def optax_path(tx, loss, start, num_steps):
    with on_cpu("float64"), jax.numpy_dtype_promotion("standard"):

        @jax.jit
        def step(params, state):
            value, grads = jax.value_and_grad(lambda p: loss(p, 0))(params)
            more = {"value": value, "grad": grads, "value_fn": lambda p: loss(p, 0)}
            updates, state = tx.update(grads, state, params, **more)
            return optax.apply_updates(params, updates), state

        params = jnp.asarray(start, jnp.float64)
        state, seen = tx.init(params), [params]
        for _ in range(num_steps):
            params, state = step(params, state)
            seen.append(params)
        return np.array(seen)


def optax_muon():
    data, worst = golden(), 0.0
    rule = OPTIMIZERS["muon"](learning_rate=0.03, momentum=0.9, weight_decay=0.2, nesterov=False)
    tx = optax.contrib.muon(0.03, beta=0.9, weight_decay=0.2, nesterov=False, eps=0.0)
    for shape in ("4 3", "3 7", "4 4"):
        key = f"muon {shape} 0"
        loss, start = regression(data, key), data[f"{key} path"][0]
        ours, theirs = path(rule, loss, start, 100), optax_path(tx, loss, start, 100)
        worst = max(worst, error_of(ours, theirs))
    return worst


def optax_armijo():
    worst = 0.0
    for first, shrink, c1 in [(1.0, 0.5, 1e-4), (0.3, 0.8, 0.2)]:
        rule = OPTIMIZERS["armijo"](first_step=first, shrink=shrink, c1=c1)
        search = optax.scale_by_backtracking_linesearch(
            99,
            slope_rtol=c1,
            decrease_factor=shrink,
            increase_factor=np.inf,
            max_learning_rate=first,
        )
        tx = optax.chain(optax.sgd(1.0), search)
        ours = path(rule, valley, START, 100)
        worst = max(worst, error_of(ours, optax_path(tx, valley, START, 100)))
    return worst


# Baselines ----------------------------------------------------------------------------------------


def scipy_nelder_mead():
    worst = 0.0
    for surface in ("rosenbrock", "himmelblau", "beale"):
        landscape = SURFACES[surface]()
        start = np.asarray(landscape.start)
        corners = start + 0.5 * np.array([[0, 0], [1, 0], [0, 1]])
        with on_cpu("float64"):
            value = jax.jit(landscape)
            result = optimize.minimize(
                lambda p, value=value: float(value(p)),
                start,
                method="Nelder-Mead",
                options={
                    "initial_simplex": corners,
                    "xatol": 1e-7,
                    "fatol": 0,
                    "return_all": True,
                    "maxiter": 60,
                },
            )
        theirs = np.array(result.allvecs)[1:]  # the best corner after each iteration
        job = Job(OPTIMIZERS["nelder_mead"](size=0.5), {})
        ours = descend([job], landscape, start, num_steps=len(theirs) + 1)
        worst = max(worst, error_of(ours.params[0][2:], theirs))
        assert ours.evaluations[0, -1] == result.nfev
    return worst


def scipy_brute():
    """Three rounds of the grid, each the best of SciPy's grid around the best of the last."""
    landscape, worst = SURFACES["himmelblau"](), 0.0
    count, radius, centre = 7, 2.0, np.asarray(landscape.start)
    job = Job(OPTIMIZERS["brute_force"](radius=radius, points=count), {})
    ours = descend([job], landscape, centre, num_steps=3 * count**2).params[0]
    with on_cpu("float64"):
        value = jax.jit(landscape)
        for turn in range(1, 4):
            ranges = [(c - radius, c + radius) for c in centre]
            best = optimize.brute(lambda p: float(value(p)), ranges, Ns=count, finish=None)
            worst = max(worst, error_of(ours[turn * count**2], best))
            centre, radius = best, radius * 2 / (count - 1)
    return worst


def random_search_by_hand():
    """The rule in plain numbers, with the draws that the rule's key gives."""
    worst = 0.0
    for adapt in (True, False):
        rule = OPTIMIZERS["random_search"](radius=0.3, adapt=adapt)
        ours = path(rule, valley, START, 200)
        with on_cpu("float64"):
            keys = [jax.random.fold_in(jax.random.key(0), k) for k in range(200)]
            draws = np.array([jax.random.normal(k, (2,), jnp.float64) for k in keys])
        point, radius = START, 0.3
        for k, draw in enumerate(draws):
            worst = max(worst, error_of(ours[k], point))
            trial = point + radius * draw
            better = optimize.rosen(trial) < optimize.rosen(point)
            point = trial if better else point
            if adapt:
                radius = min(0.3, radius * np.exp(1 / 3 if better else -1 / 12))
    return worst


TORCH = f"torch.optim.{{}} {str(golden()['torch']).split('+')[0]}"
WOLFE = "strong Wolfe search by bracketing and zooming"

PROOFS = (
    Proof(
        "newton",
        f"scipy.optimize.rosen_hess {SCIPY}",
        "a curved valley in five dimensions, 3 settings, step by step",
        15,
        1e-9,
        "full step, damping added to the diagonal",
        partial(newton, "newton", lambda h: h, [(1.0, 0.0), (0.5, 0.0), (1.0, 20.0)]),
    ),
    Proof(
        "saddle_free_newton",
        f"scipy.linalg.sqrtm {SCIPY}",
        "a curved valley in five dimensions, 3 settings, step by step",
        15,
        1e-9,
        "all eigenvectors; |H| is the root of H²",
        partial(newton, "saddle_free_newton", absolute, [(1.0, 0.0), (0.5, 0.0), (1.0, 20.0)]),
    ),
    Proof(
        "bfgs",
        f"scipy.optimize.BFGS {SCIPY}",
        "directions in a curved valley in five dimensions",
        40,
        1e-9,
        f"first estimate scaled by yᵀs/yᵀy; {WOLFE}",
        bfgs_directions,
    ),
    Proof(
        "conjugate_gradient",
        f"Polak & Ribière with scipy.optimize.rosen_der {SCIPY}",
        "directions in a curved valley in five dimensions",
        40,
        1e-9,
        f"β cut at zero; {WOLFE}",
        conjugate_directions,
    ),
    *(
        Proof(
            key,
            f"scipy.sparse.linalg.cg {SCIPY}",
            "a quadratic in six dimensions, nearly exact searches",
            6,
            1e-9,
            "at c2 = 1.1e-4 its iterates are those of linear conjugate gradients",
            partial(exact_searches, key),
        )
        for key in ("bfgs", "lbfgs", "conjugate_gradient")
    ),
    Proof(
        "lbfgs",
        TORCH.format("LBFGS(line_search_fn='strong_wolfe')"),
        "9 surfaces, 2 memories, with and without noise, to where PyTorch itself is one rounding "
        "error apart; number of evaluations too",
        60,
        1e-9,
        f"{WOLFE}; gradients of different steps subtracted",
        torch_lbfgs,
    ),
    Proof(
        "muon",
        TORCH.format("Muon"),
        "matrices of 4 × 3, 3 × 7 and 4 × 4, 2 settings",
        40,
        1e-9,
        "Newton-Schulz in float64 (set so in PyTorch); rate times √max(1, outputs/inputs)",
        torch_muon,
    ),
    Proof(
        "muon",
        f"optax.contrib.muon(nesterov=False) {optax.__version__}",
        "matrices of 4 × 3, 3 × 7 and 4 × 4",
        100,
        1e-9,
        "plain momentum: optax corrects the bias of Nesterov's form",
        optax_muon,
    ),
    Proof(
        "armijo",
        f"optax.scale_by_backtracking_linesearch {optax.__version__}",
        "a curved valley, 2 settings",
        100,
        1e-9,
        "every search starts from the same first step",
        optax_armijo,
    ),
    Proof(
        "nelder_mead",
        f"scipy.optimize.minimize(method='Nelder-Mead') {SCIPY}",
        "3 surfaces, number of evaluations too",
        60,
        1e-9,
        "coefficients 1, 2, ½, ½; a right-angled first simplex",
        scipy_nelder_mead,
    ),
    Proof(
        "brute_force",
        f"scipy.optimize.brute {SCIPY}",
        "3 rounds on a surface with four minima",
        147,
        1e-12,
        "a round is as wide as two cells of the one before",
        scipy_brute,
    ),
    Proof(
        "random_search",
        "the rule by hand, with scipy.optimize.rosen " + SCIPY,
        "a curved valley, with and without adaption",
        200,
        1e-9,
        "normal draws; one fifth of the steps succeed",
        random_search_by_hand,
    ),
)
