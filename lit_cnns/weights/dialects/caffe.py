"""Caffe's models as their authors' prototxts call them; `weights/caffe.py` reads them and writes a dot before the kind.

Their pictures are blue, green, red from 0 to 255, less a mean, and not divided.
"""

from collections.abc import Sequence

from lit_cnns.weights.dialects.dialect import Dialect, Found


def _mean(blue: float, green: float, red: float, crop: int = 224) -> dict[str, object]:
    return {"resize": 256, "crop": crop, "mean": [red / 255, green / 255, blue / 255], "std": [1.0, 1.0, 1.0]}


ILSVRC12 = (104.00699, 116.66877, 122.67892)  # the mean of Caffe's imagenet_mean.binaryproto, a channel
HEAD = (r"^fc8[^.]*\.", "fc8.")  # fine-tuned models rename it

ALEXNET = Dialect(
    "Caffe's bvlc_alexnet",
    r"^norm1$.*^pool1$.*^fc8",
    (HEAD,),
    (("alexnet_bvlc", {}),),
    preprocessing=_mean(*ILSVRC12, crop=227),
    bgr=True,
)

CAFFENET = Dialect(
    "Caffe's bvlc_reference_caffenet",
    r"^pool1$.*^norm1$.*^fc8",
    (HEAD,),
    (("caffenet", {}),),
    preprocessing=_mean(*ILSVRC12, crop=227),
    bgr=True,
)

VGG = Dialect(
    "VGG as its authors' Caffe models call it",
    r"^conv5_1.*^fc8",
    (HEAD,),
    tuple((f"vgg_{column}", {}) for column in "abcde"),
    preprocessing=_mean(103.939, 116.779, 123.68),
    bgr=True,
)

GOOGLENET = Dialect(
    "Caffe's bvlc_googlenet",
    r"^conv1[/._]7x7_s2",
    (
        (r"^conv1[/._]7x7_s2\.", "conv1."),
        (r"^conv2[/._]3x3_reduce\.", "conv2_reduce."),
        (r"^conv2[/._]3x3\.", "conv2."),
        (r"^(inception_\d\w)[/._]1x1\.", r"\1.b1."),
        (r"^(inception_\d\w)[/._]3x3", r"\1.b3"),
        (r"^(inception_\d\w)[/._]5x5", r"\1.b5"),
        (r"^(inception_\d\w)[/._]pool_proj\.", r"\1.pool_proj."),
        (r"^loss([12])[/._]conv\.", r"aux\1.conv."),
        (r"^loss([12])[/._]fc\.", r"aux\1.fc1."),
        (r"^loss([12])[/._]classifier\.", r"aux\1.fc2."),
        (r"^loss3[/._]classifier\.", "fc."),
    ),
    (("googlenet", {}),),
    preprocessing=_mean(104, 117, 123),
    bgr=True,
)

NIN = Dialect(
    "Network in Network of Caffe's model zoo",
    r"^cccp7-1024",
    ((r"-1024\.", "."),),
    (("nin_imagenet", {}),),
    preprocessing=_mean(*ILSVRC12),
    bgr=True,
)


def _block(found: Found, layers: Sequence[str]) -> str:
    """`res4b12` and `res4c` are the thirteenth and third block of conv4_x: a, b1, b2 ... or a, b, c ..."""
    place = int(found[3]) + 1 if found[3] else "abcdef".index(found[2]) + 1
    return f"conv{found[1]}_{place}."


RESNET = Dialect(
    "ResNet as its authors' Caffe models call it",
    r"^res5a_branch2a",
    (
        (r"^(?:bn|scale)_conv1\.", "bn1."),
        (r"^(?:bn|scale)(\d\w+?)_branch1\.", r"res\1_branch1.bn."),
        (r"^(res\d\w+?)_branch1\.(?!bn\.)", r"\1_branch1.conv."),
        (r"^(?:bn|scale)(\d\w+?)_branch2([abc])\.", r"res\1_branch2\2.bn."),
        (r"_branch1\.(conv|bn)\.", r".shortcut.\1."),
        *((rf"_branch2{letter}\.bn\.", f".bn{place}.") for place, letter in enumerate("abc", 1)),
        *((rf"_branch2{letter}\.", f".conv{place}.") for place, letter in enumerate("abc", 1)),
        (r"^res(\d)([a-f])(\d*)\.", _block),
        (r"^fc1000\.", "fc."),
    ),
    tuple((f"resnet{depth}", {"pool1": "ceil"}) for depth in (50, 101, 152)),
    preprocessing=_mean(*ILSVRC12),
    bgr=True,
)
