"""In how many bits to calculate, and on what: 16 where the processor is made for it, else 32."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch

FIRST_SCALE = 2.0**14  # of a 16-bit loss, so that small gradients are not lost


@dataclass
class Precision:
    """How a model's arithmetic is done. Weights and optimiser are always kept in 32 bits.

    Attributes:
        device: cpu or cuda.
        dtype: what matrix products are calculated in; None for 32 bits.
        scale: the first scale of a 16-bit loss.
        scaler: scales the loss; the scale halves when gradients overflow, and grows again. Does nothing elsewhere.
    """

    device: str = "cpu"
    dtype: torch.dtype | None = None
    scale: float = FIRST_SCALE
    scaler: torch.amp.GradScaler = field(init=False)

    def __post_init__(self) -> None:
        self.scaler = torch.amp.GradScaler(self.device, self.scale, enabled=self.dtype == torch.float16)

    def autocast(self) -> AbstractContextManager[None]:
        """Inside, matrix products and convolutions are done in `dtype`."""
        return torch.autocast(self.device, self.dtype or torch.bfloat16, enabled=self.dtype is not None)


def choose(wanted: str = "auto") -> Precision:
    """The precision for a TrainConfig's word, on the fastest device here."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "auto":
        wanted = _fastest(device)
    return Precision(device, {"32": None, "bf16": torch.bfloat16, "16": torch.float16}[wanted])


def _fastest(device: str) -> str:
    """bfloat16 needs a processor made for it: elsewhere it is emulated, and slower than 32 bits."""
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "16"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "32"
