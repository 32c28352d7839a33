"""The official files: facts of the real data, files in every state of disrepair, downloads."""

import errno
import gzip
import hashlib
import http.server
import socket
import struct
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mbh_utils.computing import paths
from mbh_utils.datasets import Dataset, describe, load, official
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
    parts = (data.train, data.validation)
    counts = (train_counts, validation_counts)
    for part, count, (mean, std) in zip(parts, counts, statistics, strict=True):
        assert part.images.dtype == np.float32 and part.labels.dtype == np.int64
        assert np.bincount(part.labels).tolist() == count
        assert part.images.min() == 0 and part.images.max() == 1
        assert part.images.mean(dtype=np.float64) == pytest.approx(mean, abs=5e-7)
        variance = (part.images**2).mean(dtype=np.float64) - mean**2
        assert np.sqrt(variance) == pytest.approx(std, abs=2e-6)
    assert data.low.shape == data.high.shape == (784,)
    assert (data.low == 0).all() and (data.high == 1).all()


def test_classes_of_the_real_data():
    assert real("mnist").classes == tuple("0123456789")
    assert real("fashion_mnist").classes == (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_reading_real_data_writes_nothing_and_a_second_load_is_the_same_object(name):
    real(name)
    folder = describe(name)["folder"]
    before = sorted(folder.rglob("*"))
    official._read.cache_clear()
    data = load(name, download=False)
    assert sorted(folder.rglob("*")) == before
    assert load(name) is data


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_md5_table_of_unpacked_files_belongs_to_torchvision_s_table(name):
    real(name)
    for file in describe(name)["files"]:
        path = file["path"]
        content = path.read_bytes()
        unpacked = gzip.decompress(content) if path.suffix == ".gz" else content
        table = official._UNPACKED_MD5[official._TORCHVISION[name]]
        assert hashlib.md5(unpacked).hexdigest() == table[path.name.removesuffix(".gz")]


# A small stand-in for MNIST, in the same format and with its own checksums


@pytest.fixture
def files(monkeypatch) -> dict[str, bytes]:
    """Packed content by file name; torchvision's table and ours have the checksums of these."""
    generator = np.random.default_rng(0)
    content = {}
    for part, n in (("train", 30), ("t10k", 10)):
        pixels = generator.integers(0, 256, (n, 784), np.uint8)
        labels = generator.integers(0, 10, n, np.uint8)
        images_header = struct.pack(">4I", 0x803, n, 28, 28)
        labels_header = struct.pack(">2I", 0x801, n)
        content[f"{part}-images-idx3-ubyte"] = images_header + pixels.tobytes()
        content[f"{part}-labels-idx1-ubyte"] = labels_header + labels.tobytes()
    packed = {f"{part}.gz": gzip.compress(content[part], mtime=0) for part in PARTS}
    table = [(name, hashlib.md5(value).hexdigest()) for name, value in packed.items()]
    unpacked = {name: hashlib.md5(value).hexdigest() for name, value in content.items()}
    mnist = import_torchvision().datasets.MNIST
    monkeypatch.setattr(mnist, "resources", table)
    monkeypatch.setattr(mnist, "mirrors", ["http://127.0.0.1:9/"])  # nobody answers
    monkeypatch.setitem(official._UNPACKED_MD5, "MNIST", unpacked)
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
    """A real server of the files, torchvision's only mirror; yields the folder that it serves."""
    served = tmp_path / "served"
    served.mkdir()
    for name, value in files.items():
        (served / name).write_bytes(value)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Quiet, directory=str(served))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    serve = partial(server.serve_forever, poll_interval=0.01)
    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mirrors = [f"http://127.0.0.1:{server.server_address[1]}/"]
    monkeypatch.setattr(import_torchvision().datasets.MNIST, "mirrors", mirrors)
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
        pack = {"unpacked": gzip.decompress, "packed": bytes, "packed again": repacked}[how]
        usual = name.removesuffix(".gz") if how == "unpacked" else name
        (raw / dotted(usual)).write_bytes(pack(packed))
    said = describe("mnist")
    assert said["found"] and said["folder"] == folders[1]
    assert {f["status"] for f in said["files"]} == {"ok"}
    assert load("mnist", download=False).checksum == expected.checksum
    # Damage is noticed as under the official names.
    path = said["files"][2]["path"]
    path.write_bytes(path.read_bytes()[:-9])
    assert path.name.startswith("t10k-images.idx3-ubyte")
    assert describe("mnist")["files"][2]["status"] == "wrong"
    with pytest.raises(MBHError, match="t10k-images.idx3-ubyte.* is damaged or another file"):
        load("mnist", download=False)


def repacked(packed: bytes) -> bytes:
    """The same content as another program packs it."""
    return gzip.compress(gzip.decompress(packed), compresslevel=1, mtime=7)


def test_official_names_come_first_and_names_may_be_mixed(files, folders):
    raw = place(files, folders[0])
    first, second, *_ = files
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
    # Unpacks, downloads nothing.
    theirs = import_torchvision().datasets.MNIST(folders[0], train=False, download=True)
    pixels = (theirs.data.float() / 255).reshape(-1, 784).numpy()
    assert np.array_equal(data.validation.images, pixels)
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
    raw = place(files, folders[1])
    good = files[name]
    bad = {
        "truncated": good[:-100],
        "flipped": good[:50] + bytes([good[50] ^ 1]) + good[51:],
        "empty": b"",
    }[damage]
    (raw / name).write_bytes(bad)
    with pytest.raises(MBHError) as caught:
        load("mnist")
    said = str(caught.value)
    checksums = [hashlib.md5(content).hexdigest() for content in (bad, good)]
    for part in (str(raw / name), *checksums, "by hand", "MBH_DATA"):
        assert part in said
    assert not describe("mnist")["found"]
    states = {file["path"].name: file["status"] for file in describe("mnist")["files"]}
    assert states.pop(name) == "wrong" and set(states.values()) == {"ok"}
    assert (raw / name).read_bytes() == bad, "what is there is the user's: it is not touched"


def test_truncated_unpacked_file_is_noticed(files, folders):
    raw = place(files, folders[0])
    content = gzip.decompress(files["t10k-images-idx3-ubyte.gz"])
    (raw / "t10k-images-idx3-ubyte").write_bytes(content[:-784])
    (raw / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(MBHError, match="t10k-images-idx3-ubyte is damaged"):
        load("mnist")


def test_unreadable_file_is_named(files, folders, monkeypatch):
    raw = place(files, folders[0])

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    message = r"train-images-idx3-ubyte.gz cannot be read \(Permission denied\)"
    with pytest.raises(MBHError, match=message):
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
    assert len(lines) == 3
    assert all(line.startswith("mnist: downloading http://127.0.0.1") for line in lines)
    assert everything_in(folders[0]) == sorted(files)
    assert (raw / "t10k-images-idx3-ubyte.gz").stat().st_mtime_ns == old
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
    good = sorted(set(files) - {"t10k-labels-idx1-ubyte.gz"})
    assert everything_in(folders[0]) == good, "the good ones stay"
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
    said = str(caught.value)
    assert str(folders[0] / "MNIST" / "raw") in said and "MBH_DATA" in said


def test_folder_without_permission_is_named(mirror, folders, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(official.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(MBHError, match=r"cannot be written \(Permission denied\)"):
        load("mnist")
    assert everything_in(folders[0]) == []
