"""A network of another library and ours with its weights say the same of photographs."""

import pytest
import torch
from pairs import DOCS, compare, pairs

from lit_cnns.lineage import LINEAGE
from lit_cnns.weights.counterparts import COUNTERPARTS, counterpart
from lit_cnns.weights.dialects import DIALECTS

FAST = [("torchvision", "resnet18"), ("timm", "inception_v3")]


def holds(library: str, name: str) -> None:
    found = compare(library, name)
    assert found.spread > 0.02  # the pictures are told apart at all
    assert found.difference < 1e-4


@pytest.mark.parametrize(("library", "name"), FAST)
def test_ours_has_their_function(library, name):
    holds(library, name)


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name"), [pair for pair in pairs() if pair not in FAST])
def test_ours_has_their_function_for_every_pair(library, name):
    holds(library, name)


def test_every_counterpart_and_every_dialects_network_is_of_the_lineage():
    rows = {row for names in COUNTERPARTS.values() for row in names.values()}
    rows |= {row for dialect in DIALECTS for row, _ in dialect.networks}
    assert rows <= set(LINEAGE)


def test_a_stride_that_has_no_shape_is_known_by_its_library():
    assert counterpart("torchvision", "resnet50") == "resnet50_v15"
    assert counterpart("timm", "resnet101.a1_in1k") == "resnet101_v15"


@pytest.mark.parametrize(
    ("library", "name", "why"),
    [
        ("torchvision", "googlenet", "3x3 for the paper's 5x5"),
        ("timm", "resnetv2_50", "after the first pool"),
        ("timm", "resnet50d", "a later variant"),
        ("torchvision", "convnext_tiny", "of another line"),
    ],
)
def test_what_is_no_network_of_the_lineage_is_refused_with_the_way_that_does(library, name, why):
    with pytest.raises(ValueError, match=f"{why}.*convert --guest {library}/{name}"):
        counterpart(library, name)


def test_the_table_in_the_document_has_a_row_for_every_pair():
    text = (DOCS / "weights.md").read_text()
    for library, name in pairs():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{library}/{name}` |"))
        assert float(row.split("|")[4]) < 1e-4


def test_the_maps_of_option_a_stand_in_our_order():
    from lit_cnns.models.resnet import PadShortcut
    from lit_cnns.weights.dialects.resnet import ORDER

    maps = torch.arange(1.0, 17).view(1, 16, 1, 1)  # theirs: zeros, the old maps, zeros
    theirs = torch.nn.functional.pad(maps[:, :, ::1, ::1], (0, 0, 0, 0, 8, 8))
    torch.testing.assert_close(theirs[:, ORDER["stage2"]], PadShortcut(32, 1)(maps))
