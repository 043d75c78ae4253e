"""Inception v3 as torchvision calls it, v4 and Inception-ResNet v2 as timm does: branches by number and size."""

from collections.abc import Callable, Sequence

from lit_cnns.weights.dialects.dialect import Dialect, Found, Rule

PREPROCESSING = {"resize": 342, "crop": 299, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
STEM = {"1a": "1", "2a": "2", "2b": "3", "3b": "4", "4a": "5", "7b": "_final"}  # TensorFlow's scopes


def _stem(found: Found, layers: Sequence[str]) -> str:
    return f"{found[2]}{STEM[found[1]]}."


# of v3: their branches and their steps, and ours; a name of 7b and 7c that others have too stands first
V3 = {
    r"(?<=_7[bc]\.)branch3x3dbl_2": "d3",
    "branch1x1": "b1",
    "branch5x5_1": "b5_reduce",
    "branch5x5_2": "b5",
    "branch3x3dbl_1": "d3_reduce",
    "branch3x3dbl_2": "d3_1",
    "branch3x3dbl_3": "d3_2",
    "branch3x3dbl_3a": "d3_a",
    "branch3x3dbl_3b": "d3_b",
    "branch7x7_1": "b7_reduce",
    "branch7x7_2": "b7_1",
    "branch7x7_3": "b7_2",
    "branch7x7dbl_1": "d7_reduce",
    "branch7x7dbl_2": "d7_1",
    "branch7x7dbl_3": "d7_2",
    "branch7x7dbl_4": "d7_3",
    "branch7x7dbl_5": "d7_4",
    "branch7x7x3_1": "b7_reduce",
    "branch7x7x3_2": "b7_1",
    "branch7x7x3_3": "b7_2",
    "branch7x7x3_4": "b7_3",
    "branch3x3": "b3",
    "branch3x3_1": "b3_reduce",
    "branch3x3_2": "b3",
    "branch3x3_2a": "b3_a",
    "branch3x3_2b": "b3_b",
    "branch_pool": "pool_proj",
}

INCEPTION_V3 = Dialect(
    "Inception v3 as torchvision calls it",
    r"^Mixed_5b\.branch1x1\.",
    (
        (r"^Conv2d_(\w\w)_\dx\d\.(conv|bn)\.", _stem),
        *((rf"{theirs}(?=\.)", ours) for theirs, ours in V3.items()),
        (r"^Mixed_", "mixed_"),
        (r"^AuxLogits\.conv0\.(conv|bn)\.", r"aux.\g<1>1."),
        (r"^AuxLogits\.conv1\.(conv|bn)\.", r"aux.\g<1>2."),
        (r"^AuxLogits\.", "aux."),
    ),
    (("inception_v3", {"count_padding": True}),),
    preprocessing=PREPROCESSING,
)

DOUBLE = "d3_reduce d3_1 d3_2"
# of v4: our module, and what the steps of its branches 0, 1, 2, 3 are called here
V4 = {
    "inception_a": ("b1", "b3_reduce b3", DOUBLE, "pool pool_proj"),
    "reduction_a": ("b3", DOUBLE),
    "inception_b": ("b1", "b7_reduce b7_1 b7_2", "d7_reduce d7_1 d7_2 d7_3 d7_4", "pool pool_proj"),
    "reduction_b": ("b3_reduce b3", "b7_reduce b7_1 b7_2 b7_3"),
    "inception_c": ("b1", "b3_reduce b3_a b3_b", "d3_reduce d3_1 d3_2 d3_a d3_b", "pool pool_proj"),
}
V4_CHAIN = [
    *("stem.conv1", "stem.conv2", "stem.conv3", "stem.pool1", "stem.cat1", "stem.cat2"),
    *(f"inception_a_{place}" for place in range(1, 5)),
    "reduction_a",
    *(f"inception_b_{place}" for place in range(1, 8)),
    "reduction_b",
    *(f"inception_c_{place}" for place in range(1, 4)),
]
V4_STEM: tuple[Rule, ...] = (
    (r"^stem\.pool1\.conv\.", "stem.conv4."),
    (r"^stem\.cat2\.conv\.", "stem.conv5."),
    *(
        (rf"^stem\.cat1\.branch{branch}\.{step}\.", f"stem.{ours}.")
        for branch, steps in enumerate(("s1_reduce s1", "s2_reduce s2_1 s2_2 s2"))
        for step, ours in enumerate(steps.split())
    ),
)


def _branch(table: dict[str, tuple[str, ...]]) -> Callable[[Found, Sequence[str]], str]:
    """`branch2.1` or `branch2_1`, second step of the third branch; `branch1_1b` comes one step after `branch1_1a`."""

    def ours(found: Found, layers: Sequence[str]) -> str:
        steps = table[found[1]][int(found[3])].split()
        return f"{found[1]}{found[2] or ''}.{steps[int(found[4] or 0) + (found[5] == 'b')]}."

    return ours


BRANCH = r"^(\w+?)(_\d+)?\.branch(\d)(?:[._](\d)([ab]?))?\."

INCEPTION_V4 = Dialect(
    "Inception v4 as timm calls it",
    r"^features\.21\.branch2_3b\.",
    (
        (r"^features\.(\d+)", lambda found, layers: V4_CHAIN[int(found[1])]),
        *V4_STEM,
        (BRANCH, _branch(V4)),
        (r"^last_linear\.", "fc."),
    ),
    (("inception_v4", {}),),
    preprocessing=PREPROCESSING,
)

RESNET_V2 = {
    "mixed_5b": ("b1", "b5_reduce b5", DOUBLE, "pool pool_proj"),
    "block_a": ("b1", "b3_reduce b3", DOUBLE),
    "reduction_a": ("b3", DOUBLE),
    "block_b": ("b1", "b7_reduce b7_1 b7_2"),
    "reduction_b": ("b3_reduce b3", "c3_reduce c3", DOUBLE),
    "block_c": ("b1", "b3_reduce b3_1 b3_2"),
}


def _block(found: Found, layers: Sequence[str]) -> str:
    """`repeat`, `repeat_1` and `repeat_2` are our blocks a, b and c, counted from one."""
    return f"block_{'abc'[int(found[1] or 0)]}_{int(found[2]) + 1}."


INCEPTION_RESNET_V2 = Dialect(
    "Inception-ResNet v2 as timm calls it",
    r"^repeat_1\.0\.branch1\.",
    (
        (r"^conv2d_(\w\w)\.(conv|bn)\.", _stem),
        (r"^repeat(?:_(\d))?\.(\d+)\.", _block),
        (r"^block8\.", "block_c_10."),
        (r"^mixed_6a\.", "reduction_a."),
        (r"^mixed_7a\.", "reduction_b."),
        (BRANCH, _branch(RESNET_V2)),
        (r"\.conv2d\.", ".linear."),
        (r"^classif\.", "fc."),
    ),
    (("inception_resnet_v2", {}),),
    preprocessing=PREPROCESSING,
)
