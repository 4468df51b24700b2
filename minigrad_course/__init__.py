"""What the lectures of minigrad need beside the library itself.

``lessons``
    predictions, exercises that check themselves, broken engines, the ladder of lecture 04;
``explorers``
    pictures with sliders that belong to one lecture;
``chance``
    derivatives of programs that throw dice;
``studies``
    what is measured: the paper's three studies, the benchmark beside other frameworks, the
    report, and the commands ``python -m minigrad train | reproduce | bench``;
``grading``
    the command ``python -m minigrad grade``, for lecturers.

The library (``import minigrad``) knows nothing of this package, which builds on it.
"""
