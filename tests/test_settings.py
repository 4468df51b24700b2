"""Arguments that a class declares: its constructor, its signature and its checks follow."""

import copy
import inspect

import pytest

import minigrad as mg
from minigrad.shared.arguments import configuration, number, whole
from minigrad.shared.settings import Settings, argument, not_covered, such


class Shape(Settings):
    sides: int = argument(whole, 4, least=3)
    name: str = argument(default=None, usual=lambda shape: type(shape).__name__)
    color: None = not_covered(None, "black")


class Star(Shape):
    depth: float = argument(number, least=0, most=1)
    label: str = argument(such(str.isalpha, "is letters"), "a", by_name=True, kept="_label")

    def _agree(self):
        if self.sides == 13:
            raise ValueError("Star: not thirteen")


class Triangle(Shape, sides=3):
    """A shape of which one argument is given."""


def test_a_class_s_own_arguments_come_before_inherited_ones():
    assert list(inspect.signature(Star).parameters) == [
        "depth",
        "sides",
        "name",
        "color",
        "options",
    ]
    star = Star(0.25, 5, label="b")
    assert (star.depth, star.sides, star.name, star._label) == (0.25, 5, "Star", "b")
    assert configuration(star) == {"depth": 0.25, "sides": 5, "name": "Star"}


def test_a_signature_has_defaults_and_types_and_is_the_class_s_alone():
    sides = inspect.signature(Shape).parameters["sides"]
    assert (sides.default, sides.annotation) == (4, int)
    layer = mg.layers.Dense(3)
    assert list(inspect.signature(layer).parameters) == ["inputs", "training"]


def test_an_argument_that_is_given_by_the_class_is_none_any_more():
    assert "sides" not in inspect.signature(Triangle).parameters
    assert Triangle().sides == 3 and Shape().sides == 4
    with pytest.raises(TypeError, match="Triangle has no argument 'sides'"):
        Triangle(sides=5)
    with pytest.raises(TypeError, match="Line: its base class has no argument 'sides' to give"):

        class Line(Triangle, sides=2):
            pass


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: Star(), TypeError, "Star: missing a required argument: 'depth'"),
        (lambda: Star(1, 5, "a", None, 7), TypeError, "Star: too many positional"),
        (lambda: Star(1, dept=2), TypeError, "Star has no argument 'dept'. Did you mean 'depth'"),
        (lambda: Star(2), ValueError, "Star: depth is a number from 0 to 1, got 2"),
        (lambda: Star(1, label="7"), ValueError, "Star: label is letters, got '7'"),
        (lambda: Star(1, color="red"), ValueError, "Star: color='red' is not covered"),
        (lambda: Star(1, 13), ValueError, "not thirteen"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_is_set_anew_is_checked_and_stays_as_it_was():
    star = Star(0.25, 5)
    for name, wrong in (("depth", 2), ("sides", 2), ("sides", 13), ("color", "red")):
        with pytest.raises(ValueError):
            setattr(star, name, wrong)
    assert (star.depth, star.sides) == (0.25, 5) and not hasattr(star, "color")
    star.name = None
    star.depth = 1
    assert (star.name, star.depth) == ("Star", 1.0)
    assert copy.deepcopy(star).depth == 1.0


def test_a_class_with_a_constructor_of_its_own_says_what_that_takes():
    class Mine(Star):
        def __init__(self, points, **options):
            super().__init__(0.5, **options)
            self.points = points

    assert list(inspect.signature(Mine).parameters) == ["points", "options"]
    mine = Mine(7, sides=9)
    assert (mine.points, mine.sides) == (7, 9)
    with pytest.raises(ValueError, match="Mine: sides is a whole number of at least 3"):
        mine.sides = 1


def test_two_base_classes_are_merged_in_python_s_order():
    class Other(Settings):
        depth: float = argument(default=9.0)
        width: float = argument(default=1.0)

    class Both(Star, Other):
        pass

    assert list(inspect.signature(Both).parameters) == [
        *("depth", "sides", "name", "color", "width", "options")
    ]


def test_keras_s_words_for_an_object_are_taken_by_every_get():
    for module, told in (
        ("losses", {"class_name": "Huber", "config": {"delta": 2.0, "name": "h"}}),
        (
            "metrics",
            {"class_name": "TopKCategoricalAccuracy", "config": {"k": 3, "dtype": "float32"}},
        ),
        ("initializers", {"class_name": "RandomNormal", "config": {"stddev": 2.0, "new": None}}),
        ("regularizers", {"class_name": "L2", "config": {"l2": 0.5}}),
        ("optimizers", {"class_name": "SGD", "config": {"momentum": 0.5, "learning_rate": 0.1}}),
    ):
        thing = getattr(mg, module).get(told)
        assert type(thing).__name__ == told["class_name"]
        assert type(thing).from_config(thing.get_config()).get_config() == thing.get_config()
    with pytest.raises(ValueError, match="loss 'Poisson' is not covered"):
        mg.losses.get({"class_name": "Poisson", "config": {}})
