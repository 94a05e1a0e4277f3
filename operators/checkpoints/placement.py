"""Where a model runs and in which precision: `auto` made definite."""

import torch

from operators.errors import OperatorError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def resolve_device(device: str | torch.device) -> torch.device:
    """A torch device; `auto` is CUDA if there is a GPU, else the CPU.

    Raises:
        OperatorError: The name is unknown, or the GPU is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise OperatorError(f"unknown device {device!r}.", action="Use auto, cpu, cuda or cuda:N.") from error
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        raise OperatorError(
            f"device {device} was asked for, but {torch.cuda.device_count()} GPUs are visible.",
            action="Set the device to auto or cpu, or check nvidia-smi and CUDA_VISIBLE_DEVICES.",
        )
    return resolved


def resolve_dtype(dtype: str | torch.dtype, device: torch.device) -> torch.dtype:
    """A torch dtype; `auto` is bfloat16 on CUDA and float32 elsewhere.

    Raises:
        OperatorError: The name is unknown.
    """
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if dtype not in DTYPES:
        raise OperatorError(f"unknown dtype {dtype!r}.", action=f"Use auto, {', '.join(DTYPES)}.")
    return DTYPES[dtype]
