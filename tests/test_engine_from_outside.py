"""An operator, a kernel and an optimizer from outside: one place each, and a model trains with them."""

from functools import partial

import numpy as np
import pytest
from both_ways import RULES, Formula, both_ways, fit_both, way
from test_engine import engine

import minigrad as mg
from minigrad.engine.kernels.kernel import Kernel
from minigrad.engine.match import KERNELS
from minigrad.engine.updates import Updates
from minigrad.graph import recordable

L = mg.layers


@recordable
class Square(mg.Operator):
    def forward(self, x):
        return x * x

    def backward(self, gradient, x):
        return gradient * x * 2

    def keeps_samples_apart(self, samples):
        return all(samples)


class SquareKernel(Kernel):
    """The square with a kernel of its own, which keeps 2x from the way forward."""

    kind = "square"

    def __init__(self, nodes, scope):
        super().__init__(nodes, scope, nodes[0].inputs)

    @classmethod
    def takes(cls, node, scope):
        return [node] if type(node) is Square and scope.computed_from(node) else None

    def forward(self, host):
        x, out = host.value(self.reads[0]), host.value(self.output)
        self.twice = host.ask("twice x", x.shape, x.dtype)
        yield partial(np.add, x, x, out=self.twice)
        yield partial(np.multiply, x, x, out=out)

    def backward(self, host):
        if self.sends:
            place, after = host.receive(self.reads[0])
            yield partial(np.multiply, host.gradient(self.output), self.twice, out=place)
            yield from after


@recordable
class Lion(mg.optimizers.Optimizer):
    """Source: Chen et al., "Symbolic discovery of optimization algorithms", arXiv 2302.06675."""

    slots = 1

    def __init__(self, learning_rate=0.01, beta_1=0.9, beta_2=0.99):
        self.beta_1, self.beta_2 = beta_1, beta_2
        super().__init__(learning_rate)

    def update(self, variable, gradient):
        (mean,) = self.state(variable)
        step = np.sign(mean * self.beta_1 + gradient * (1 - self.beta_1))
        variable.value = variable.value - step * self.learning_rate
        mean *= self.beta_2
        mean += gradient * (1 - self.beta_2)


@recordable
class Normed(mg.optimizers.Optimizer):
    """A step of the same length for each weight, which no row can take by itself."""

    def update(self, variable, gradient):
        length = np.sqrt(np.sum(gradient * gradient))
        variable.value = variable.value - gradient * (self.learning_rate / (length + 1e-3))


@recordable
class Warming(mg.optimizers.SGD):
    """Decides by the number of steps."""

    def update(self, variable, gradient):
        rate = self.learning_rate * 0.1 if self.iterations < 5 else self.learning_rate
        variable.value = variable.value - gradient * rate


def layers():
    return [L.Dense(40), Formula(lambda x: Square(np.tanh(x))), L.Dense(2)]


def kinds(model):
    runners = model._runners.values()
    return {k.kind for r in runners for p in r.programs for k in p.kernels}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("with_kernel", [False, True])
def test_an_operator_and_a_kernel_from_outside(with_kernel, threads, monkeypatch):
    if with_kernel:
        monkeypatch.setattr("minigrad.engine.match.KERNELS", [SquareKernel, *KERNELS])
    with engine(threads):
        models = both_ways(layers, (6,))
        fit_both(models)
        assert ("square" in kinds(models[1])) == with_kernel
        assert "reference" not in kinds(models[1])
        assert way(models[1]) == ("alone" if threads == 1 else "pictures")


@pytest.mark.parametrize("large", [100, 1 << 20], ids=["large weight", "small weights"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", [Lion, Normed, Warming])
def test_an_optimizer_from_outside_is_recorded(optimizer, threads, large):
    with engine(threads, large=large):
        models = both_ways(layers, (6,), optimizer=lambda: optimizer(0.01))
        fit_both(models)
        plan = next(r for r in models[1]._runners.values() if r.training)
        assert plan.updates.recorded
        assert plan.updates.by_rows == (optimizer is not Normed)
        banded = threads == 2 and large == 100 and optimizer is not Normed
        assert (way(models[1]) == "bands") == banded


def test_a_rule_that_keeps_something_besides_is_not_recorded():
    @recordable
    class Counting(mg.optimizers.Optimizer):
        def update(self, variable, gradient):
            self.seen = getattr(self, "seen", 0) + 1
            variable.value = variable.value - self.learning_rate * gradient

    with engine(1):
        models = both_ways(layers, (6,), optimizer=lambda: Counting(0.01))
        fit_both(models)
        assert not next(iter(models[1]._runners.values())).updates.recorded
        assert models[1].optimizer.seen == models[0].optimizer.seen


@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_of_an_optimizer_may_change_after_the_plan_was_made(threads):
    with engine(threads, large=100):
        models = both_ways(layers, (6,), optimizer=lambda: mg.optimizers.SGD(0.01))
        for name, value in [("momentum", 0.8), ("nesterov", True), ("learning_rate", 0.02)]:
            fit_both(models)
            for model in models:
                setattr(model.optimizer, name, value)
        fit_both(models)
        for model in models:
            model.optimizer.momentum = 0.0
        fit_both(models)


@pytest.mark.parametrize("large", [100, 1 << 20], ids=["large weight", "small weights"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_every_optimizer_s_rule_is_recorded(rule, threads, large):
    with engine(threads, large=large):
        models = both_ways(layers, (6,), optimizer=lambda: RULES[rule](mg.optimizers))
        fit_both(models)
        plan = next(r for r in models[1]._runners.values() if r.training)
        assert plan.updates.recorded
        assert plan.updates.by_rows == (rule != "clipped norm")
        assert models[1].optimizer.iterations == models[0].optimizer.iterations == 8


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_not_asked_for_at_first_may_be_asked_for_later(threads):
    """Each is ``None`` when the plan is made, and a number when training goes on, or the reverse."""
    with engine(threads, large=100):
        models = both_ways(layers, (6,), optimizer=lambda: mg.optimizers.RMSprop(0.0078125))
        changes = [
            ("weight_decay", 0.25),
            ("clipnorm", 0.5),
            ("clipnorm", None),
            ("clipvalue", 0.1),
        ]
        schedule = mg.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)
        for name, value in [*changes, ("weight_decay", None), ("learning_rate", schedule)]:
            fit_both(models)
            weights = models[1].get_weights()
            for model in models:
                setattr(model.optimizer, name, value)
        fit_both(models)
        assert any(np.any(a != b) for a, b in zip(weights, models[1].get_weights(), strict=True))


CALLS = {  # and arrays in between, counted by hand
    "sgd": (2, 0),
    "momentum": (4, 0),
    "nesterov": (6, 1),
    "adam": (12, 2),
    "adamw": (13, 2),
    "adamax": (10, 3),
    "nadam": (16, 4),
    "rmsprop": (9, 2),
    "rmsprop all": (16, 3),
    "adagrad": (7, 2),
    "adadelta": (15, 4),
    "clipped": (11, 2),
    "clipped norm": (9, 2),
    "scheduled": (2, 0),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_recorded_rule_has_as_few_calls_as_one_written_by_hand(name):
    optimizer, weight, asked = RULES[name](mg.optimizers), mg.Variable(np.ones((3, 2))), []

    def ask(label, shape, dtype):
        asked.append(np.zeros(shape, dtype))
        return asked[-1]

    updates = Updates(optimizer, [weight])
    calls = updates.calls(weight, updates.arrays(weight), np.ones((3, 2)), ask)
    assert (len(calls), len(asked)) == CALLS[name]
