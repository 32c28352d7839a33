"""The import of torchvision, in a fresh interpreter each: what is imported stays imported."""

import json
import subprocess
import sys

from mbh_utils.computing import paths

PLAIN_THEN_OURS = """
import gc, json, sys
said = {}
try:
    import torchvision
except RuntimeError as error:
    said["plain"] = str(error)
from mbh_utils.datasets import _torchvision
module = _torchvision.import_torchvision()
gc.collect()
import torch, torchvision
said["declared"] = _torchvision._library is not None
said["operators"] = [hasattr(torch.ops.torchvision, name) for name in ("nms", "qnms")]
again = _torchvision.import_torchvision()
said["same"] = module is torchvision is sys.modules["torchvision"] is again
said["has_ops"] = torchvision.extension._has_ops()
said["mnist"] = torchvision.datasets.MNIST.__name__
print(json.dumps(said))
"""

NOT_INSTALLED = """
import sys
sys.modules["torchvision"] = None      # what Python itself uses for "this import fails"
from mbh_utils.datasets._torchvision import import_torchvision
from mbh_utils.errors import MBHError
try:
    import_torchvision()
except MBHError as error:
    print(error)
"""

OTHER_FAILURE = """
import pathlib, sys, tempfile
folder = pathlib.Path(tempfile.mkdtemp())
broken = "raise RuntimeError('compiled with different CUDA major versions')"
(folder / "torchvision.py").write_text(broken)
sys.path.insert(0, str(folder))
from mbh_utils.datasets import _torchvision
try:
    _torchvision.import_torchvision()
except RuntimeError as error:
    print(error, _torchvision._library)
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=paths.PROJECT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_works_after_a_plain_import_and_declares_only_what_is_missing():
    said = json.loads(run(PLAIN_THEN_OURS))
    assert said["mnist"] == "MNIST" and said["same"] and said["operators"] == [True, True]
    failed = "plain" in said
    assert said["declared"] == failed, "operators are declared exactly where the plain import fails"
    if failed:  # a CPU torch beside a CUDA torchvision
        assert "torchvision::nms does not exist" in said["plain"] and not said["has_ops"]


def test_missing_torchvision_is_named_with_the_way_to_install_it():
    said = run(NOT_INSTALLED)
    assert "torchvision is not installed" in said and "pip install torchvision" in said


def test_other_failures_pass_through_and_declare_nothing():
    assert run(OTHER_FAILURE).strip() == "compiled with different CUDA major versions None"
