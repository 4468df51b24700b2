"""Files of weights: whole or not there, read by whoever may read, and never a silent surprise."""

import errno
import os
import stat
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")


def small(units=3, inputs=4):
    return mg.Sequential([mg.Input((inputs,)), mg.layers.Dense(units, name="d")])


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def refused(model, path, match, kind=ValueError):
    before = model.get_weights()
    with pytest.raises(kind, match=match) as caught:
        model.load_weights(path)
    assert Path(path).name in str(caught.value) and "unfinished" not in str(caught.value)
    assert same(model.get_weights(), before)


# -- permissions, links, names -------------------------------------------------------------
@POSIX
@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_of_any_other(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        small().save_weights(tmp_path / "w.npz")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "w.npz").stat().st_mode) == mode


@POSIX
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "w.npz"
    path.touch()
    path.chmod(0o664)
    small().save_weights(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


@POSIX
def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "folder" / "w.npz", tmp_path / "link.npz"
    target.parent.mkdir()
    target.touch()
    link.symlink_to(target)
    model = small()
    model.save_weights(link)
    assert link.is_symlink() and target.stat().st_size > 0
    model.load_weights(link)


def test_a_thousand_weights_keep_their_order(tmp_path):
    """Names are numbered; 1000 stands before 999 in the order of letters."""

    class Many(mg.layers.Layer):
        def build(self, input_shape):
            for k in range(1100):
                self.add_weight((1,), mg.initializers.Constant(k), name=f"w{k % 7}")

        def call(self, inputs):
            return inputs

    model = mg.Sequential([mg.Input((1,)), Many()])
    model.save_weights(tmp_path / "w.npz")
    model.set_weights([w * 0 for w in model.get_weights()])
    model.load_weights(tmp_path / "w.npz")
    assert [float(w[0]) for w in model.get_weights()] == list(range(1100))


def test_the_numbers_of_arrays_count_and_not_their_place_in_the_file(tmp_path):
    model, path = small(3, 3), tmp_path / "w.npz"
    model.save_weights(path)
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w") as packed:  # as a tool that sorts otherwise would
        for name in reversed(members):
            packed.writestr(name, members[name])
    before = model.get_weights()
    model.set_weights([w * 0 for w in before])
    model.load_weights(path)
    assert same(model.get_weights(), before)


@pytest.mark.parametrize("name", ["a/b", "../x", "ü–∂", "a" * 300, "\ud800", "000/y.npy", "n\0l"])
def test_names_of_weights_are_harmless(tmp_path, name):
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(3, name=name), mg.layers.Dense(2)])
    before = model.get_weights()
    model.save_weights(tmp_path / "w.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["w.npz"]
    model.set_weights([w * 0 for w in before])
    model.load_weights(tmp_path / "w.npz")
    assert same(model.get_weights(), before)


# -- what goes wrong while writing ---------------------------------------------------------
def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nodir.*w\.npz"):
        small().save_weights(tmp_path / "nodir" / "w.npz")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path, model = tmp_path / "w.npz", small()
    model.save_weights(path)
    before = path.read_bytes()

    def full(file, **arrays):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match=r"No space left on device; nothing was written: .*w\.npz"):
        model.save_weights(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# -- what goes wrong while reading ---------------------------------------------------------
@pytest.fixture
def saved(tmp_path):
    model, path = small(), tmp_path / "w.npz"
    model.save_weights(path)
    return model, path, path.read_bytes()


def test_truncated_files(saved):
    model, path, content = saved
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        refused(model, path, "is no file of weights")


def test_flipped_bits_are_noticed_or_change_nothing(saved):
    model, path, content = saved
    right = model.get_weights()
    generator = np.random.default_rng(1)
    for _ in range(400):
        damaged = bytearray(content)
        damaged[generator.integers(len(content))] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        try:
            model.load_weights(path)
        except ValueError as error:
            assert "w.npz" in str(error)
        assert same(model.get_weights(), right)


def header_of(shape, dtype="<f4"):
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head


def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked(saved):
    model, path, _ = saved
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("000/d/kernel.npy", "w", force_zip64=True) as member:
            member.write(header_of("(100000000, 4)"))
            block = bytes(1 << 24)
            for _ in range(100):
                member.write(block)
        with packed.open("001/d/bias.npy", "w") as member:
            member.write(header_of("(3,)") + bytes(12))
    import tracemalloc

    tracemalloc.start()
    try:
        refused(model, path, r"shape \(100000000, 4\)|not as long")
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


HOSTILE = {
    "another compression": lambda path: zipped(path, zipfile.ZIP_LZMA, b"\0" * 40),
    "header too long": lambda path: zipped(path, 0, b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 70000),
    "nested header": lambda path: zipped(path, 0, header_of("(" * 300 + "3" + ",)" * 300)),
    "negative shape": lambda path: zipped(path, 0, header_of("(-4, -3)") + bytes(48)),
    "huge shape": lambda path: zipped(path, 0, header_of("(9999999999, 9999999999)")),
    "text": lambda path: zipped(path, 0, header_of("(4, 3)", "<U4") + bytes(192)),
    "objects": lambda path: np.savez(path, a=np.array([print], dtype=object)),
    "complex": lambda path: np.savez(path, a=np.ones((4, 3), complex), b=np.ones(3)),
    "npy": lambda path: path.write_bytes(header_of("(4, 3)") + bytes(48)),
    "no arrays": lambda path: np.savez(path),
    "one too many": lambda path: np.savez(path, a=np.ones((4, 3)), b=np.ones(3), c=np.ones(1)),
    "swapped": lambda path: np.savez(path, a=np.ones(3), b=np.ones((4, 3))),
    "nan": lambda path: np.savez(path, a=np.full((4, 3), np.nan), b=np.ones(3)),
    "too large": lambda path: np.savez(path, a=np.full((4, 3), 1e300), b=np.ones(3)),
    "lfs": lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid x\n"),
}


def zipped(path, compression, content):
    with zipfile.ZipFile(path, "w", compression) as packed:
        packed.writestr("000/d/kernel.npy", content)
        packed.writestr("001/d/bias.npy", header_of("(3,)") + bytes(12))


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(saved, make):
    model, path, _ = saved
    make(path)
    refused(model, path, r"w\.npz")


def test_a_pointer_of_git_lfs_is_called_one(saved):
    model, path, _ = saved
    HOSTILE["lfs"](path)
    refused(model, path, "git lfs pull")


def test_a_damaged_stream_is_named(saved):
    model, path, _ = saved
    np.savez_compressed(path, a=np.random.default_rng(0).random((4, 3)), b=np.ones(3))
    content = bytearray(path.read_bytes())
    for place in range(180, 260):
        damaged = bytearray(content)
        damaged[place] ^= 255
        path.write_bytes(damaged)
        try:
            model.load_weights(path)
        except ValueError as error:
            assert "w.npz" in str(error)
        except zlib.error:  # pragma: no cover
            pytest.fail("zlib's own error came through")


def test_paths_that_are_none(tmp_path):
    model = small()
    for wrong, kind in [
        (None, TypeError),
        (5, TypeError),
        ("a\0b.npz", TypeError),
        ("w.pb", ValueError),
        ("", ValueError),
    ]:
        for method in (model.save_weights, model.load_weights):
            with pytest.raises(kind, match="weights are kept in"):
                method(wrong)
    (tmp_path / "folder.npz").mkdir()
    for method in (model.save_weights, model.load_weights):
        with pytest.raises(IsADirectoryError, match=r"folder\.npz is a folder"):
            method(tmp_path / "folder.npz")
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        model.load_weights(tmp_path / "nothing.npz")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save_weights(tmp_path / "w.npz")
        model.save_weights(tmp_path / "w.npz", overwrite=False)
