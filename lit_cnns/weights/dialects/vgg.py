"""VGG and the one-tower AlexNet as torchvision and timm call them: by the place in a chain."""

from collections.abc import Sequence

from lit_cnns.weights.dialects.dialect import Dialect, Found


def _counted(found: Found, layers: Sequence[str]) -> str:
    """`features.7` is our layer number 7, counted from 0."""
    place = int(found[1])
    return layers[place] if place < len(layers) else found[0]


VGG = Dialect(
    "VGG as torchvision and timm call it",
    r"^features\.0\.weight$",
    (
        (r"^features\.(\d+)", _counted),
        (r"^(?:classifier\.0|pre_logits\.fc1)\.", "fc6."),
        (r"^(?:classifier\.3|pre_logits\.fc2)\.", "fc7."),
        (r"^(?:classifier\.6|head\.fc)\.", "fc8."),
    ),
    tuple((f"vgg_{column}", {"batch_norm": norm}) for column in "abde" for norm in (False, True)),
)

ALEXNET_OWT = Dialect(
    "torchvision's alexnet",
    r"^features\.0\.weight$",
    (
        (r"^features\.(\d+)", _counted),
        (r"^classifier\.1\.", "fc6."),
        (r"^classifier\.4\.", "fc7."),
        (r"^classifier\.6\.", "fc8."),
    ),
    (("alexnet_owt", {}),),
)
