"""Runs as a process of the benchmark reports them, and the command's arguments."""

import argparse

from minigrad_course.studies import bench, machine


def arguments(*words):
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(words)


def entry(peer, number, seconds, **changes):
    """A run as a process reports it, its epochs taking the given seconds."""
    return {
        "question": "speed",
        "network": "reference",
        "batch": 32,
        "pictures": 1000,
        "epochs": 3,
        "busy": False,
        "peer": peer,
        "round": number,
        "setting": "as it comes",
        "moments": {
            "interpreter": 0.1,
            "imported": 0.6,
            "data read": 1.0,
            "built": 1.5,
            "first step": 1.75,
            "first epoch": 1.75 + seconds[0],
        },
        "epoch_seconds": seconds,
        "accuracies": [],
        "peak_memory": 100,
        "blas": [],
        **changes,
    }


def told(runs, failures=()):
    """The report on these runs."""
    result = {"machine": machine.describe([]), "threads": 2, "rounds": 3}
    result |= {"runs": runs, "failures": failures, "summary": bench.summarize(runs)}
    return bench.report(result)
