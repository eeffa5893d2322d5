"""A schedule as Python code for optax and for PyTorch that gives the same values."""

from __future__ import annotations

from optviz.export.schedule_formulas import HALF_COSINE, formula, text
from optviz.export.schedule_library import optax_call, plateau_arguments, torch_call
from optviz.schedules import Schedule
from optviz.schedules.reduce_on_plateau import ReduceOnPlateau


def optax_code(
    schedule: Schedule, value: float, num_steps: int, knob: str = "learning_rate"
) -> str:
    """Code that defines `schedule(step)` and hands it to an optax optimizer.

    Args:
        schedule: one, or a product.
        value: the knob's base value.
        num_steps: length of the run.
        knob: what is scheduled.
    """
    lines = ["import optax"]
    own = optax_call(schedule, value, num_steps)
    if own and not schedule.sees_loss:
        lines += ["", f"schedule = {own}"]
    else:
        body = _functions(schedule, value, num_steps).replace("np.", "jnp.")
        lines = ["import jax.numpy as jnp", *lines, "", body]
    if knob != "learning_rate":
        lines += [
            "",
            f"# {knob} follows the schedule; the other hyperparameters as usual.",
            f"# optimizer = optax.inject_hyperparams(optax.sgd)(..., {knob}=schedule)",
        ]
    elif schedule.sees_loss:
        lines += ["", *_optax_plateau(schedule)]
    else:
        lines += ["", "optimizer = optax.sgd(learning_rate=schedule)"]
    return "\n".join(lines) + "\n"


def torch_code(
    schedule: Schedule, value: float, num_steps: int, knob: str = "learning_rate"
) -> str:
    """Code that makes a PyTorch optimizer and its scheduler; `model` is there already."""
    base = f"optimizer = torch.optim.SGD(model.parameters(), lr={text(value)})"
    own = torch_call(schedule, value, num_steps)
    if knob != "learning_rate":
        body = _functions(schedule, value, num_steps)
        loop = f'# for group in optimizer.param_groups: group["{knob}"] = schedule(step)'
        return f"import numpy as np\n\n{body}\n\n# Before each step:\n{loop}\n"
    if own:
        made = f"scheduler = torch.optim.lr_scheduler.{own}"
        after = "epoch: scheduler.step(loss)" if schedule.sees_loss else "step: scheduler.step()"
        return f"import torch\n\n{base}\n{made}\n# After each {after}\n"
    if schedule.sees_loss:
        return _torch_plateau(schedule, base, value, num_steps)
    body = _functions(schedule, 1.0, num_steps)
    made = "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)"
    return (
        f"import numpy as np\nimport torch\n\n{body}\n\n{base}\n{made}\n"
        "# After each step: scheduler.step()\n"
    )


def _functions(schedule: Schedule, value: float, num_steps: int) -> str:
    """One function for each part, and `schedule` that multiplies them."""
    parts, length, calls, texts = schedule.parts, float(num_steps), [], []
    names: list[str] = []
    start = 0.0
    for part in parts:
        name = f"{part.name}_factor" if part.name not in names else f"{part.name}_{len(names)}"
        names.append(part.name)
        body = formula(part, length)
        if len(parts) > 1:
            at = f"np.maximum(step - {text(start)}, 0)" if start else "step"
            if body != ["return 1.0"]:
                calls.append(f"{name}({at})")
                texts.append(_function(name, body))
        else:
            texts.append(_function("schedule", _times(body, value)))
        lead = float(part.lead(length))
        start, length = start + lead, length - lead
    if len(parts) > 1:
        product = " * ".join([*([text(value)] if value != 1 else []), *calls]) or "1.0"
        texts.append(_function("schedule", [f"return {product}"]))
    whole = "\n\n".join(texts)
    return f"{HALF_COSINE}\n\n{whole}" if "half_cosine(" in whole else whole


def _function(name: str, body: list[str]) -> str:
    return "\n".join([f"def {name}(step):", *(f"    {line}" for line in body)]) + "\n"


def _times(body: list[str], value: float) -> list[str]:
    if value == 1:
        return body
    if body == ["return 1.0"]:
        return [f"return {text(value)}"]
    return [*body[:-1], f"return {text(value)} * ({body[-1].removeprefix('return ')})"]


def _optax_plateau(schedule: Schedule) -> list[str]:
    lines = ["optimizer = optax.chain(", "    optax.sgd(learning_rate=schedule),"]
    for part in schedule.parts:
        if isinstance(part, ReduceOnPlateau):
            kinds = ("rtol", "atol") if part.mode == "relative" else ("atol", "rtol")
            lines += [
                "    optax.contrib.reduce_on_plateau(",
                f"        factor={text(part.factor)}, patience={text(part.patience + 1)},",
                f"        {kinds[0]}={text(part.threshold)}, {kinds[1]}=0.0,",
                f"        cooldown={text(part.cooldown)}, min_scale={text(part.floor)},",
                "    ),",
            ]
    return [*lines, ")", "# optimizer.update(grads, state, params, value=loss)"]


def _torch_plateau(schedule: Schedule, base: str, value: float, num_steps: int) -> str:
    """PyTorch's plateau writes the rate that the other factors would overwrite: it gets its own."""
    watchers = [part for part in schedule.parts if isinstance(part, ReduceOnPlateau)]
    lines = ["import numpy as np", "import torch", "", _functions(schedule, value, num_steps), ""]
    lines += [base, "plateaus = ["]
    for watcher in watchers:
        lines += [
            "    torch.optim.lr_scheduler.ReduceLROnPlateau(",
            f"        torch.optim.SGD([torch.zeros(1)], lr=1.0), {plateau_arguments(watcher, 1.0)}",
            "    ),",
        ]
    return "\n".join(
        [
            *lines,
            "]",
            "",
            "",
            "def set_rate(step):",
            '    reduced = np.prod([p.optimizer.param_groups[0]["lr"] for p in plateaus])',
            "    for group in optimizer.param_groups:",
            '        group["lr"] = float(schedule(step) * reduced)',
            "",
            "",
            "# Before each step: set_rate(step). After each epoch: plateau.step(loss) for each.",
            "",
        ]
    )
