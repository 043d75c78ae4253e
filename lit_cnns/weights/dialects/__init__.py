"""How others call our layers. Foreign names stand in this folder and nowhere else."""

from lit_cnns.weights.dialects import caffe, inception, resnet, vgg
from lit_cnns.weights.dialects.dialect import Dialect, Network

__all__ = ["DIALECTS", "OTHERS", "Dialect", "Network"]

DIALECTS: tuple[Dialect, ...] = (
    vgg.VGG,
    vgg.ALEXNET_OWT,
    resnet.RESNET,
    resnet.RESNET_CIFAR,
    inception.INCEPTION_V3,
    inception.INCEPTION_V4,
    inception.INCEPTION_RESNET_V2,
    caffe.ALEXNET,
    caffe.CAFFENET,
    caffe.VGG,
    caffe.GOOGLENET,
    caffe.NIN,
    caffe.RESNET,
)

# what can be taken for one of ours and is another network: a pattern of its names, and what to do
OTHERS = {
    r"^inception3a\.branch1\.conv\.": (
        "these are the names of torchvision's googlenet, which has batch norm and 3x3 for the paper's 5x5: take the "
        "guest, torchvision/googlenet"
    ),
    r"^(?:stages\.\d+|blocks\.\d+|stem)\.": (
        "these are the names of timm's later families, none of the lineage: take the guest, timm/<its name>"
    ),
}
