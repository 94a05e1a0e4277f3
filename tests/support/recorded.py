"""The folder of recorded numbers, and a small one with the files that tell most."""

import shutil
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"

TELLING = (
    "clam/clam_d32*",
    "clam/clam_d64_h4*",
    "mask/mask_vision_0*",
    "mask/mask_vision_memory_lastk2_1*",
    "stream/video_00.npz",
    "stream/video_01.npz",
    "stream/memory_video_00.npz",
    "stream/run_video_00_base_two.json",
    "stream/run_video_00_vision_memory_single070.json",
    "stream/run_video_00_last_k2_two.json",
    "stream/quirk_cap5_video_01_last_k2.json",
    "teacher/tf_0_*",
    "teacher/tf_5_*",
)


def write_small_folder(folder: Path) -> Path:
    """Copy the model and a few files of every part but the scores."""
    for pattern in TELLING:
        for source in GOLDEN.glob(pattern):
            target = folder / source.relative_to(GOLDEN)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    shutil.copytree(GOLDEN / "tiny_model", folder / "tiny_model")
    return folder
