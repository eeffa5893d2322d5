"""Optax transformations that need more than a race or a training can give."""

import jax
import optax
import pytest

import optviz


def needing_a_teacher():
    def update(updates, state, params=None, *, teacher, **rest):
        return jax.tree.map(lambda g: -teacher * g, updates), state

    return optax.GradientTransformationExtraArgs(lambda params: (), update)


def test_one_line_says_what_is_missing():
    with pytest.raises(ValueError, match=r"needs what nobody gives it .*'teacher'.*value_fn"):
        optviz.race("ravine", [needing_a_teacher()], num_steps=3)


def test_other_mistakes_of_its_author_stay_what_they_are():
    def update(updates, state, params=None):
        raise TypeError("my own mistake")

    broken = optax.GradientTransformation(lambda params: (), update)
    with pytest.raises(TypeError, match="my own mistake"):
        optviz.race("ravine", [broken], num_steps=3)
