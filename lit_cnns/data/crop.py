"""How a large training picture becomes a square."""

import math
from dataclasses import dataclass

from torch import Tensor

from lit_cnns.data.pictures import resize_shorter, resize_to

TRIES = 10  # patches of random area and shape that are tried before the largest allowed one is taken
NUMBERS = 2 + 2 * TRIES  # random numbers a picture's crop takes


@dataclass(frozen=True)
class TrainingCrop:
    """How a large training picture becomes a square, before the device's augmentation.

    Args:
        kind: "random_resized" (a patch of random area and shape, scaled) or "shorter_side" (scaled, then a random
            window). A "central_square" is cut as in evaluation, and the device takes the windows.
        side: of the square.
        resize: smallest and largest length the shorter side is scaled to.
        scale: smallest and largest share of the area, for random_resized.
        ratio: smallest and largest width / height, for random_resized.
    """

    kind: str
    side: int
    resize: tuple[int, int]
    scale: tuple[float, float]
    ratio: tuple[float, float]

    def __call__(self, image: Tensor, interpolation: str, u: list[float]) -> Tensor:
        if self.kind == "random_resized":
            top, left, height, width = self.patch(image.shape[1], image.shape[2], u)
            image = image[:, top : top + height, left : left + width]
            return resize_to(image, (self.side, self.side), interpolation)
        image = resize_shorter(image, self._shorter(u), interpolation)
        top, left = self._corner(image.shape[1], image.shape[2], u)
        return image[:, top : top + self.side, left : left + self.side]

    def window(self, height: int, width: int, u: list[float]) -> tuple[float, float, float, float]:
        """(top, left, height, width) of what the square shows of a picture, in the picture's pixels."""
        if self.kind == "random_resized":
            return self.patch(height, width, u)
        short, side = min(height, width), self._shorter(u)
        tall, wide = side * height // short, side * width // short
        top, left = self._corner(tall, wide, u)
        down, across = height / tall, width / wide
        return top * down, left * across, self.side * down, self.side * across

    def _corner(self, height: int, width: int, u: list[float]) -> tuple[int, int]:
        return int(u[1] * (height - self.side + 1)), int(u[2] * (width - self.side + 1))

    def shrink(self, height: int, width: int, u: list[float]) -> float:
        """How many times larger than what the network gets the part of a picture is that `u` chooses."""
        if self.kind == "random_resized":
            _, _, height, width = self.patch(height, width, u)
            return min(height, width) / self.side
        return min(height, width) / self._shorter(u)

    def _shorter(self, u: list[float]) -> int:
        low, high = self.resize
        return low + int(u[0] * (high - low + 1))

    def patch(self, height: int, width: int, u: list[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width): area evenly in `scale`, shape log-evenly in `ratio`; the first that fits."""
        low, high = (math.log(value) for value in self.ratio)
        for attempt in range(TRIES):
            area = height * width * (self.scale[0] + u[2 + 2 * attempt] * (self.scale[1] - self.scale[0]))
            shape = math.exp(low + u[3 + 2 * attempt] * (high - low))
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if 0 < w <= width and 0 < h <= height:
                return int(u[0] * (height - h + 1)), int(u[1] * (width - w + 1)), h, w
        w = max(1, min(width, round(height * self.ratio[1])))
        h = max(1, min(height, round(width / self.ratio[0])))
        return (height - h) // 2, (width - w) // 2, h, w
