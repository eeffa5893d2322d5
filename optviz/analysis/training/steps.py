"""Bad signs in the steps of one run: its layers, its gradient and its time.

Thresholds have their reasons beside them; CS231n's are from
https://cs231n.github.io/neural-networks-1/ and https://cs231n.github.io/neural-networks-3/.
"""

from __future__ import annotations

import math

import numpy as np

from optviz.analysis.training.curves import lately, learning_rate
from optviz.analysis.training.view import MIN_WINDOW, Finding, View
from optviz.engine.training.events import Layers

DEAD = 0.5  # most of a layer; CS231n's "as much as 40%" is reached by trainings that go well
LOOKS = 3  # at the layers: what one batch shows may be chance
VANISHED = 1e-3  # times the first window's norm, or the greatest layer's, before the loss halves
EXPLODED = 100.0  # norm; with normalised images it is 0.1 to 10, and clipped at 1 to 10 in practice
RATIO, DECADES = 1e-3, 2.0  # CS231n: "somewhere around 1e-3"; the rules differ by a decade each way
LEAST = 1e-12  # where logarithms end
DECAYED = 0.1  # of the highest rate: below it a schedule wants small updates
SLOW = 0.5  # seconds a step: slower, and one no longer watches but waits
MIN_TIMED = 3  # steps
WAITING = 0.1  # of the time; the same share that profilers warn from
MIN_CLOCK = 1.0  # seconds, for less is the first batch


def dead_units(view: View) -> Finding | None:
    """Most of a layer's units are zero on every image of a batch, look after look."""
    found = _streak([_dead(look) for look in view.run.layers], DEAD)
    if found is None:
        return None
    start, share, layer = found
    step = view.run.layers[start].step
    text = f"{share:.0%} of the units of {layer} are dead: zero on every image of a batch"
    advice = "Try a lower learning rate, another initialisation, or leaky ReLU or ELU."
    return Finding(step, text, advice, share)


def _dead(look: Layers) -> tuple[float, str]:
    known = [(s, n) for s, n in zip(look.dead, look.dead_names, strict=True) if s is not None]
    return max(known, default=(0.0, ""))


def _streak(looks: list[tuple[float, str]], bound: float) -> tuple[int, float, str] | None:
    """Where the looks above the bound that last until now begin, and the last of them."""
    start = len(looks)
    while start and looks[start - 1][0] > bound:
        start -= 1
    return None if len(looks) - start < LOOKS else (start, *looks[-1])


def exploding_gradient(view: View) -> Finding | None:
    """The gradient is far longer than a step can use."""
    if view.steps < MIN_WINDOW:
        return None
    norm = float(np.median(view.run.grad_norms[-view.window :]))
    if norm <= EXPLODED:
        return None
    text = f"the gradient's norm is {norm:.3g}, the median of the last {view.window} steps"
    advice = "Try a lower learning rate or smaller first weights; normalise the images."
    return Finding(max(view.steps - view.window, 0), text, advice, norm)


def vanishing_gradient(view: View) -> Finding | None:
    """The gradient has all but gone while the loss is still high: everywhere, or in some layers."""
    if not view.still_high:
        return None
    return _gone(view) or _lost_on_its_way(view)


def _gone(view: View) -> Finding | None:
    first = float(np.median(view.run.grad_norms[: view.window]))
    last = float(np.median(view.run.grad_norms[-view.window :]))
    if last >= VANISHED * first:
        return None
    text = (
        f"the gradient has vanished: its norm fell from {first:.2g} to {last:.2g} with the loss "
        f"still at {view.last.mean():.4g}"
    )
    advice = "Try a lower learning rate, ReLU-like activations, batch norm or fewer layers."
    return Finding(view.steps - view.window, text, advice, first / max(last, 1e-30))


def _lost_on_its_way(view: View) -> Finding | None:
    """As in deep networks of sigmoids, where small batches keep up the last layer's gradient."""
    looks = view.run.layers
    found = _streak([_faded(look) for look in looks], -math.log10(VANISHED))
    if found is None:
        return None
    start, decades, layer = found
    known = _grad_ratios(looks[-1])
    (least, _), (most, strongest) = min(known), max(known)
    text = (
        f"the gradient vanishes on its way back: it is {most:.1g} of the weights' norm at "
        f"{strongest}, {least:.1g} at {layer}, with the loss still at {view.last.mean():.4g}"
    )
    advice = "Try ReLU-like activations, batch norm, shortcuts around layers, or fewer of them."
    return Finding(looks[start].step, text, advice, 10**decades)


def _grad_ratios(look: Layers) -> list[tuple[float, str]]:
    """Each weight array's gradient over its norm, with its name; an older look has none."""
    pairs = zip(look.grad_ratios or (), look.names, strict=False)
    return [(ratio, name) for ratio, name in pairs if ratio is not None]


def _faded(look: Layers) -> tuple[float, str]:
    """The decades from the greatest of the layers' gradients down to the smallest, and whose."""
    known = _grad_ratios(look)
    if not known or not max(known)[0]:
        return (0.0, "")
    least, name = min(known)
    return (math.log10(max(known)[0] / max(least, LEAST)), name)


def update_ratio(view: View) -> Finding | None:
    """A layer's weights move by far more or far less a step than a thousandth of their norm."""
    looks = view.run.layers
    high = _streak([_ratio(look, 1) for look in looks], DECADES)
    if high is not None:
        advice = "Try a lower learning rate."
        return _ratio_finding(view, high, 1, advice)
    low = _streak([_ratio(look, -1) for look in looks], DECADES)
    if low is None or not view.still_high:
        return None
    rates = learning_rate(view.result, view.index)
    if len(rates) and rates[looks[-1].step] < DECAYED * rates.max():
        return None
    advice = "Try a higher learning rate, or a rule that gives each layer its own."
    return _ratio_finding(view, low, -1, advice)


def _ratio(look: Layers, sign: int) -> tuple[float, str]:
    """The decades by which a ratio is beyond `RATIO`, upwards or downwards, at most."""
    known = [(r, n) for r, n in zip(look.update_ratios, look.names, strict=True) if r is not None]
    decades = [(sign * math.log10(max(r, LEAST) / RATIO), n) for r, n in known]
    return max(decades, default=(0.0, ""))


def _ratio_finding(view: View, found: tuple[int, float, str], sign: int, advice: str) -> Finding:
    start, decades, layer = found
    text = (
        f"a step changes the weights of {layer} by {RATIO * 10 ** (sign * decades):.1g} of their "
        f"norm; about {RATIO:.0e} is usual"
    )
    return Finding(view.run.layers[start].step, text, advice, decades)


def slow_step(view: View) -> Finding | None:
    """Steps have lately taken longer than one likes to watch."""
    steps, seconds = lately(view.run)
    if steps < MIN_TIMED or seconds <= SLOW * steps:
        return None
    text = f"a step takes {1000 * seconds / steps:.0f} ms"
    advice = "Try a smaller batch, a smaller network, fewer runs at once, or a GPU."
    return Finding(view.steps - steps, text, advice, seconds / steps)


def waiting_for_data(view: View) -> Finding | None:
    """Much of the time goes into making batches ready."""
    seconds = view.run.clocks[-1][1] if view.run.clocks else 0.0
    if seconds < MIN_CLOCK or view.run.waited <= WAITING * seconds:
        return None
    text = f"{view.run.waited / seconds:.0%} of the time is spent waiting for batches"
    advice = "Try larger batches, or fewer other programs beside the training."
    return Finding(0, text, advice, view.run.waited / seconds)
