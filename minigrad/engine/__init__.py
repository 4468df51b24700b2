"""The optimised way of running a graph: one plan, no allocation."""

from minigrad.engine.plan import Planned
from minigrad.engine.threads import get_threads, set_threads

__all__ = ["Planned", "get_threads", "set_threads"]
