"""Products of matrices in parts that suit BLAS.

Before it multiplies, a BLAS library copies both matrices into an order in which its innermost loop
finds their elements one after the other. OpenBLAS's kernels for processors with AVX-512 leave that
out where there is little to multiply, and are faster then: a large product takes a fifth less time
as many small ones. A matrix cut into blocks is a stack of matrices, without a copy, and NumPy
multiplies such stacks in one call.
"""

from collections.abc import Generator
from functools import partial

import numpy as np

from minigrad.engine.blas import small_is_fast
from minigrad.engine.kernels.kernel import Array, Call, Calls, Host

SMALL = 1_000_000  # multiplications, up to which OpenBLAS packs nothing beforehand
NARROW = 32  # columns, below which a product is slow
WIDE = 64  # columns that are enough


# A convolution's, whose right side is a stack already


def product(matrix: Array, blocks: Array, out: Array) -> Call:
    """The call that multiplies a matrix with each of several blocks.

    Args:
        matrix: Of shape (m, k).
        blocks: Of shape (count, k, width, batch).
        out: Where the products go, of shape (count, m, width, batch).
    """
    width, batch = blocks.shape[2:]
    n = width  # so many places of a line at a time
    if out.strides[2] != batch * out.itemsize:
        n = 1  # there are gaps between the places
    elif small_is_fast():
        parts = [n for n in range(1, width + 1) if width % n == 0 and n * batch >= NARROW]
        n = max((n for n in parts if matrix.size * n * batch <= SMALL), default=width)
    return partial(np.matmul, matrix, in_parts(blocks, n), out=in_parts(out, n))


def in_parts(array: Array, n: int) -> Array:
    """(count, lines, width, batch) seen as (count, width/n, lines, n·batch)."""
    count, lines, width, batch = array.shape
    a, b, c, d = array.strides
    shape = (count, width // n, lines, n * batch)
    return np.lib.stride_tricks.as_strided(array, shape, (a, c * n, b, d))


# Large products, which become stacks


def pays(left: Array, right: Array) -> bool:
    """Whether a product of two matrices is faster in blocks."""
    columns = right.shape[-1]
    work = left.shape[-2] * left.shape[-1] * columns
    return small_is_fast() and work > SMALL and columns >= NARROW


def by_rows(host: Host, left: Array, right: Array, out: Array) -> Calls:
    """Multiply matrices of many rows with small ones, some rows at a time.

    Args:
        host: Gives memory for the right side in the order that blocks need: row by row.
        left: Of shape (…, m, k), with m large.
        right: Of shape (…, k, n).
        out: Where the products go, of shape (…, m, n).
    """
    lines, (inner, columns) = left.shape[-2], right.shape[-2:]
    width = evenly(columns, WIDE)
    rows = min(SMALL // (inner * width), lines)
    if rows < NARROW or not pays(left, right):
        yield partial(np.matmul, left, right, out=out)
        return
    right = yield from row_by_row(host, right)
    end = lines - lines % rows
    stacks = in_blocks(left[..., :end, :], rows, inner), in_blocks(right, inner, width)
    yield partial(np.matmul, *stacks, out=in_blocks(out[..., :end, :], rows, width))
    if end < lines:
        yield partial(np.matmul, left[..., end:, :], right, out=out[..., end:, :])


def by_shares(host: Host, left: Array, right: Array, out: Array) -> Calls:
    """Multiply two matrices that share a long axis, and add up the products of its parts.

    Args:
        host: Gives memory for those.
        left: Of shape (m, k), with k large.
        right: Of shape (k, n), row by row.
        out: Where the product goes, of shape (m, n).
    """
    (lines, inner), columns = left.shape, right.shape[1]
    height, width = evenly(lines, WIDE), evenly(columns, NARROW)
    part = SMALL // (height * width)
    if not NARROW <= part <= inner // 2 or not pays(left, right):
        yield partial(np.matmul, left, right, out=out)
        return
    count = inner // part
    end = count * part
    shares = host.ask("shares of a product", (count + (end < inner), *out.shape), out.dtype)
    stacks = in_blocks(left[:, :end], height, part), in_blocks(right[:end], part, width)
    # (share, rows, columns) of blocks: of the left side the first two, of the right the others
    left_blocks = stacks[0].swapaxes(0, 1)[:, :, np.newaxis]
    places = in_blocks(shares[:count], height, width)
    yield partial(np.matmul, left_blocks, stacks[1][:, np.newaxis], out=places)
    if end < inner:
        yield partial(np.matmul, left[:, end:], right[end:], out=shares[count])
    yield partial(np.add.reduce, shares, axis=0, out=out)


def row_by_row(host: Host, array: Array) -> Generator[Call, None, Array]:
    """A matrix whose rows are in one piece: this one, or a copy of it."""
    if array.strides[-1] == array.itemsize:
        return array
    copy = host.ask("matrix, row by row", array.shape, array.dtype)
    yield partial(np.copyto, copy, array)
    return copy


def evenly(n: int, most: int) -> int:
    """The largest part of at most so many into which n can be cut evenly; n, if all are small."""
    part = max(d for d in range(1, most + 1) if n % d == 0)
    return part if part >= most // 4 else n


def in_blocks(array: Array, rows: int, columns: int) -> Array:
    """Matrices cut into blocks, of shape (…, m/rows, n/columns, rows, columns): a view."""
    *stack, m, n = array.shape
    return array.reshape(*stack, m // rows, rows, n // columns, columns).swapaxes(-3, -2)
