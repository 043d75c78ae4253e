"""Weights that others trained, on real pictures, through our networks and our data path."""

import numpy as np
import pytest
import torch

from lit_cnns.data import ImageFolder, prepare, to_batch
from lit_cnns.weights import convert

IMAGENETTE = [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]  # its classes among ImageNet's, in the synsets' order


@pytest.mark.parametrize(
    ("file", "measured"),
    [
        ("resnet20-12fca82f.th", 0.9164),  # published: 91.73 % of all 10,000
        pytest.param("resnet32-d509ac18.th", 0.9282, marks=pytest.mark.slow),  # published: 92.63 %
    ],
)
def test_a_cifar_resnet_classifies_the_official_test_images_as_published(shared, file, measured):
    module, _ = convert(str(shared / "data/weights" / file))
    data = np.load(shared / "data/cifar10/cifar10_lossless_subset.npz")
    pictures = list(torch.from_numpy(data["test_x"]).permute(0, 3, 1, 2))
    with torch.inference_mode():
        parts = [module(to_batch(pictures[i : i + 128], module.preprocessing)) for i in range(0, len(pictures), 128)]
    right = torch.cat(parts).argmax(1) == torch.from_numpy(data["test_y"])
    assert len(right) == 1017
    assert right.double().mean() == pytest.approx(measured, abs=1e-4)


@pytest.mark.slow
def test_the_replication_of_googlenet_recognises_photographs(shared):
    module, _ = convert(str(shared / "data/weights/bvlc_googlenet_main_fp32.pth"))
    told = {key: module.preprocessing[key] for key in ("mean", "std")}
    data = ImageFolder(shared / "data/imagenette_mini", image_size=224, resize=224, num_workers=0, **told)
    data.setup("validate")
    right = among_five = right_of_ten = total = 0
    for batch in data.val_dataloader():
        images, labels = prepare(batch, data.preprocessing, train=False)
        wanted = torch.tensor(IMAGENETTE)[labels]
        with torch.inference_mode():
            logits = module(images)
        right += int((logits.argmax(1) == wanted).sum())
        among_five += int((logits.topk(5).indices == wanted[:, None]).sum())
        right_of_ten += int((logits[:, IMAGENETTE].argmax(1) == labels).sum())
        total += len(labels)
    assert total == 500
    assert (right / total, among_five / total, right_of_ten / total) == pytest.approx((0.744, 0.934, 0.984), abs=0.003)
