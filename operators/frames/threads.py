"""Threads of the libraries that draw and decode, for processes that share the cores among themselves."""


def use_one_thread() -> None:
    """Have OpenCV and torch compute in the calling thread alone; to be called first thing in a worker."""
    import cv2  # noqa: PLC0415 (only in the workers)
    import torch  # noqa: PLC0415

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
