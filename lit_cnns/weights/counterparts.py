"""Which network of the lineage has the function of which network of torchvision and timm."""

_DEPTHS = {"resnet18": "resnet18_b", "resnet34": "resnet34_b"} | {
    f"resnet{d}": f"resnet{d}_v15" for d in (50, 101, 152)
}
_COLUMNS = {"vgg11": "vgg_a", "vgg13": "vgg_b", "vgg16": "vgg_d", "vgg19": "vgg_e"}
_VGG = {name + norm: row for name, row in _COLUMNS.items() for norm in ("", "_bn")}

COUNTERPARTS: dict[str, dict[str, str]] = {
    "torchvision": {"alexnet": "alexnet_owt", **_VGG, **_DEPTHS, "inception_v3": "inception_v3"},
    "timm": {
        **_VGG,
        **_DEPTHS,
        "inception_v3": "inception_v3",
        "inception_v4": "inception_v4",
        "inception_resnet_v2": "inception_resnet_v2",
    },
}

# those that a reader of the papers would look for among them, and why they are not
DIFFERENT = {
    "googlenet": "it has batch norm and 3x3 for the paper's 5x5",
    "resnetv2": "it normalises after the first pool, where the pre-activation ResNet of the paper does so before",
    "resnet": "it is a later variant",
}

# what a network of torchvision does to its pictures by itself: it turns ImageNet's normalisation into this one
UNDONE = {"torchvision/inception_v3": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}


def counterpart(library: str, name: str) -> str:
    """The network of the lineage with the function of another library's.

    Raises:
        ValueError: there is none; why, and the way that does.
    """
    network = name.partition(".")[0]
    if network in COUNTERPARTS[library]:
        return COUNTERPARTS[library][network]
    reason = next((why for start, why in DIFFERENT.items() if network.startswith(start)), "it is of another line")
    raise ValueError(
        f"No network of the lineage has the function of {library}/{name}: {reason}. Take it as a guest: "
        f"`lit-cnns convert --guest {library}/{name} OUT.ckpt`, or --model Lit{library.capitalize()} "
        f"--model.name {name}."
    )
