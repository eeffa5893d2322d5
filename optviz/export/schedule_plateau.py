"""Schedules that see the loss, as code: what the libraries have, told what they do not do.

Both libraries take a loss for better below (1 - threshold) times the best one, and of a best loss
below 0 that is more than it. The code here sets the margin itself, as `ReduceOnPlateau` does.
"""

from __future__ import annotations

from collections.abc import Sequence

from optviz.export.schedule_formulas import text
from optviz.schedules import Schedule
from optviz.schedules.reduce_on_plateau import ReduceOnPlateau

_CLASS = """class Plateau:
    \"""A factor that falls when the loss has not become better for a while.\"""

    def __init__(self, factor, patience, threshold, relative, cooldown, floor):
        self.factor, self.patience, self.threshold = factor, patience, threshold
        self.relative, self.cooldown, self.floor = relative, cooldown, floor
        self.best, self.waited, self.resting, self.value = math.inf, 0, 0, 1.0

    def tell(self, loss):
        \"""After each epoch.\"""
        size = min(abs(self.best), 1e200) if self.relative else 1.0
        better = loss < self.best - self.threshold * size
        self.best = loss if better else self.best
        self.waited = 0 if better or self.resting else self.waited + 1
        self.resting = max(self.resting - 1, 0)
        if self.waited > self.patience:
            self.waited, self.resting = 0, self.cooldown
            self.value = min(self.value, max(self.value * self.factor, self.floor))
"""


def watchers(schedule: Schedule) -> list[ReduceOnPlateau]:
    """The parts that drop on a plateau."""
    return [part for part in schedule.parts if type(part) is ReduceOnPlateau]


def is_code(schedule: Schedule) -> bool:
    """Whether all that see the loss are plateaus; a plug-in's may make anything of it."""
    return len(watchers(schedule)) == sum(part.sees_loss for part in schedule.parts)


def for_optax(schedule: Schedule, rule: str, knob: str, value: str) -> str:
    """What follows `schedule(step)` in code for optax: the plateaus, and how they are asked."""
    made = [
        f"    Plateau(factor={text(w.factor)}, patience={text(w.patience)}, "
        f"threshold={text(w.threshold)}, relative={w.mode == 'relative'},\n"
        f"            cooldown={text(w.cooldown)}, floor={text(w.floor)}),"
        for w in watchers(schedule)
    ]
    is_rate = knob == "learning_rate"
    others, note = ("", "") if is_rate else ("learning_rate=1e-3, ", "  # the others as usual")
    lines = [
        _CLASS,
        "",
        "plateaus = [",
        *made,
        "]",
        f"optimizer = optax.inject_hyperparams({rule})({others}{knob}={value}){note}",
        "",
        "",
        "def set_value(state, step):",
        '    """Before each step: state = set_value(state, step)."""',
        "    reduced = math.prod(plateau.value for plateau in plateaus)",
        f'    state.hyperparams["{knob}"] = jnp.asarray(schedule(step) * reduced)',
        "    return state",
        "",
        "",
        "# After each epoch: plateau.tell(loss) for each of plateaus.",
    ]
    return "\n".join(lines)


def alone_for_torch(schedule: Schedule, value: float) -> str:
    """What follows the optimizer in code for PyTorch whose rate nothing else moves."""
    (watcher,) = watchers(schedule)
    lines = [
        "scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(",
        f"    optimizer, {_arguments(watcher, value, 4)}",
        ")",
        "",
        "",
    ]
    return "\n".join([*lines, *_tell([watcher], ["scheduler"])])


def for_torch(schedule: Schedule, setting: str) -> str:
    """The same where other factors move the value: PyTorch's plateau would overwrite them."""
    found = watchers(schedule)
    one = "torch.optim.SGD([torch.zeros(1)], lr=1.0)"
    lines = ["plateaus = ["]
    for watcher in found:
        lines += [
            "    torch.optim.lr_scheduler.ReduceLROnPlateau(",
            f"        {one}, {_arguments(watcher, 1.0, 8)}",
            "    ),",
        ]
    lines += [
        "]",
        "",
        "",
        "def set_value(optimizer, step):",
        '    """Before each step."""',
        '    reduced = np.prod([p.optimizer.param_groups[0]["lr"] for p in plateaus])',
        "    for group in optimizer.param_groups:",
        f"        {setting.format('float(schedule(step) * reduced)')}",
        "",
        "",
        *_tell(found, [f"plateaus[{index}]" for index in range(len(found))]),
    ]
    return "\n".join(lines)


def _arguments(watcher: ReduceOnPlateau, value: float, indent: int) -> str:
    return (
        f"factor={text(watcher.factor)}, patience={text(watcher.patience)},\n{' ' * indent}"
        f'threshold={text(watcher.threshold)}, threshold_mode="abs", '
        f"cooldown={text(watcher.cooldown)}, min_lr={text(value * watcher.floor)}, eps=0.0"
    )


def _tell(found: Sequence[ReduceOnPlateau], names: Sequence[str]) -> list[str]:
    lines = ["def tell(loss):", '    """After each epoch."""']
    if any(watcher.mode == "relative" for watcher in found):
        lines.append(
            "    # A share of the best loss's size: PyTorch's own form is for losses above 0."
        )
    for watcher, name in zip(found, names, strict=True):
        if watcher.mode == "relative":
            margin = f"{text(watcher.threshold)} * min(abs({name}.best), 1e200)"
            lines.append(f"    {name}.threshold = {margin}")
        lines.append(f"    {name}.step(loss)")
    return [*lines, ""]
