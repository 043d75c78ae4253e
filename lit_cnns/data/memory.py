"""Pictures in memory: one uint8 tensor, fetched a batch at a time."""

import torch
from torch import Tensor

from lit_cnns.data.sampling import Batch
from lit_cnns.data.sending import sent


class TensorSet:
    """Pictures uint8 (N, C, H, W) and labels (N,); `names` says where each came from."""

    def __init__(self, images: Tensor, labels: Tensor, names: list[str] | None = None) -> None:
        self.images, self.labels, self.names = images, labels, names

    def __len__(self) -> int:
        return len(self.images)

    def __getitems__(self, request: tuple[int, Tensor]) -> Batch:
        indices = sent(request[1], self.images.device, torch.int64)
        return self.images[indices], self.labels[indices], indices

    def whole(self, indices: Tensor) -> tuple[list[Tensor], Tensor]:
        """Pictures one by one, and their labels."""
        return list(self.images[indices]), self.labels[indices]

    def blank(self) -> Tensor:
        """A black picture of this set's shape."""
        return torch.zeros_like(self.images[0]) if len(self) else torch.zeros(self.images.shape[1:], dtype=torch.uint8)

    def name(self, index: int) -> str:
        """Where a picture came from, or its number."""
        return self.names[index] if self.names else str(index)

    @property
    def size(self) -> int:
        """Bytes of all pictures."""
        return self.images.numel()

    def to(self, device: torch.device | str) -> "TensorSet":
        """The same set on a device, where its batches are then gathered."""
        return TensorSet(self.images.to(device), self.labels.to(device), self.names)

    def subset(self, indices: Tensor) -> "TensorSet":
        """Some of the pictures, renumbered."""
        names = [self.names[i] for i in indices.tolist()] if self.names else None
        return TensorSet(self.images[indices], self.labels[indices], names)
