"""Several arrays in one: each sample's numbers in a row."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np


class Packing:
    """Where the parts of a row are, of nodes and of arrays; a part alone stays as it is.

    Args:
        shapes: Those of one sample of each part.

    Example:
        >>> import numpy as np
        >>> from minigrad.model.packing import Packing
        >>> packing = Packing([(2, 2), (1,)])
        >>> packed = packing.pack([np.ones((3, 2, 2)), np.zeros((3, 1))])
        >>> packed.shape, [part.shape for part in packing.split(packed)]
        ((3, 5), [(3, 2, 2), (3, 1)])
    """

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        self.shapes = shapes
        self.ends = np.cumsum([0, *map(math.prod, shapes)]).tolist()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample of all."""
        return self.shapes[0] if len(self.shapes) == 1 else (self.ends[-1],)

    def pack(self, parts: Iterable[Any]) -> Any:
        """All parts in one."""
        flat: Any = [np.reshape(part, (len(part), -1)) for part in parts]
        return np.concatenate(flat, axis=1)

    def split(self, packed: Any) -> list[Any]:
        """The parts of one."""
        if len(self.shapes) < 2:
            return [packed]
        places = zip(self.shapes, pairwise(self.ends), strict=True)
        return [np.reshape(packed[:, a:b], (len(packed), *shape)) for shape, (a, b) in places]
