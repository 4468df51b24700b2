"""Products in parts that suit BLAS, and the threads of BLAS wherever it comes from."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import minigrad as mg
from minigrad.display.plan_table import NO_HANDLE
from minigrad.engine import blas
from minigrad.engine.kernels import products
from minigrad.engine.kernels.products import in_parts, product


def blocks(width, batch, gap=0):
    rng = np.random.default_rng(0)
    matrix, right = rng.normal(size=(64, 288)), rng.normal(size=(3, 288, width, batch))
    out = np.zeros((3, 64, width * (gap + 1), batch))[:, :, :: gap + 1]
    return matrix, right, out


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize(("width", "batch"), [(12, 16), (11, 32), (7, 1), (1, 5), (28, 8)])
def test_a_product_in_parts_is_the_product(width, batch, gap, small, monkeypatch):
    monkeypatch.setattr(products, "small_is_fast", lambda: small)
    matrix, right, out = blocks(width, batch, gap)
    product(matrix, right, out)()
    np.testing.assert_allclose(out, np.einsum("mk,ckwb->cmwb", matrix, right), atol=1e-10)


@pytest.mark.parametrize(("small", "parts"), [(False, 1), (True, 4)])
def test_parts_are_as_large_as_blas_multiplies_unpacked(small, parts, monkeypatch):
    """64·288·(3·16) multiplications are fewer than a million, 64·288·(4·16) are not."""
    monkeypatch.setattr(products, "small_is_fast", lambda: small)
    call = product(*blocks(12, 16))
    assert call.args[1].shape == (3, parts, 288, 12 * 16 // parts)


def test_parts_are_views():
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert np.shares_memory(in_parts(array, 2), array)
    np.testing.assert_array_equal(in_parts(array, 2)[1, 1, 2], array[1, 2, 2:].ravel())


class Memory:
    """Gives arrays that hold no numbers yet."""

    def ask(self, label, shape, dtype):
        return np.full(shape, np.nan, dtype)


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("lines", "inner", "columns", "stack"),
    [
        *((2948, 128, 32, ()), (2948, 64, 128, ()), (9001, 32, 97, ()), (500, 128, 50, ())),
        *((61, 40, 3, ()), (205, 640, 32, (3,)), (291, 320, 64, (2,)), (291, 768, 64, (2,))),
    ],
)
def test_a_product_by_rows_is_the_product(lines, inner, columns, stack, turned, small, monkeypatch):
    monkeypatch.setattr(products, "small_is_fast", lambda: small)
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(*stack, lines, inner)), rng.normal(size=(*stack, inner, columns))
    if turned:  # a view, whose columns are in one piece
        right = np.ascontiguousarray(right.swapaxes(-1, -2)).swapaxes(-1, -2)
    out = np.full((*stack, lines, columns), np.nan)
    for call in products.by_rows(Memory(), left, right, out):
        assert all(array.size for array in (*call.args, out)) and call.func in (
            np.matmul,
            np.copyto,
        )
        call()
    np.testing.assert_allclose(out, np.einsum("...ik,...kj->...ij", left, right), atol=1e-10)


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(
    ("lines", "inner", "columns"),
    [
        *((128, 2948, 32), (128, 1952, 128), (97, 9001, 64), (130, 700, 33), (10, 1600, 32)),
        *((7, 9, 5), (64, 20, 20014), (64, 784, 10007)),  # no part of a batch is small
    ],
)
def test_a_product_by_shares_is_the_product(lines, inner, columns, small, monkeypatch):
    monkeypatch.setattr(products, "small_is_fast", lambda: small)
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(inner, lines)).T, rng.normal(size=(inner, columns))
    out = np.full((lines, columns), np.nan)
    for call in products.by_shares(Memory(), left, right, out):
        call()
    np.testing.assert_allclose(out, left @ right, atol=1e-10)


@pytest.mark.parametrize("way", [products.by_rows, products.by_shares])
def test_blocks_are_as_large_as_blas_multiplies_unpacked(way, monkeypatch):
    left, right = np.ones((2948, 128)), np.ones((128, 32))
    if way is products.by_shares:
        left, right = np.ones((2948, 128)).T, np.ones((2948, 32))
    out = np.zeros((len(left), 32))
    for small in (True, False):
        monkeypatch.setattr(products, "small_is_fast", lambda small=small: small)
        stacks, *_ = [call.args for call in way(Memory(), left, right, out)]
        work = stacks[0].shape[-2] * stacks[0].shape[-1] * stacks[1].shape[-1]
        assert (products.SMALL // 2 < work <= products.SMALL) is small


def test_only_kernels_that_multiply_small_matrices_unpacked_are_given_small_ones(monkeypatch):
    for kernel, fast in (("SkylakeX", True), ("Haswell", False), ("", False)):
        monkeypatch.setattr(blas, "_blas", blas.Blas(lambda: 1, lambda n: None, kernel))
        assert blas.small_is_fast() is fast


# Where BLAS is


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system does not tell")
def test_the_library_that_numpy_has_loaded_is_found_without_knowing_its_folder():
    beside = blas.in_files(list(blas.beside_numpy()))
    found = blas.in_files(list(blas.loaded()))
    assert found is not None and found.get() == beside.get() and found.kernel == beside.kernel


def test_threadpoolctl_is_asked_where_nothing_else_is_known(monkeypatch):
    counts = [4]
    library = SimpleNamespace(get_num_threads=lambda: counts[-1], set_num_threads=counts.append)
    module = ModuleType("threadpoolctl")
    module.ThreadpoolController = lambda: SimpleNamespace(
        select=lambda user_api: SimpleNamespace(lib_controllers=[library])
    )
    monkeypatch.setitem(sys.modules, "threadpoolctl", module)
    monkeypatch.setattr(blas, "in_files", lambda paths: None)
    monkeypatch.setattr(blas, "_blas", False)
    with blas.blas_threads(1):
        assert blas.blas().get() == 1
    assert counts == [4, 1, 4]


def test_a_plan_says_that_blas_cannot_be_held_to_a_thread(monkeypatch):
    monkeypatch.setattr(blas, "in_files", lambda paths: None)
    monkeypatch.setattr(blas, "by_threadpoolctl", lambda: None)
    monkeypatch.setattr(blas, "_blas", False)
    assert mg.get_threads() == 1
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2)])
    assert NO_HANDLE in model.plan(8).notes


def test_what_no_window_of_a_pooling_covers_is_not_computed():
    # 3×3 on 8×9 gives 6×7 places, of which pooling looks at 4×6
    layers = [mg.layers.Conv2D(5, 3, activation="relu"), mg.layers.MaxPooling2D((4, 3))]
    model = mg.Sequential([mg.Input((8, 9, 2)), *layers])
    (kernel,) = (k for k in model.plan(1).planned.programs[0].kernels if k.kind == "convolution")
    assert kernel.flops[0] == (4 * 6) * 2 * (3 * 3 * 2 * 5)
