"""Guests: the networks of torchvision and timm in our loop, our checkpoint and our lab.

A guest is built without its weights, so that it comes back from its checkpoint wherever that is opened. The weights
its library offers are put in by `lit_cnns.weights`, or `lit-cnns fit --init_from torchvision/resnet50`.
"""

import difflib
from collections.abc import Collection
from typing import Any

from lit_cnns.classifier import LitClassifier

# they undo ImageNet's normalisation themselves, as their weights want it; their side heads are torchvision's own
TORCHVISION_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "transform_input": True, "init_weights": True},
    "inception_v3": {"aux_logits": False, "transform_input": True, "init_weights": True},
}


class LitTorchvision(LitClassifier):
    """A classification network of torchvision; its function is torchvision's, side heads are left out.

    Args:
        name: as torchvision has it, e.g. resnet50.
        num_classes: default: as many as its trained weights tell apart.
        lr: learning rate; the default is for fine-tuning in batches of 128.
    """

    def __init__(self, name: str, num_classes: int | None = None, *, lr: float = 0.01, **training: Any) -> None:
        from torchvision import models

        check_name("torchvision", name, models.list_models(module=models))
        weights = models.get_model_weights(name).DEFAULT
        num_classes = num_classes or len(weights.meta["categories"])  # what is here now goes into the checkpoint
        net: Any = models.get_model(name, weights=None, num_classes=num_classes, **TORCHVISION_OPTIONS.get(name, {}))
        net.in_channels, net.image_size = 3, weights.transforms().crop_size[0]
        super().__init__(net, num_classes, lr=lr, **training)
        self.guest = f"torchvision/{name}"

    def describe_data(self, data: Any) -> None:
        channels = getattr(data, "in_channels", 3)
        if channels != 3:
            raise ValueError(
                f"torchvision's networks take pictures of 3 channels and the data has {channels}: give the data "
                "channels: 3, or take the network from timm, which has in_channels."
            )
        super().describe_data(data)


class LitTimm(LitClassifier):
    """A classification network of timm.

    Args:
        name: as timm has it, e.g. resnet50 or, with a set of weights that it was trained as, resnet50.a1_in1k.
        num_classes: default: as many as its trained weights tell apart.
        in_channels: 3 for colour.
        dropout: share of the features before the last layer that is dropped.
        lr: learning rate; the default is for fine-tuning in batches of 128.
    """

    def __init__(
        self,
        name: str,
        num_classes: int | None = None,
        in_channels: int = 3,
        dropout: float = 0.0,
        *,
        lr: float = 0.01,
        **training: Any,
    ) -> None:
        import timm

        check_name("timm", name, {*timm.list_models(), *timm.list_pretrained()})  # a name with a colon would download
        given: dict[str, Any] = {} if num_classes is None else {"num_classes": num_classes}
        net: Any = timm.create_model(name, in_chans=in_channels, drop_rate=dropout, **given)
        num_classes = classes = int(net.num_classes)  # what is here now goes into the checkpoint
        net.in_channels, net.image_size = in_channels, net.pretrained_cfg["input_size"][-1]
        super().__init__(net, classes, lr=lr, **training)
        self.guest = f"timm/{name}"


GUESTS: dict[str, type[LitTorchvision] | type[LitTimm]] = {"torchvision": LitTorchvision, "timm": LitTimm}


def check_name(library: str, name: str, known: Collection[str]) -> None:
    """Raise ValueError with the nearest names where the library has no such network."""
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"its documentation lists all {len(known)}."
        raise ValueError(f"{library} has no network {name!r} that tells classes apart; {hint}")
