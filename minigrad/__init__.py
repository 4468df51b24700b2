"""minigrad: automatic differentiation and a convolutional network, to be read.

    >>> import numpy as np, minigrad as mg
    >>> x = mg.Variable(5.0, name="x")
    >>> y = np.sin(x * x)
    >>> order = mg.topological_sort(y)
    >>> float(round(mg.forward(order), 6))
    -0.132352
    >>> mg.backward(order)
    >>> float(round(x.gradient, 6))
    9.912028

``import minigrad as mg`` needs NumPy only. What needs more (pictures, widgets, Keras) is
imported when it is first used: ``mg.display`` and ``mg.interop``.
"""

import importlib
import logging
from contextlib import nullcontext
from typing import Any

import numpy as np

from minigrad import (
    activations,
    callbacks,
    config,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    operators,
    optimizers,
    regularizers,
    utils,
)
from minigrad.engine.threads import get_threads, set_threads
from minigrad.graph import (
    Constant,
    Node,
    Operator,
    Variable,
    as_node,
    backward,
    forward,
    implements,
    topological_sort,
    unbroadcast,
)
from minigrad.layers import Input
from minigrad.model import Model, Sequential
from minigrad.shared import importing, lookup
from minigrad.shared.lookup import Names

__version__ = "0.1.0"

__all__ = ["Constant", "Node", "Operator", "Variable", "as_node", "implements", "unbroadcast"]
__all__ += ["backward", "forward", "get_threads", "set_threads", "topological_sort"]
__all__ += ["Dual", "Symbol", "dual", "symbolic"]
__all__ += ["check_gradient", "finite_difference", "gradcheck"]
__all__ += ["Input", "Model", "Sequential"]
__all__ += ["activations", "callbacks", "config", "datasets", "initializers", "layers"]
__all__ += ["losses", "metrics", "models", "operators", "optimizers", "regularizers", "utils"]

# Imported when first asked for: the other ways to differentiate, what needs more than NumPy, and
# what has its place in a script of Keras's or TensorFlow's only.
LAZY = ("display", "dual", "gradcheck", "interop", "keras", "symbolic")
FROM = {
    "Dual": "dual",
    "Symbol": "symbolic",
    "check_gradient": "gradcheck",
    "finite_difference": "gradcheck",
    "Initializer": "initializers",
    "KerasTensor": "layers.tensors",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    **dict.fromkeys(("GradientTape", "function"), "keras.tape"),
}
# tf.reduce_mean and the like are in `keras.ops`.
TENSORFLOW = """
abs add add_n argmax argmin argsort cast clip_by_value concat constant convert_to_tensor cos divide
equal exp expand_dims eye greater greater_equal less less_equal linspace logical_and logical_not
logical_or matmul maximum minimum multiply not_equal one_hot ones ones_like pad pow range reduce_all
reduce_any reduce_max reduce_mean reduce_min reduce_prod reduce_sum repeat reshape round shape sign
sigmoid sin size sort split sqrt square squeeze stack subtract tanh tensordot tile transpose where
zeros zeros_like
"""
FROM |= dict.fromkeys(TENSORFLOW.split(), "keras.ops")
logger = logging.getLogger("minigrad")
logger.set_verbosity, logger.ERROR = logger.setLevel, logging.ERROR  # type: ignore[attr-defined]
INSIDE = {name: name for name in ("backend", "nn", "ops", "random")}  # of keras
INSIDE |= {"math": "ops", "dtypes": "ops"}
SAME: dict[str, Any] = {
    "saving": models,  # keras.saving.load_model
    "newaxis": None,
    # What scripts ask before they begin: there is the processor, and what is called is computed.
    "compat": Names("compat", v1=Names("compat.v1", logging=logger)),
    "device": lambda device_name: nullcontext(),
    "executing_eagerly": lambda: True,
    "get_logger": lambda: logger,
    "test": Names("test", is_gpu_available=lambda **_: False, gpu_device_name=lambda: ""),
    "version": Names("version", VERSION=__version__),
    "Tensor": Node | np.ndarray,
    **{name: getattr(np, name) for name in ("float16", "float32", "float64")},
    **{name: getattr(np, name) for name in ("bool", "int8", "int16", "int32", "int64", "uint8")},
}


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return importlib.import_module(f"minigrad.{name}")
    if name in INSIDE:
        return importlib.import_module(f"minigrad.keras.{INSIDE[name]}")
    if name in FROM:
        return getattr(importlib.import_module(f"minigrad.{FROM[name]}"), name)
    if name in SAME:
        return SAME[name]
    return lookup.absent("", name, __all__)


def __dir__() -> list[str]:
    return sorted({*__all__, *LAZY})


importing.install()
