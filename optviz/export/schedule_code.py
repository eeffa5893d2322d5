"""A schedule as Python code for optax and for PyTorch that gives the same values."""

from __future__ import annotations

from optviz.export import schedule_plateau as plateau
from optviz.export.schedule_formulas import HALF_COSINE, Stretch, formula, table, text
from optviz.export.schedule_library import optax_call, torch_call
from optviz.schedules import Schedule

# Knobs by the optimizer of the library that has them, and by the name that they have there.
OPTAX = {"b1": "adam", "b2": "adam", "decay": "rmsprop", "rho": "adadelta", "weight_decay": "adamw"}
TORCH = {
    "learning_rate": 'group["lr"] = {}',
    "b1": 'group["betas"] = ({}, group["betas"][1])',
    "b2": 'group["betas"] = (group["betas"][0], {})',
    "decay": 'group["alpha"] = {}',
}

_NO_CODE = "# What this schedule makes of the loss is known to optviz alone.\n"


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
    if not plateau.is_code(schedule):
        return _NO_CODE
    own = optax_call(schedule, value, num_steps)
    imports = ["import optax"]
    if own and not schedule.sees_loss:
        lines = [f"schedule = {own}"]
    else:
        lines = [functions(schedule, value, num_steps).replace("np.", "jnp.").rstrip("\n")]
        imports.insert(0, "import jax.numpy as jnp")
    rule = f"optax.{OPTAX.get(knob, 'sgd')}"
    if schedule.sees_loss:
        imports = ["import math\n", "import jax.numpy as jnp", "import optax"]
        lines += ["\n", plateau.for_optax(schedule, rule, knob, text(value))]
    elif knob == "learning_rate":
        lines += ["", f"optimizer = {rule}(learning_rate=schedule)"]
    else:
        lines += [
            "",
            f"# {knob} follows the schedule; the other hyperparameters as usual.",
            f"# optimizer = optax.inject_hyperparams({rule})(..., {knob}=schedule)",
        ]
    return "\n".join([*imports, "", *lines]) + "\n"


def torch_code(
    schedule: Schedule, value: float, num_steps: int, knob: str = "learning_rate"
) -> str:
    """Code that makes a PyTorch optimizer and its scheduler; `model` is there already."""
    if not plateau.is_code(schedule):
        return _NO_CODE
    is_rate = knob == "learning_rate"
    made = f"optimizer = torch.optim.SGD(model.parameters(), lr={text(value)})" if is_rate else None
    setting = TORCH.get(knob, f'group["{knob}"] = {{}}')
    own = torch_call(schedule, value, num_steps)
    if schedule.sees_loss:
        if is_rate and len(schedule.parts) == 1:
            return f"import torch\n\n{made}\n{plateau.alone_for_torch(schedule, value)}"
        body = functions(schedule, value, num_steps).rstrip("\n")
        lines = [*([made] if made else []), plateau.for_torch(schedule, setting)]
        return "\n".join(["import numpy as np", "import torch", "", body, "", "", *lines])
    if not is_rate:
        body = functions(schedule, value, num_steps)
        loop = f"# for group in optimizer.param_groups: {setting.format('schedule(step)')}"
        return f"import numpy as np\n\n{body}\n\n# Before each step:\n{loop}\n"
    if own:
        scheduler = f"scheduler = torch.optim.lr_scheduler.{own}"
        return f"import torch\n\n{made}\n{scheduler}\n# After each step: scheduler.step()\n"
    body = functions(schedule, 1.0, num_steps)
    scheduler = "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)"
    return (
        f"import numpy as np\nimport torch\n\n{body}\n\n{made}\n{scheduler}\n"
        "# After each step: scheduler.step()\n"
    )


def functions(schedule: Schedule, value: float, num_steps: int) -> str:
    """One function of NumPy for each part, and `schedule` that multiplies them."""
    whole = _functions(schedule, value, num_steps)
    if whole is None:
        whole = _function("schedule", _times(table(schedule, num_steps), value))
    return f"{HALF_COSINE}\n\n{whole}" if "half_cosine(" in whole else whole


def _functions(schedule: Schedule, value: float, num_steps: int) -> str | None:
    """The same from formulas; None: a part has none, as a plug-in's."""
    parts, on, calls, texts = schedule.parts, Stretch(0.0, float(num_steps)), [], []
    names: list[str] = []
    for part in parts:
        name = f"{part.name}_factor" if part.name not in names else f"{part.name}_{len(names)}"
        names.append(part.name)
        body = formula(part, on)
        if body is None:
            return None
        if len(parts) > 1:
            at = f"np.maximum(step - {text(on.begin)}, 0)" if on.begin else "step"
            if body != ["return 1.0"]:
                calls.append(f"{name}({at})")
                texts.append(_function(name, body))
        else:
            texts.append(_function("schedule", _times(body, value)))
        lead = float(part.lead(on.length))
        on = Stretch(on.begin + lead, on.length - lead)
    if len(parts) > 1:
        product = " * ".join([*([text(value)] if value != 1 else []), *calls]) or "1.0"
        texts.append(_function("schedule", [f"return {product}"]))
    return "\n\n".join(texts)


def _function(name: str, body: list[str]) -> str:
    return "\n".join([f"def {name}(step):", *(f"    {line}".rstrip() for line in body)]) + "\n"


def _times(body: list[str], value: float) -> list[str]:
    if value == 1:
        return body
    if body == ["return 1.0"]:
        return [f"return {text(value)}"]
    return [*body[:-1], f"return {text(value)} * ({body[-1].removeprefix('return ')})"]
