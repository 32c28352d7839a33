"""Data sets: facts of the real ones, files in every state of disrepair, arrays that do not fit."""

import errno
import gzip
import hashlib
import http.server
import pickle
import socket
import struct
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.computing import paths
from mbh_utils.datasets import Dataset, Samples, describe, from_arrays, load, xor_with_outliers
from mbh_utils.datasets import samples as datasets
from mbh_utils.datasets._torchvision import import_torchvision
from mbh_utils.errors import MBHError

PARTS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

# The real data


def real(name: str) -> Dataset:
    said = describe(name)
    if not said["found"]:
        pytest.skip(f"real {name} not found: looked in {', '.join(map(str, said['searched']))}")
    return load(name, download=False)


@pytest.mark.parametrize(
    ("name", "statistics", "train_counts", "validation_counts"),
    [
        (
            "mnist",
            [(0.130660, 0.308108), (0.132515, 0.310480)],
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        ),
        ("fashion_mnist", [(0.286041, 0.353024), (0.286849, 0.352444)], [6000] * 10, [1000] * 10),
    ],
)
def test_real_data_have_the_known_statistics(name, statistics, train_counts, validation_counts):
    data = real(name)
    assert (data.name, data.n_inputs, data.n_classes, data.image_shape) == (name, 784, 10, (28, 28))
    for part, counts, (mean, std) in zip(
        (data.train, data.validation), (train_counts, validation_counts), statistics, strict=True
    ):
        assert part.images.dtype == np.float32 and part.labels.dtype == np.int64
        assert np.bincount(part.labels).tolist() == counts
        assert part.images.min() == 0 and part.images.max() == 1
        assert part.images.mean(dtype=np.float64) == pytest.approx(mean, abs=5e-7)
        assert np.sqrt((part.images**2).mean(dtype=np.float64) - mean**2) == pytest.approx(
            std, abs=2e-6
        )
    assert (
        (data.low == 0).all()
        and (data.high == 1).all()
        and data.low.shape == data.high.shape == (784,)
    )


def test_classes_of_the_real_data():
    assert real("mnist").classes == tuple("0123456789")
    assert real("fashion_mnist").classes == (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_reading_real_data_writes_nothing_and_a_second_load_is_the_same_object(name):
    real(name)
    folder = describe(name)["folder"]
    before = sorted(folder.rglob("*"))
    datasets._read_official.cache_clear()
    data = load(name, download=False)
    assert sorted(folder.rglob("*")) == before
    assert load(name) is data


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_md5_table_of_unpacked_files_belongs_to_torchvision_s_table(name):
    real(name)
    for file in describe(name)["files"]:
        content = file["path"].read_bytes()
        unpacked = gzip.decompress(content) if file["path"].suffix == ".gz" else content
        assert (
            hashlib.md5(unpacked).hexdigest()
            == datasets._UNPACKED_MD5[datasets._TORCHVISION[name]][
                file["path"].name.removesuffix(".gz")
            ]
        )


def test_digits8_is_a_fixed_stratified_split():
    data = load("digits8")
    assert (len(data.train), len(data.validation)) == (1437, 360)
    assert (data.n_inputs, data.image_shape, data.classes) == (64, (8, 8), tuple("0123456789"))
    every = np.bincount(data.train.labels) + np.bincount(data.validation.labels)
    assert np.abs(np.bincount(data.validation.labels) - every * 360 / 1797).max() < 1
    assert data.train.images.min() == 0 and data.train.images.max() == 1
    # results made on one machine are only comparable with another's if the split is the same there
    assert data.checksum == "cb0490c29af15044b9f307c73c28b93f8cebfe8c413a0a25ed667423a2d273b4"
    assert load("digits8") is data


def test_digits8_holds_every_digit_of_scikit_learn_once():
    from sklearn.datasets import load_digits

    digits, data = load_digits(), load("digits8")
    ours = np.column_stack(
        [
            np.vstack([data.train.images, data.validation.images]) * 16,
            np.r_[data.train.labels, data.validation.labels],
        ]
    )
    theirs = np.column_stack([digits.data, digits.target])
    assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


# A small stand-in for MNIST, in the same format and with its own checksums


@pytest.fixture
def files(monkeypatch) -> dict[str, bytes]:
    """Packed content by file name; torchvision's table and ours name its checksums instead of MNIST's."""
    generator = np.random.default_rng(0)
    content = {}
    for part, n in (("train", 30), ("t10k", 10)):
        pixels, labels = (
            generator.integers(0, 256, (n, 784), np.uint8),
            generator.integers(0, 10, n, np.uint8),
        )
        content[f"{part}-images-idx3-ubyte"] = (
            struct.pack(">4I", 0x803, n, 28, 28) + pixels.tobytes()
        )
        content[f"{part}-labels-idx1-ubyte"] = struct.pack(">2I", 0x801, n) + labels.tobytes()
    packed = {f"{part}.gz": gzip.compress(content[part], mtime=0) for part in PARTS}
    table = [(name, hashlib.md5(value).hexdigest()) for name, value in packed.items()]
    monkeypatch.setattr(import_torchvision().datasets.MNIST, "resources", table)
    monkeypatch.setitem(
        datasets._UNPACKED_MD5,
        "MNIST",
        {name: hashlib.md5(value).hexdigest() for name, value in content.items()},
    )
    monkeypatch.setattr(
        import_torchvision().datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"]
    )  # nobody answers
    return packed


@pytest.fixture
def folders(monkeypatch, tmp_path) -> list[Path]:
    """Two data folders, empty."""
    monkeypatch.setattr(paths, "data_folders", lambda: [tmp_path / "first", tmp_path / "second"])
    return paths.data_folders()


def place(files: dict[str, bytes], folder: Path, names=None) -> Path:
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name in names or files:
        (raw / name).write_bytes(files[name])
    return raw


def everything_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def mirror(files, monkeypatch, tmp_path):
    """A real server that offers the files, as torchvision's only mirror; yields the folder it serves."""
    served = tmp_path / "served"
    served.mkdir()
    for name, value in files.items():
        (served / name).write_bytes(value)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(served))
    )
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(
        import_torchvision().datasets.MNIST,
        "mirrors",
        [f"http://127.0.0.1:{server.server_address[1]}/"],
    )
    yield served
    server.shutdown()
    server.server_close()


def test_packed_and_unpacked_files_give_the_same_data(files, folders):
    raw = place(files, folders[1])
    packed = load("mnist", download=False)
    for name in files:
        (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(files[name]))
        (raw / name).unlink()
    assert [f["status"] for f in describe("mnist")["files"]] == ["ok"] * 4
    unpacked = load("mnist", download=False)
    assert unpacked is not packed and unpacked.checksum == packed.checksum
    assert np.array_equal(unpacked.validation.images, packed.validation.images)


def dotted(name: str) -> str:
    """As Kaggle and others name the files."""
    return name.replace("-idx", ".idx")


@pytest.mark.parametrize("how", ["unpacked", "packed", "packed again"])
def test_files_with_the_other_usual_names_are_found(files, folders, how):
    expected = load("mnist", download=False) if place(files, folders[1]) else None
    raw = folders[1] / "MNIST" / "raw"
    for name, packed in files.items():
        (raw / name).unlink()
        content = {"unpacked": gzip.decompress, "packed": bytes, "packed again": repacked}[how](
            packed
        )
        (raw / dotted(name.removesuffix(".gz") if how == "unpacked" else name)).write_bytes(content)
    said = describe("mnist")
    assert (
        said["found"]
        and said["folder"] == folders[1]
        and {f["status"] for f in said["files"]} == {"ok"}
    )
    assert load("mnist", download=False).checksum == expected.checksum
    # Damage is noticed as under the official names.
    path = said["files"][2]["path"]
    path.write_bytes(path.read_bytes()[:-9])
    assert (
        path.name.startswith("t10k-images.idx3-ubyte")
        and describe("mnist")["files"][2]["status"] == "wrong"
    )
    with pytest.raises(MBHError, match="t10k-images.idx3-ubyte.* is damaged or another file"):
        load("mnist", download=False)


def repacked(packed: bytes) -> bytes:
    """The same content as another program packs it."""
    return gzip.compress(gzip.decompress(packed), compresslevel=1, mtime=7)


def test_official_names_come_first_and_names_may_be_mixed(files, folders):
    raw, (first, second, *_) = place(files, folders[0]), files
    (raw / dotted(first)).write_bytes(b"not looked at, since the official one is there")
    (raw / second).rename(raw / dotted(second))
    assert len(load("mnist", download=False).train) == 30
    assert [f["path"].name for f in describe("mnist")["files"]][:2] == [first, dotted(second)]


def test_a_name_made_of_another_is_described_by_its_files(files, folders):
    assert describe("digits8_standardised")["found"] and describe("xor_with_outliers")["found"]
    assert not describe("mnist_standardised")["found"]
    place(files, folders[0])
    said = describe("mnist_standardised")
    assert said["found"] and said["name"] == "mnist_standardised" and said["folder"] == folders[0]
    with pytest.raises(MBHError, match="unknown data set 'imagenet'"):
        describe("imagenet_standardised")


def test_pixels_and_labels_are_those_that_torchvision_reads(files, folders):
    place(files, folders[0])
    data = load("mnist", download=False)
    theirs = import_torchvision().datasets.MNIST(
        folders[0], train=False, download=True
    )  # unpacks, downloads nothing
    assert np.array_equal(
        data.validation.images, (theirs.data.float() / 255).reshape(-1, 784).numpy()
    )
    assert np.array_equal(data.validation.labels, theirs.targets.numpy())


def test_mbh_data_names_the_folder(files, monkeypatch, tmp_path):
    monkeypatch.setenv("MBH_DATA", str(tmp_path / "mine"))
    place(files, tmp_path / "mine")
    assert describe("mnist")["folder"] == tmp_path / "mine"
    assert len(load("mnist", download=False).train) == 30


def test_folder_with_some_of_the_files_is_passed_over(files, folders):
    place(files, folders[0], ["train-images-idx3-ubyte.gz"])
    place(files, folders[1])
    assert describe("mnist")["folder"] == folders[1]
    assert len(load("mnist", download=False).validation) == 10


def test_changed_file_is_read_anew(files, folders):
    raw = place(files, folders[0])
    load("mnist", download=False)
    (raw / "t10k-labels-idx1-ubyte.gz").write_bytes(b"no longer what it was")
    with pytest.raises(MBHError, match="damaged"):
        load("mnist", download=False)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_damaged_gz_is_named_with_both_checksums(files, folders, damage):
    name = "train-images-idx3-ubyte.gz"
    raw, good = place(files, folders[1]), files[name]
    bad = {
        "truncated": good[:-100],
        "flipped": good[:50] + bytes([good[50] ^ 1]) + good[51:],
        "empty": b"",
    }[damage]
    (raw / name).write_bytes(bad)
    with pytest.raises(MBHError) as caught:
        load("mnist")
    said = str(caught.value)
    for part in (
        str(raw / name),
        hashlib.md5(bad).hexdigest(),
        hashlib.md5(good).hexdigest(),
        "by hand",
        "MBH_DATA",
    ):
        assert part in said
    states = {file["path"].name: file["status"] for file in describe("mnist")["files"]}
    assert (
        states.pop(name) == "wrong"
        and set(states.values()) == {"ok"}
        and not describe("mnist")["found"]
    )
    assert (raw / name).read_bytes() == bad, "what is there is the user's: it is not touched"


def test_truncated_unpacked_file_is_noticed(files, folders):
    raw = place(files, folders[0])
    (raw / "t10k-images-idx3-ubyte").write_bytes(
        gzip.decompress(files["t10k-images-idx3-ubyte.gz"])[:-784]
    )
    (raw / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(MBHError, match="t10k-images-idx3-ubyte is damaged"):
        load("mnist")


def test_unreadable_file_is_named(files, folders, monkeypatch):
    raw = place(files, folders[0])

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(
        MBHError, match=r"train-images-idx3-ubyte.gz cannot be read \(Permission denied\)"
    ):
        load("mnist")
    assert [f["status"] for f in describe("mnist")["files"]] == ["unreadable"] * 4
    assert everything_in(raw) == sorted(files)


def test_missing_files_offline_are_listed_with_folders_and_checksums(files, folders):
    place(files, folders[1], list(files)[:3])
    for arguments, reason in (
        ({"download": False}, "switched off"),
        ({"progress": False}, "Download failed"),
    ):
        with pytest.raises(MBHError) as caught:
            load("mnist", **arguments)
        said = str(caught.value)
        assert reason in said and "copy them, still compressed, into" in said
        for folder in folders:
            assert str(folder / "MNIST" / "raw") in said
        for name, value in files.items():
            assert f"{name}: {hashlib.md5(value).hexdigest()}" in said
        assert f"looked in {folders[1] / 'MNIST' / 'raw'}: no t10k-labels-idx1-ubyte.gz\n" in said
    assert everything_in(folders[0]) == []


def test_describe_says_what_is_missing(files, folders):
    said = describe("mnist")
    assert (said["found"], said["folder"], said["searched"]) == (False, folders[0], folders)
    assert [(f["path"].name, f["status"], f["found"]) for f in said["files"]] == [
        (n, "missing", None) for n in files
    ]
    assert not folders[0].exists(), "looking makes no folder"


def test_download_fetches_what_is_missing_and_says_so(mirror, files, folders, capsys):
    raw = place(files, folders[0], ["t10k-images-idx3-ubyte.gz"])
    old = (raw / "t10k-images-idx3-ubyte.gz").stat().st_mtime_ns
    assert len(load("mnist").train) == 30
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all(
        line.startswith("mnist: downloading http://127.0.0.1") for line in lines
    )
    assert (
        everything_in(folders[0]) == sorted(files)
        and (raw / "t10k-images-idx3-ubyte.gz").stat().st_mtime_ns == old
    )
    assert describe("mnist")["found"]


def test_download_without_progress_is_silent(mirror, folders, capsys):
    load("mnist", progress=False)
    assert capsys.readouterr() == ("", "")


def test_second_mirror_serves_where_the_first_is_gone(mirror, folders, monkeypatch):
    mnist = import_torchvision().datasets.MNIST
    monkeypatch.setattr(mnist, "mirrors", ["http://127.0.0.1:9/", *mnist.mirrors])
    assert len(load("mnist", progress=False).train) == 30


def test_wrong_file_from_the_mirror_is_not_kept(mirror, files, folders):
    (mirror / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(MBHError) as caught:
        load("mnist", progress=False)
    assert hashlib.md5(b"<html>please log in</html>").hexdigest() in str(caught.value)
    assert everything_in(folders[0]) == sorted(set(files) - {"t10k-labels-idx1-ubyte.gz"}), (
        "the good ones stay"
    )
    (mirror / "t10k-labels-idx1-ubyte.gz").write_bytes(files["t10k-labels-idx1-ubyte.gz"])
    assert len(load("mnist", progress=False).train) == 30


def test_full_disk_leaves_nothing_half_written(files, folders, monkeypatch):
    def fills_up(url, root, filename, md5):
        assert socket.getdefaulttimeout(), "a silent server is not waited for without end"
        Path(root, filename).write_bytes(files[filename][:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(import_torchvision().datasets.utils, "download_url", fills_up)
    with pytest.raises(MBHError, match="No space left on device"):
        load("mnist", progress=False)
    assert everything_in(folders[0]) == []
    assert [p.name for p in (folders[0] / "MNIST" / "raw").iterdir()] == []
    assert socket.getdefaulttimeout() is None


def test_folder_that_cannot_be_written_is_named(mirror, folders):
    folders[0].write_text("a file where the folder should be")
    with pytest.raises(MBHError, match="cannot be written") as caught:
        load("mnist")
    assert str(folders[0] / "MNIST" / "raw") in str(caught.value) and "MBH_DATA" in str(
        caught.value
    )


def test_folder_without_permission_is_named(mirror, folders, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(datasets.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(MBHError, match=r"cannot be written \(Permission denied\)"):
        load("mnist")
    assert everything_in(folders[0]) == []


@pytest.mark.parametrize(
    ("name", "near"),
    [("fashion-mnist", "'fashion_mnist'"), ("MNIST", "'mnist'"), ("digits", "'digits8'")],
)
@pytest.mark.parametrize("function", [load, describe])
def test_unknown_name_lists_the_known_ones_and_the_nearest(function, name, near):
    with pytest.raises(MBHError, match=f"digits8, mnist, fashion_mnist.*Did you mean {near}"):
        function(name)


@pytest.mark.parametrize("name", ["imagenet", "", None, 8, [0]])
def test_unknown_name_without_a_near_one(name):
    with pytest.raises(MBHError, match="digits8, mnist, fashion_mnist") as caught:
        load(name)
    assert "Did you mean" not in str(caught.value)


# Samples and data sets


@pytest.fixture
def samples() -> Samples:
    return Samples(np.arange(12).reshape(6, 2), np.array([0, 1, 3, 1, 0, 3]))


def test_phenomena_classes_and_indices(samples):
    assert (
        len(samples) == 6
        and samples.images.dtype == np.float32
        and samples.labels.dtype == np.int64
    )
    assert samples.of_class(np.int64(3)).images.tolist() == [[4, 5], [10, 11]]
    assert samples.where(samples.images[:, 0] > 6).labels.tolist() == [0, 3]
    assert len(samples.where(np.zeros(6, bool))) == 0
    assert samples.take([4, 0, -1]).images.tolist() == [[8, 9], [0, 1], [10, 11]]
    assert samples.take(2).labels.tolist() == [3] and len(samples.take([])) == 0
    assert repr(samples) == "Samples(6 x 2, labels 0, 1, 3)"
    assert repr(samples.take([])) == "Samples(0 x 2, labels none, there are no samples)"


@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_phenomenon_and_its_complement_share_out_the_samples(mask):
    samples = Samples(np.arange(12).reshape(6, 2), np.arange(6))
    inside, outside = samples.where(mask), samples.where(~np.array(mask))
    assert sorted([*inside.labels, *outside.labels]) == list(range(6))
    assert (inside.images[:, 0] == 2 * inside.labels).all(), "labels stay with their images"


@pytest.mark.parametrize(
    ("method", "argument", "message"),
    [
        ("where", np.ones(5, bool), r"expected \(6,\) bool, got \(5,\)"),
        ("where", np.ones(6), "float64"),
        ("where", [0, 1, 2], "take"),
        ("of_class", 2, "label 2; labels that occur here: 0, 1, 3"),
        ("of_class", -1, "label -1"),
        ("of_class", "boot", "'boot'"),
        ("of_class", True, "by its number"),
        ("take", [0, 6], "index 6 is outside of the 6"),
        ("take", [-7], "index -7"),
        ("take", [True] * 6, "where"),
        ("take", [0.5], "whole numbers"),
    ],
)
def test_selections_that_do_not_fit(samples, method, argument, message):
    with pytest.raises(MBHError, match=message):
        getattr(samples, method)(argument)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 3, 3)), np.zeros(2, int), "flatten"),
        (np.zeros((2, 3)), np.zeros(3, int), r"one label per image, shape \(2,\)"),
        (np.zeros((2, 3)), np.zeros(2), "whole numbers, got float64"),
    ],
)
def test_samples_that_do_not_fit(images, labels, message):
    with pytest.raises(MBHError, match=message):
        Samples(images, labels)


def test_data_in_memory_cannot_be_changed_by_accident():
    data = load("digits8")
    for array in (data.train.images, data.validation.labels, data.low, data.high):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def arrays(**changes) -> dict:
    generator = np.random.default_rng(1)
    given = {
        "train_images": generator.random((6, 2, 2)),
        "train_labels": np.array([0, 1, 2, 0, 1, 2]),
        "validation_images": generator.random((3, 2, 2)),
        "validation_labels": np.array([0, 1, 2]),
    }
    return given | changes


def test_your_own_arrays():
    given = arrays(name="mine", classes=["red", "green", "blue"])
    data = from_arrays(**given)
    assert (data.name, data.n_inputs, data.n_classes, data.image_shape) == ("mine", 4, 3, (2, 2))
    assert np.array_equal(data.train.images, given["train_images"].reshape(6, 4).astype(np.float32))
    assert (data.low == 0).all() and (data.high == 1).all()
    assert repr(data) == (
        "Dataset('mine': 6 train and 3 validation samples of 2 x 2 in [0, 1], 3 classes: red, green, blue)"
    )
    given["train_images"][:] = 0
    assert data.train.images.any(), "the arrays were copied"
    again = pickle.loads(pickle.dumps(data))
    assert again.checksum == data.checksum and again.classes == data.classes


def test_limits_follow_the_values_or_are_given():
    images = np.array([[0.0, 255.0], [-3.0, 7.0]])
    free = from_arrays(images, [0, 1], images, [0, 1])
    assert (
        free.low.tolist() == [-3, -3]
        and free.high.tolist() == [255, 255]
        and free.classes == ("0", "1")
    )
    fixed = from_arrays(images, [0, 1], images, [0, 1], low=[-3, 0], high=256)
    assert fixed.low.tolist() == [-3, 0] and fixed.high.tolist() == [256, 256]
    tenth = np.full(
        (1, 2), 0.1
    )  # as float32 slightly more than the limit 0.1 as float64: still inside
    assert from_arrays(tenth, [0], tenth, [0], low=0, high=0.1).high.tolist() == [0.1, 0.1]


def test_torch_tensors_are_taken():
    import torch

    data = from_arrays(
        torch.rand(4, 3), torch.tensor([0, 1, 0, 1]), torch.rand(2, 3), torch.tensor([1, 0])
    )
    assert data.n_inputs == 3
    images = torch.rand(4, 3, requires_grad=True)  # what they are needs no gradient
    assert (
        from_arrays(images, [0] * 4, images, [0] * 4).train.images == images.detach().numpy()
    ).all()


def with_value(value: float) -> np.ndarray:
    images = np.full((3, 4), 0.5)
    images[1, 2] = value
    return images


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"validation_images": with_value(np.nan)},
            r"validation_images\[1, 2\] is nan; NaN or infinite values: 1",
        ),
        ({"validation_images": with_value(-np.inf)}, r"validation_images\[1, 2\] is -inf"),
        ({"validation_images": with_value(1e300)}, r"validation_images\[1, 2\] is inf"),
        ({"train_images": np.zeros(6)}, r"train_images must have shape \(n, d\)"),
        ({"train_images": np.zeros((0, 4)), "train_labels": []}, "n >= 1"),
        ({"train_images": [[1, 2], [3]]}, "train_images must be an array of numbers"),
        ({"train_images": [["a", "b"]]}, "train_images must be an array of numbers"),
        ({"validation_images": np.zeros((3, 5))}, r"shape \(2, 2\), a validation image \(5,\)"),
        (
            {"train_labels": [0, 1, 2]},
            r"train_labels must be one label per image, shape \(6,\), got \(3,\)",
        ),
        ({"validation_labels": np.eye(3)}, r"validation_labels must be one label per image"),
        (
            {"validation_labels": [0.0, 1.0, 2.0]},
            "validation_labels must be whole numbers, got float64",
        ),
        ({"validation_labels": [0, 1, -1]}, r"validation_labels\[2\] is -1"),
        ({"classes": ["red", "green"]}, r"train_labels\[2\] is 2, but there are 2 classes"),
        ({"classes": ["red", "green", "red"]}, "differ"),
        ({"low": 1.0, "high": 0.0}, "low must be below high; input 0 has 1.0 and 0.0"),
        ({"low": [0, 0, 2, 0], "high": 1}, "input 2 has 2.0 and 1.0"),
        ({"low": [0, 0]}, r"custom: low is a number or an array of shape \(4,\)"),
        ({"high": np.inf}, "custom: high must be finite"),
        ({"high": 0.5}, "outside of low 0 and high 0.5"),
        ({"low": 0.9}, "outside of low 0.9 and high 1"),
        ({"image_shape": (3, 2)}, r"image_shape \(3, 2\) does not hold the 4 inputs"),
    ],
)
def test_arrays_that_do_not_fit(changes, message):
    if "validation_images" in changes and changes["validation_images"].shape == (3, 4):
        changes = {**changes, "train_images": np.full((6, 4), 0.5)}
    with pytest.raises(MBHError, match=message):
        from_arrays(**arrays(**changes))


def test_parts_of_a_dataset_must_agree():
    two, three = Samples(np.zeros((1, 2)), np.array([0])), Samples(np.zeros((1, 3)), np.array([0]))
    with pytest.raises(MBHError, match="train images have 2 inputs, validation images 3"):
        Dataset("both", two, three, ("a",), 0, 1)


def test_checksum_is_that_of_the_samples():
    data = from_arrays(**arrays())
    same = from_arrays(**arrays(name="other name", classes=["a", "b", "c"]))
    relabelled = from_arrays(**arrays(validation_labels=[0, 2, 1]))
    train, validation = (
        Samples(part.images.reshape(-1, 2), [0] * 2 * len(part))
        for part in (data.train, data.validation)
    )
    reshaped = Dataset("same bytes, other shape", train, validation, ("a",), 0, 1)
    assert data.checksum == same.checksum and len(data.checksum) == 64
    assert (
        len({data.checksum, relabelled.checksum, reshaped.checksum, data.standardised().checksum})
        == 4
    )


def test_names_of_derived_data_sets():
    scaled, data = datasets.load("digits8_standardised"), datasets.load("digits8")
    assert scaled.name == "digits8_standardised" and scaled.checksum == data.standardised().checksum
    assert datasets.load("digits8_standardised") is scaled, "it stays in memory"
    assert datasets.load("xor_with_outliers").checksum == datasets.xor_with_outliers().checksum
    with pytest.raises(MBHError, match="unknown data set 'digits9'"):
        datasets.load("digits9_standardised")
    mean, std = data.moments()
    assert mean == pytest.approx(data.train.images.astype(float).mean(axis=0))
    deviation = data.train.images.astype(float).std(axis=0)
    assert std == pytest.approx(np.where(deviation == 0, 1, deviation)) and (deviation == 0).any()


def test_standardised_inputs_have_mean_0_and_deviation_1_and_limits_follow():
    data = load("digits8")
    scaled = data.standardised()
    raw = data.train.images.astype(np.float64)
    varies = np.ptp(raw, axis=0) > 0
    assert 0 < (~varies).sum() < 10, (
        "digits8 has border pixels that are always 0: the case to look at"
    )
    assert np.abs(scaled.train.images.mean(axis=0, dtype=np.float64)).max() < 1e-6
    assert np.allclose(scaled.train.images.std(axis=0, dtype=np.float64)[varies], 1, atol=1e-5)
    assert (scaled.train.images[:, ~varies] == 0).all()
    mean, std = raw.mean(axis=0), np.where(varies, raw.std(axis=0), 1)
    assert np.allclose(scaled.validation.images, (data.validation.images - mean) / std, atol=1e-4)
    assert np.allclose(scaled.low, -mean / std) and np.allclose(scaled.high, (1 - mean) / std)
    for part in (scaled.train, scaled.validation):
        assert (part.images >= scaled.low).all() and (part.images <= scaled.high).all()
    assert scaled.name == "digits8_standardised" and scaled.classes == data.classes
    assert data.train.images.max() == 1, "the raw data stay as they are"


def test_constant_input_that_is_not_zero_is_only_shifted():
    images = np.full((7, 2), 0.1)
    images[:, 1] = np.linspace(0, 1, 7)
    scaled = from_arrays(images, np.zeros(7, int), images, np.zeros(7, int)).standardised()
    assert np.abs(scaled.train.images[:, 0]).max() < 1e-6
    assert scaled.high[0] == pytest.approx(0.9)


@given(st.integers(1, 300), st.floats(0, 0.99), st.integers(0, 2**32))
def test_xor_flips_exactly_the_share_asked_for(n, outliers, seed):
    data = xor_with_outliers(n, outliers, seed)
    for part in (data.train, data.validation):
        assert len(part) == n and np.abs(part.images).max() <= 1
        right = (np.sign(part.images).prod(axis=1) < 0).astype(int)
        assert (part.labels != right).sum() == round(outliers * n)


def test_xor_of_the_figure():
    data = xor_with_outliers()
    right = data.validation.images.prod(axis=1) < 0
    assert (data.validation.labels == right).mean() == 0.95
    assert (
        (data.low == -1).all()
        and (data.high == 1).all()
        and data.n_classes == 2
        and data.image_shape == ()
    )
    assert xor_with_outliers().checksum == data.checksum != xor_with_outliers(seed=1).checksum
    assert not np.array_equal(data.train.images, data.validation.images)
    assert min(np.bincount(data.train.labels)) > 400
    for bad in (
        {"n": 0},
        {"n": 2.5},
        {"outliers": 1},
        {"outliers": -0.1},
        {"outliers": float("nan")},
    ):
        with pytest.raises(MBHError, match=f"{next(iter(bad))} is .*; expected a"):
            xor_with_outliers(**bad)
