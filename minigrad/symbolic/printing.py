"""Formulas as text and in LaTeX.

For each function there is a form: how tightly it binds, how it is written, and how tightly its
inputs have to bind to stand there without brackets.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad.symbolic.expression import Expression, Number, Symbol, as_expression, parts

COMPARISONS: dict[Any, tuple[str, str]] = {  # as text, in LaTeX
    np.less: ("<", "<"),
    np.less_equal: ("<=", r"\le"),
    np.greater: (">", ">"),
    np.greater_equal: (">=", r"\ge"),
    np.equal: ("==", "="),
    np.not_equal: ("!=", r"\ne"),
}
TEXT: dict[Any, tuple[int, str, tuple[int, ...]]] = {
    **{f: (0, f"{{}} {sign} {{}}", (1, 1)) for f, (sign, _) in COMPARISONS.items()},
    np.add: (1, "{} + {}", (1, 2)),
    np.subtract: (1, "{} - {}", (1, 2)),
    np.negative: (1, "-{}", (2,)),
    np.multiply: (2, "{} * {}", (2, 3)),
    np.true_divide: (2, "{} / {}", (2, 3)),
    np.power: (4, "{}**{}", (5, 5)),
    np.absolute: (9, "abs({})", (0,)),
    Fraction: (2, "{} / {}", ()),
}
CASES = r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}"
LATEX = TEXT | {
    **{f: (0, f"{{}} {sign} {{}}", (1, 1)) for f, (_, sign) in COMPARISONS.items()},
    **{f: (9, rf"\{f.__name__}\left({{}}\right)", (0,)) for f in (np.sin, np.cos, np.tanh, np.log)},
    np.multiply: (2, r"{} \cdot {}", (2, 3)),
    np.true_divide: (3, r"\frac{{{}}}{{{}}}", (0, 0)),
    np.power: (4, "{}^{{{}}}", (5, 0)),
    np.exp: (4, "e^{{{}}}", (0,)),
    np.sqrt: (9, r"\sqrt{{{}}}", (0,)),
    np.log1p: (9, r"\log\left(1 + {}\right)", (2,)),
    np.absolute: (9, r"\left|{}\right|", (0,)),
    np.sign: (9, r"\operatorname{{sign}}\left({}\right)", (0,)),
    np.maximum: (9, r"\max\left({}, {}\right)", (0, 0)),
    np.minimum: (9, r"\min\left({}, {}\right)", (0, 0)),
    np.where: (2, CASES, (0, 0, 0)),
    Fraction: (3, r"\frac{{{}}}{{{}}}", ()),
}


def text(expression: Expression) -> str:
    """The formula as Python writes it; what ``str`` of an expression gives."""
    return write(expression, TEXT, "({})", str)


def latex(expression: Any) -> str:
    r"""The formula in LaTeX, as a notebook shows it.

    Args:
        expression: What to print.

    Returns:
        LaTeX without dollar signs.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Symbol("x1")
        >>> print(mg.symbolic.latex(np.sqrt(x) / (x + 1) ** 2))
        \frac{\sqrt{x_{1}}}{\left(x_{1} + 1\right)^{2}}
    """
    return write(as_expression(expression), LATEX, r"\left({}\right)", latex_name)


def latex_name(name: str) -> str:
    stem, digits = re.fullmatch(r"(.+?)_?(\d*)", name).groups()  # type: ignore[union-attr]
    escaped = stem.replace("_", r"\_")
    stem = escaped if len(stem) == 1 else r"\mathrm{" + escaped + "}"
    return f"{stem}_{{{digits}}}" if digits else stem


def write(
    expression: Expression, forms: dict[Any, Any], brackets: str, name: Callable[[str], str]
) -> str:
    written: dict[Expression, tuple[int, str]] = {}  # how tightly it binds, and the text
    for part in parts(expression):
        if isinstance(part, Symbol):
            written[part] = 9, name(part.head)
        elif isinstance(part, Number):
            fraction = isinstance(part.head, Fraction)
            binds, form, _ = forms[Fraction] if fraction else (9, "{!r}", ())
            text = form.format(*part.head.as_integer_ratio() if fraction else [part.head])
            written[part] = (binds if part.head >= 0 else 1), text
        else:
            call = f"{part.head.__name__}({', '.join('{}' for _ in part.inputs)})"
            binds, form, wants = forms.get(part.head, (9, call, (0,) * len(part.inputs)))
            inputs = [written[source] for source in part.inputs]
            texts = [
                text if has >= want else brackets.format(text)
                for (has, text), want in zip(inputs, wants, strict=True)
            ]
            written[part] = binds, form.format(*texts)
    return written[expression][1]
