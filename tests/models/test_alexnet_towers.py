"""AlexNet as it ran in 2012, one tower on each of two devices, is the network on one device."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lit_cnns.models import AlexNet
from lit_cnns.models.alexnet_towers import divide_towers

SCRIPT = Path(__file__).parents[1] / "towers.py"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    file = tmp_path_factory.mktemp("towers") / "found.json"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[1])}
    started = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), port, file], env=environment, stderr=subprocess.PIPE, text=True
        )
        for rank in (0, 1)
    ]
    said = [process.communicate(timeout=240)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said[0][-3000:]
    return json.loads(file.read_text())


@pytest.mark.ddp
def test_two_towers_give_the_logits_of_one_device_dropout_included(found):
    assert found["logits"] < 1e-5


@pytest.mark.ddp
def test_every_weight_gets_the_gradient_of_one_device(found):
    assert len(found["gradients"]) == 16
    assert max(found["gradients"].values()) < 1e-5


@pytest.mark.ddp
def test_names_and_shapes_are_those_of_one_device_and_each_holds_half(found):
    whole, towers = found["shapes"]
    assert towers == whole
    assert found["held"]["conv2.weight"] == [128, 48, 5, 5]
    assert found["held"]["fc6.weight"] == [2048, 9216]
    assert found["held"]["fc8.weight"] == [11, 2048]


def test_a_network_without_two_towers_is_refused():
    with torch.device("meta"):
        for variant in ("ungrouped", "bvlc"):
            with pytest.raises(ValueError, match="Only the variant 'two_towers'"):
                divide_towers(AlexNet(variant=variant), None)
