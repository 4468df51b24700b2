"""The exercises of lecture 02: a typical mistake is named."""

import pytest
from exercising import run, verdict

MISTAKES = {
    "one use of u forgotten": (
        "02.1",
        "machine = (3 * np.cos(6), 2 * np.cos(6))",
        "one of u's two edges is missing",
    ),
    "degrees in place of radians": (
        "02.1",
        "machine = (3 * np.cos(np.radians(6)) + 1, 2 * np.cos(np.radians(6)))",
        "the cosine was taken of degrees",
    ),
    "gradients swapped": (
        "02.1",
        "machine = (2 * np.cos(6), 3 * np.cos(6) + 1)",
        "the two are swapped",
    ),
    "a slip of the pencil": (
        "02.1",
        "machine = (3.9, 1.9)",
        "the gradient of u differs: got 3.9.",  # and not what was wanted: that is the answer
    ),
    "the sign of y": (
        "02.2",
        """class Divide(Operator):
    def forward(self, x, y):
        return x / y
    def backward(self, gradient, x, y):
        return [gradient / y, gradient * x / y**2]""",
        "the gradient of y for x = 1.0, y = 2.0 and gradient = 1.0 has the wrong sign",
    ),
    "the factor gradient forgotten": (
        "02.2",
        """class Divide(Operator):
    def forward(self, x, y):
        return x / y
    def backward(self, gradient, x, y):
        return [1 / y, -x / y**2]""",
        "does each part contain the factor `gradient`?",
    ),
    "no return": (
        "02.2",
        """class Divide(Operator):
    def forward(self, x, y):
        return x / y
    def backward(self, gradient, x, y):
        [gradient / y, -gradient * x / y**2]""",
        "backward returned None: is the return missing?",
    ),
    "an innocent graph": (
        "02.3",
        """def tell_them_apart():
    a, b = mg.Variable(3.0), mg.Variable(2.0)
    return a * b""",
        "backward_that_overwrites gets every gradient right",
    ),
    "a graph on which both are wrong": (
        "02.3",
        """def tell_them_apart():
    a = mg.Variable(3.0, name="a")
    b = a + a
    return b + b""",
        "backward_by_recursion should be right on your graph, but the gradient of a differs",
    ),
    "no operator that is used": (
        "02.3",
        """def tell_them_apart():
    return mg.Variable([1.0, 2.0]) * 3.0""",
        "your result has shape (2,); end it with .sum() to get a scalar.",
    ),
    "nothing stretched": (
        "02.4",
        """def expose_the_missing_sum():
    return (np.ones(3) + mg.Variable([1.0, 2.0, 3.0])).sum()""",
        "backward_without_unbroadcast gets every gradient right",
    ),
    "no scalar": (
        "02.4",
        """def expose_the_missing_sum():
    return np.ones((2, 3)) + mg.Variable([1.0, 2.0, 3.0])""",
        "your result has shape (2, 3); end it with .sum() to get a scalar.",
    ),
    "no variable": (
        "02.4",
        """def expose_the_missing_sum():
    return mg.as_node(1.0) + 1.0""",
        "your graph holds no mg.Variable",
    ),
    "the factor gradient forgotten once more": (
        "02.5",
        """class ArcTan(mg.Operator):
    def forward(self, x):
        return np.arctan(x)
    def backward(self, gradient, x):
        return 1 / (1 + x**2)""",
        "does each part contain the factor `gradient`?",
    ),
    "the derivative of the tangent": (
        "02.5",
        """class ArcTan(mg.Operator):
    def forward(self, x):
        return np.arctan(x)
    def backward(self, gradient, x):
        return gradient / np.cos(x) ** 2""",
        "what backward returns for a gradient of 2, 2, 2 differs at [0]",
    ),
    "the product's factors in the wrong order": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [y.T @ gradient, gradient @ x.T]""",
        "two shapes do not meet in a product. x is (2, 3)",
    ),
    "a transpose forgotten": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [gradient @ y, x @ gradient]""",
        "which order, and which transpose, gives the shape of x",
    ),
    "the products swapped": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [x.T @ gradient, gradient @ y.T]""",
        "the two gradients are swapped",
    ),
    "the products transposed": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [y @ gradient.T, gradient.T @ x]""",
        "both gradients are transposed",
    ),
    "element by element in place of a product": (
        "02.6",
        """class MatMul(Operator):
    def forward(self, x, y):
        return x @ y
    def backward(self, gradient, x, y):
        return [gradient.sum() * x, gradient.sum() * y]""",
        "the gradient of x differs at [0, 0]",
    ),
    "the axis gone": (
        "02.7",
        """def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis)
    return g""",
        "the axis of length 1 is gone; keepdims=True keeps it",
    ),
    "a mean in place of the sum": (
        "02.7",
        """def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    return g""",
        "that is the mean. Every use counts in full.",
    ),
    "one part kept": (
        "02.7",
        """def unbroadcast(g, shape):
    return g if g.shape == shape else np.broadcast_to(g.flat[0], shape)""",
        "one of the parts was kept",
    ),
    "axes summed from the end": (
        "02.7",
        """def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    return g""",
        "for a missing axis in front, (4, 3) → (3,), the gradient has shape (4,), wanted (3,)",
    ),
    "another function": (
        "02.5",
        """class ArcTan(mg.Operator):
    def forward(self, x):
        return np.tan(x)
    def backward(self, gradient, x):
        return gradient / (1 + x**2)""",
        "the value differs at [0]",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_typical_mistake_is_named(mistake, capsys):
    key, source, told = MISTAKES[mistake]
    said = verdict(key, run(source), capsys)
    assert said.startswith(f"✗ {key}") and told in said
