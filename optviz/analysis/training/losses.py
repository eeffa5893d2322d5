"""Bad signs in the losses of one run, each with its threshold and the reason for it.

Source of the check of the first loss: CS231n, https://cs231n.github.io/neural-networks-3/.
Thresholds without a source are this project's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from scipy.special import logsumexp

from optviz.analysis.training.curves import learning_rate
from optviz.analysis.training.view import Finding, View
from optviz.engine.training.events import EpochEnd

FALL = 0.01  # of the first window's mean; PyTorch's LeNet under a working rule falls by 10 and more
NOISE = 2.0  # standard errors: less than this is chance
GUESSING = 1.2  # times what guessing gets right: on 1,000 images chance may give that
CLEARLY_LOSS, CLEARLY_ACCURACY = 0.95, 0.02  # validation's share of the training loss; points above
CHANCE = 3.0  # standard errors of the difference of two accuracies
PATIENCE = 2  # epochs without a better validation loss: one is a hiccup
RISE = 1.05  # times the best validation loss: between two epochs it varies by a few hundredths
SPREAD = 2.5  # of first scores; Kaiming's weights make 1.4 on average, in small networks up to 2
KNOWING = 0.5  # of the loss of equal scores: a network that has learned nothing cannot have less


def diverged(view: View) -> Finding | None:
    """The loss, or at the very end the validation loss, is not a finite number."""
    if view.run.outcome == "diverged":
        at = view.run.diverged_at
    elif view.epochs and view.epochs[-1].val_loss is None:
        at = view.end(view.epochs[-1])
    else:
        return None
    rates = learning_rate(view.result, view.index)
    if not at:
        text, advice = "the very first loss is not finite", "Start from smaller weights."
    else:
        rate = f" after an update at learning rate {rates[at - 1]:.3g}" if len(rates) else ""
        text = f"the loss is not finite, or beyond 1e12, from step {at} on{rate}"
        advice = "Try a tenth of the learning rate, or a warm-up."
    return Finding(at, text, advice, 1 / (1 + at), "error")


def not_falling(view: View) -> Finding | None:
    """The mean of the last window is not clearly below that of the first, or it only guesses."""
    if not view.judged:
        return None
    first, last = view.first.mean(), view.last.mean()
    error = math.sqrt((view.first.var() + view.last.var()) / view.window)
    margin = max(FALL * abs(first), NOISE * error)
    advice = (
        "Try another learning rate, ten times lower if the curve is wild and ten times higher if "
        "it is flat; if it stays, another initialisation."
    )
    if first - last < margin and not _learns(view):
        blocks = np.asarray(view.run.losses[: view.steps // view.window * view.window])
        good = np.flatnonzero(blocks.reshape(-1, view.window).mean(axis=1) < first - margin)
        since = (int(good[-1]) + 1) * view.window if len(good) else 0
        text = (
            f"the loss is not falling: {last:.4g} over the last {view.window} steps, "
            f"{first:.4g} over the first"
        )
        return Finding(since, text, advice, (last - first) / max(abs(first), 1e-12))
    guess = 1 / view.spec.network.num_classes
    # Early on, batch norm's running averages may make a test worse than training was.
    shares = (view.epochs[-1].train_accuracy, view.epochs[-1].mean_accuracy) if view.epochs else ()
    accuracy = max((share for share in shares if share is not None), default=1.0)
    if accuracy >= GUESSING * guess:
        return None
    text = (
        f"the network only guesses: {accuracy:.1%} of the training images are right after epoch "
        f"{len(view.epochs)}, and guessing gets {guess:.0%}"
    )
    return Finding(view.end(view.epochs[-1]) - view.per_epoch, text, advice, 0.0)


def _learns(view: View) -> bool:
    """Whether tests, which are free of the noise of small batches, show that it has learned."""
    begun, now = view.run.begun, view.epochs[-1] if view.epochs else None
    if begun is None or now is None or now.train_loss is None or begun.train_loss is None:
        return False
    known = (now.train_accuracy or 0.0) >= GUESSING / view.spec.network.num_classes
    return known and now.train_loss < (1 - FALL) * begun.train_loss


def initial_loss(view: View) -> Finding | None:
    """The first loss is far from that of equal scores, ln 10 for ten classes (claim L22)."""
    if not view.steps:
        return None
    loss, classes = view.spec.loss, view.spec.network.num_classes
    first, equal = view.run.losses[0], loss_of_scores(loss, classes, 0.0)
    if KNOWING * equal <= first <= loss_of_scores(loss, classes, SPREAD):
        return None
    text = (
        f"the loss starts at {first:.4g}, far from the {equal:.4g} of a network that gives "
        f"{classes} classes the same score"
    )
    advice = (
        "Start from smaller weights, and check that the images are normalised."
        if first > equal
        else "Check the labels: before training the network should know nothing."
    )
    return Finding(0, text, advice, abs(first - equal))


@lru_cache(maxsize=32)
def loss_of_scores(loss: str, classes: int, spread: float) -> float:
    """A loss's mean for scores N(0, spread²) and any label; cross-entropy's is ln C without spread.

    A thousand draws, always the same, give it to a hundredth.
    """
    draws = np.random.default_rng(0).standard_normal((1000, classes))
    labels = np.arange(1000) % classes
    return float(_IN_NUMPY[loss](spread * draws, labels).mean())


def _cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return logsumexp(scores, axis=1) - _right(scores, labels)


def _hinge(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.maximum(scores - _right(scores, labels)[:, None] + 1, 0).sum(axis=1) - 1


def _squared_error(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.square(scores - np.eye(scores.shape[1])[labels]).mean(axis=1)


def _right(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return scores[np.arange(len(labels)), labels]


# `LOSSES` once more: whoever looks at a training compiles nothing.
_IN_NUMPY: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cross_entropy": _cross_entropy,
    "hinge": _hinge,
    "squared_error": _squared_error,
}


def overfitting(view: View) -> Finding | None:
    """The validation loss has risen since its best epoch, and the training loss has fallen."""
    told = [(e, e.val_loss, e.train_loss) for e in view.epochs]
    known = [(e, v, t) for e, v, t in told if v is not None and t is not None]
    if len(known) <= PATIENCE:
        return None
    best, best_val, best_train = min(known, key=lambda row: row[1])
    now, val, train = known[-1]
    if now.epoch - best.epoch < PATIENCE or val <= RISE * best_val or train >= best_train:
        return None
    text = (
        f"overfitting since epoch {best.epoch + 1}: the validation loss rose from {best_val:.4g} "
        f"to {val:.4g}, the training loss fell from {best_train:.4g} to {train:.4g}"
    )
    advice = "Stop at the best epoch, or try flips and crops, weight decay or dropout."
    return Finding(view.end(best), text, advice, val / best_val)


def validation_better(view: View) -> Finding | None:
    """Validation is clearly better than training by the same weights, both in test mode.

    Where means over an epoch are all that is known of training, they are not compared: they are of
    weights that knew less, on harder images.
    """
    if not view.epochs or not _is_better(view, view.epochs[-1]):
        return None
    now = since = view.epochs[-1]
    for epoch in reversed(view.epochs):
        if not _is_better(view, epoch):
            break
        since = epoch
    text = (
        f"validation is better than training after epoch {now.epoch + 1}, by the same weights: "
        f"loss {now.val_loss:.4g} against {now.train_loss:.4g}, accuracy {now.val_accuracy:.1%} "
        f"against {now.train_accuracy:.1%}"
    )
    advice = "Check that no training image is among those for validation, and that both are alike."
    extent = float(now.train_loss or 0.0) - float(now.val_loss or 0.0)
    return Finding(view.end(since), text, advice, extent)


def _is_better(view: View, epoch: EpochEnd) -> bool:
    """Beyond what the choice of the images explains."""
    train, val = epoch.train_loss, epoch.val_loss
    right, val_right = epoch.train_accuracy, epoch.val_accuracy
    if train is None or val is None or right is None or val_right is None:
        return False
    by_chance = CHANCE * math.sqrt(sum(val_right * (1 - val_right) / n for n in view.tested))
    return val < CLEARLY_LOSS * train and val_right > right + max(CLEARLY_ACCURACY, by_chance)
