"""An exam: every student has numbers of their own, and no check gives them away.

The right answers are found here in another way than the checks do it: by minigrad's own layers,
its backward sweep, or by looking at what a notebook would print.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from exercising import KEYS, run, verdict

import minigrad as mg
from minigrad_course import lessons
from minigrad_course.lessons.planted import planted_mistakes
from minigrad_course.studies.published_network import MENDED

STUDENTS = [str(number) for number in range(4711, 4721)]
L = mg.layers


def numbers(key, capsys):
    """All numbers that a student is told, in the order in which they stand."""
    told = verdict(key, ..., capsys)
    given, state = told.splitlines()
    assert given.startswith(f"{key} in this exam: ") and state.startswith(f"○ {key}")
    return [float(n) if "." in n else int(n) for n in re.findall(r"\d+(?:\.\d+)?", given[5:])]


def machine(u, v):
    u, v = mg.Variable(u), mg.Variable(v)
    order = mg.topological_sort(np.sin(u * v) + u)
    mg.forward(order)
    mg.backward(order)
    return float(u.gradient), float(v.gradient)


def layers_of(*layers):
    model = mg.Sequential(list(layers))
    return tuple(n for n in (layer.count_params() for layer in model.layers) if n)


def weights_of_the_reference(side, _, filters, window, __, units, classes):
    convolution = L.Conv2D(filters, window)
    return layers_of(
        mg.Input((side, side, 1)), convolution, L.Flatten(), L.Dense(units), L.Dense(classes)
    )


def operations_of_the_reference(side, _, filters, window, __, units, classes):
    model = mg.Sequential(
        [
            mg.Input((side, side, 1)),
            L.Conv2D(filters, window, activation="relu"),
            L.Flatten(),
            L.Dense(units, "elu"),
            L.Dense(classes, "softmax"),
        ]
    )
    model.compile("sgd", "categorical_crossentropy")
    times = lessons.ladder.kernel_times(
        model, np.zeros((2, side, side, 1)), np.eye(classes)[:2], repeats=1
    )
    return tuple(kernel.flops // 2 for kernel in times if kernel.flops)


def weights_of_the_larger_one(side, _, edges, parts, units, classes):
    return layers_of(
        mg.Input((side, side, 1)),
        L.Conv2D(edges, 3, padding="same"),
        L.MaxPooling2D(),
        L.Conv2D(parts, 3, strides=2, padding="same"),
        L.Flatten(),
        L.Dense(units),
        L.Dense(classes),
    )


def squares(most):
    def swelling(x):
        for _ in range(most):
            x = x * x
        return x

    return swelling


def fooled(place, _):
    return lambda x: float(place**2) if x == place else x * x


def in_the_corner(rows, columns):
    picture = np.zeros((rows, columns))
    picture[-1, -1] = 1.0
    return picture


# From the numbers that a student is told, the right answer.
RIGHT = {
    "01.2": squares,
    "01.4": fooled,
    "02.1": machine,
    "03.3": weights_of_the_reference,
    "03.4": in_the_corner,
    "04.3": operations_of_the_reference,
    "07.2": weights_of_the_larger_one,
    "08.6": lambda p: (-(1 - p) / p, 1.0),
}


@pytest.fixture(params=STUDENTS[:4])
def student(request, monkeypatch):
    monkeypatch.setenv("MINIGRAD_EXAM", request.param)
    return request.param


@pytest.mark.parametrize("key", RIGHT)
def test_the_answer_to_one_s_own_numbers_is_right(key, student, capsys):
    right = RIGHT[key](*numbers(key, capsys))
    assert f"✓ {key} is right." in verdict(key, right, capsys)


@pytest.mark.parametrize("key", [*RIGHT, "05.2", "06.4"])
def test_the_published_solution_is_wrong_and_the_right_answer_is_not_told(key, student, capsys):
    published = run(lessons.exercise(key).code)
    told = verdict(key, published, capsys).splitlines()[-1]
    assert told.startswith(f"✗ {key} is not right yet:")
    lessons.solution(key)
    assert capsys.readouterr().out == f"{key}: in an exam there are no solutions.\n"


@pytest.mark.parametrize("key", ["02.1", "03.3", "04.3", "07.2"])
def test_no_number_of_the_answer_is_told(key, student, capsys):
    right = RIGHT[key](*numbers(key, capsys))
    for wrong in (tuple(3 * n + 1.5 for n in right), tuple(2 * n for n in right)):
        told = verdict(key, wrong, capsys).splitlines()[-1]
        assert told.startswith("✗")
        for number in right:
            assert f"{number:g}" not in told and str(number) not in told


@pytest.mark.parametrize("key", RIGHT)
def test_students_have_different_numbers_and_each_the_same_again(key, monkeypatch, capsys):
    drawn = []
    for student in STUDENTS:
        monkeypatch.setenv("MINIGRAD_EXAM", student)
        drawn.append(tuple(numbers(key, capsys)))
        assert drawn[-1] == tuple(numbers(key, capsys))
    assert len(set(drawn)) > 1


def test_planted_mistakes_change_places(monkeypatch, capsys):
    """Told by their losses, as a student tells them, and not by where the check looks."""
    found = set()
    for student in STUDENTS[:3]:
        monkeypatch.setenv("MINIGRAD_EXAM", student)
        right, suspects = planted_mistakes()
        apart = {
            letter: np.abs(run("float64") - right("float64")) for letter, run in suspects.items()
        }
        later = sorted(apart, key=lambda letter: np.flatnonzero(apart[letter])[0])[3:]
        at_once = sorted(set(apart) - set(later), key=lambda letter: apart[letter][0])
        kinds = ["float16", "smoothing", "labels", "rate", "momentum"]
        answer = dict(zip([*at_once, *later], kinds, strict=True))
        assert verdict("05.2", answer, capsys).startswith("✓ 05.2 is right.")
        found.add(tuple(sorted(answer.items())))
    assert len(found) == 3


def test_two_peculiarities_stay_on_for_each_student_and_the_rest_is_enough(monkeypatch, capsys):
    pairs = set()
    for student in STUDENTS:
        monkeypatch.setenv("MINIGRAD_EXAM", student)
        told = verdict("06.4", ..., capsys)
        kept = re.match(r"06\.4 in this exam: (\w+) and (\w+) have to stay on\.", told).groups()
        pairs.add(kept)
    assert len(pairs) > 3
    mended = replace(MENDED, **dict.fromkeys((*kept, "flipped_update"), True))
    assert verdict("06.4", mended, capsys).splitlines()[-1].startswith("✓ 06.4 is right.")
    one_less = verdict("06.4", replace(mended, **{kept[0]: False}, one_filter=True), capsys)
    assert f"{kept[0]} is switched off, and in this exam it has to stay on" in one_less


@pytest.mark.parametrize("key", sorted(set(KEYS) - set(RIGHT) - {"05.2", "06.4"}))
def test_a_function_that_is_right_is_right_for_every_student(key, student, capsys, monkeypatch):
    from minigrad.graph import node

    monkeypatch.setattr(node, "NUMPY_FUNCTIONS", dict(node.NUMPY_FUNCTIONS))
    assert verdict(key, run(lessons.exercise(key).code), capsys).startswith(f"✓ {key} is right.")


def test_data_of_a_check_are_each_student_s_own(monkeypatch):
    from minigrad_course.lessons import exam

    usual = exam.random("02.6", seed=1).normal()
    assert usual == np.random.default_rng(1).normal()
    drawn = [usual]
    for student in STUDENTS[:2]:
        monkeypatch.setenv("MINIGRAD_EXAM", student)
        drawn.append(exam.random("02.6", seed=1).normal())
    assert len(set(drawn)) == 3


def test_a_hint_says_that_its_numbers_are_the_lecture_s(student, capsys):
    lessons.hint("03.3")
    assert ", with the lecture's numbers: " in capsys.readouterr().out
    lessons.hint("02.2")
    assert "the lecture's numbers" not in capsys.readouterr().out
