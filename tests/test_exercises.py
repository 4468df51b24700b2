"""All exercises: not attempted, right, nonsense, and three mistakes told apart in each."""

import pytest
from exercising import KEYS, run, verdict

from minigrad_course import lessons


@pytest.fixture
def no_new_functions(monkeypatch):
    # a solution may teach minigrad a function; no other test should meet it
    from minigrad.graph import node

    monkeypatch.setattr(node, "NUMPY_FUNCTIONS", dict(node.NUMPY_FUNCTIONS))


@pytest.mark.parametrize("key", KEYS)
def test_nothing_attempted_runs_clean(key, capsys):
    assert verdict(key, ..., capsys).startswith(f"○ {key} is not attempted yet.")
    assert verdict(key, lambda x: ..., capsys).startswith(f"○ {key} is not attempted yet.")


@pytest.mark.parametrize("key", KEYS)
def test_the_solution_is_right(key, capsys, no_new_functions):
    assert verdict(key, run(lessons.exercise(key).code), capsys).startswith(f"✓ {key} is right.")


@pytest.mark.parametrize("key", KEYS)
def test_nonsense_is_wrong_and_explained(key, capsys):
    told = verdict(key, 42, capsys)
    assert told.startswith(f"✗ {key} is not right yet:") and "wanted" in told


def test_every_exercise_tells_three_mistakes_apart():
    """The tests of all lectures together: three or more mistakes, each told in words of its own."""
    told = {key: set(cases) for key, cases in told_in_the_tests().items()}
    assert {key: words for key, words in told.items() if len(words) < 3} == {}
    assert sorted(told) == KEYS


def told_in_the_tests():
    import test_lesson_derivatives_four_ways as four_ways
    import test_lesson_derivatives_of_chance as chance
    import test_lesson_experiments as experiments
    import test_lesson_going_further as going_further
    import test_lesson_graph_nodes as graph_nodes
    import test_lesson_keras_reference as keras_reference
    import test_lesson_optimized_version as optimized_version
    import test_lesson_proof_of_concept as proof_of_concept

    lectures = (
        *(graph_nodes, proof_of_concept, optimized_version),
        *(keras_reference, experiments, going_further),
    )
    tables = [chance.MISTAKES, *(lecture.MISTAKES for lecture in lectures)]
    found = {key: [] for key in KEYS}
    for key, _, words in (case for table in tables for case in table.values()):
        found[key].append(words)
    for key, cases in four_ways.WRONG.items():
        found[key] += [words for _, words in cases.values()]
    found["01.3"] += [words for *_, words in four_ways.DUALS.values()]
    return found
