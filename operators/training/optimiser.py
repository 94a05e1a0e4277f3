"""Optimiser, learning rate over time, and the clock of a stage."""

import math
import time
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from operators.training.settings import StageSettings

MAX_GRADIENT_NORM = 1.0


class Stage:
    """Steps of one stage: AdamW; the learning rate warms up, then falls to zero as the time runs out.

    Args:
        settings: Time and rates.
        modules: What is trained.
        rate_scales: Factor of the learning rate of each module; 1 if not given.
    """

    def __init__(
        self,
        settings: StageSettings,
        modules: Iterable[nn.Module],
        rate_scales: Iterable[float] | None = None,
    ) -> None:
        self.settings = settings
        self.steps = 0
        modules = list(modules)
        scales = [1.0] * len(modules) if rate_scales is None else list(rate_scales)
        groups = []
        for module, scale in zip(modules, scales, strict=True):
            parameters = [p for p in module.parameters() if p.requires_grad]
            matrices = [p for p in parameters if p.ndim > 1]
            vectors = [p for p in parameters if p.ndim <= 1]
            groups += [
                {"params": matrices, "weight_decay": settings.weight_decay, "scale": scale},
                {"params": vectors, "weight_decay": 0.0, "scale": scale},
            ]
        self._groups = [group for group in groups if group["params"]]
        self._parameters: list[Tensor] = [p for group in self._groups for p in group["params"]]  # type: ignore[attr-defined]
        fused = self._parameters[0].device.type == "cuda"
        self._optimiser = torch.optim.AdamW(self._groups, lr=0.0, betas=(0.9, 0.98), fused=fused)
        self._start_s = time.monotonic()

    @property
    def progress(self) -> float:
        """Share of the stage that is over, 0 to 1: of its time or of its steps, whichever is further."""
        share = (time.monotonic() - self._start_s) / self.settings.time_s
        if self.settings.max_steps is not None:
            share = max(share, self.steps / self.settings.max_steps)
        return min(1.0, share)

    @property
    def is_over(self) -> bool:
        """No more steps are to be made."""
        return self.progress >= 1.0

    @property
    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine over the stage's time."""
        warm = min(1.0, (self.steps + 1) / self.settings.warmup_steps)
        return self.settings.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * self.progress))

    def step(self, loss: Tensor) -> None:
        """Back-propagate the loss and change the weights once."""
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate * group["scale"]
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._parameters, MAX_GRADIENT_NORM)
        self._optimiser.step()
        self.steps += 1
