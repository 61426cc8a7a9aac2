"""In how many bits to calculate, and on what: 16 where the processor is made for it, else 32."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

FIRST_SCALE = 2.0**14  # of a 16-bit loss, so that small gradients are not lost; halves when large ones overflow


@dataclass
class Precision:
    """How a model's arithmetic is done. Weights and optimiser are always kept in 32 bits.

    Attributes:
        device: cpu or cuda.
        dtype: what matrix products are calculated in; None for 32 bits.
        scale: what the loss is multiplied with before its gradients are taken.
    """

    device: str = "cpu"
    dtype: torch.dtype | None = None
    scale: float = 1.0

    def autocast(self) -> AbstractContextManager[None]:
        """Inside, matrix products and convolutions are done in `dtype`."""
        return torch.autocast(self.device, self.dtype or torch.bfloat16, enabled=self.dtype is not None)

    @torch.no_grad()
    def unscaled(self, gradients: list[torch.Tensor]) -> bool:
        """Take the scale out of the gradients; False, and a smaller scale for the next time, where they overflowed."""
        if self.dtype != torch.float16:
            return True
        if not all(bool(gradient.isfinite().all()) for gradient in gradients):
            self.scale = max(self.scale / 2, 1.0)
            return False
        for gradient in gradients:
            gradient /= self.scale
        return True


def choose(wanted: str = "auto") -> Precision:
    """The precision for a TrainConfig's word, on the fastest device here."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "auto":
        wanted = _fastest(device)
    dtype = {"32": None, "bf16": torch.bfloat16, "16": torch.float16}[wanted]
    return Precision(device, dtype, FIRST_SCALE if dtype == torch.float16 else 1.0)


def _fastest(device: str) -> str:
    """bfloat16 needs a processor made for it: elsewhere it is emulated, and slower than 32 bits."""
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "16"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "32"
