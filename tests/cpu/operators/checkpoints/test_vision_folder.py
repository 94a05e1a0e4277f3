"""Vision towers in the forms that Hugging Face writes, beside a released model."""

from pathlib import Path
from typing import Any

import pytest
import torch

from operators.checkpoints.folder import model_hash
from operators.checkpoints.inspect import inspect_model
from operators.encoder.frame_encoder import FrameEncoder
from operators.errors import CheckpointError
from tests.support.released_model import TINY_MODEL, change_json, copy_released_model

SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
VISION = SIZES | {"image_size": 48, "patch_size": 16}
TEXT = SIZES | {"vocab_size": 50, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Both forms of one tower, the whole one in shards; the tower itself."""
    from transformers import SiglipConfig, SiglipModel, SiglipVisionModel

    path = tmp_path_factory.mktemp("towers")
    torch.manual_seed(0)
    both = SiglipModel(SiglipConfig(vision_config=VISION, text_config=TEXT)).eval()
    both.save_pretrained(path / "both", max_shard_size="100KB")
    alone = SiglipVisionModel(both.config.vision_config).eval()
    alone.load_state_dict(both.vision_model.state_dict())
    alone.save_pretrained(path / "alone")
    return {"both": path / "both", "alone": path / "alone", "tower": alone}


def with_tower(tmp_path: Path, tower: Path) -> Path:
    folder = copy_released_model(tmp_path / "model")
    (folder / "vision").symlink_to(tower)
    return folder


@pytest.mark.parametrize("form", ["both", "alone"])
def test_both_forms_give_the_same_tokens(towers: dict[str, Any], tmp_path: Path, form: str) -> None:
    folder = with_tower(tmp_path, towers[form])
    encoder = FrameEncoder.load(folder, "cpu")
    assert encoder.image_size == 48
    frames = torch.randint(0, 256, (2, 48, 48, 3), dtype=torch.uint8)
    expected = FrameEncoder(towers["tower"], encoder.vision).encode(frames)
    torch.testing.assert_close(encoder.encode(frames), expected)
    assert torch.equal(FrameEncoder.load(folder / "adapter", "cpu").encode(frames), encoder.encode(frames))


def test_the_tower_counts_for_hash_and_inspection(towers: dict[str, Any], tmp_path: Path) -> None:
    folder = with_tower(tmp_path, towers["both"])
    assert model_hash(folder) != model_hash(TINY_MODEL)
    part = inspect_model(folder).parts[0]
    assert (part.name, part.dtypes) == ("vision", ("float32",))
    assert part.num_parameters == sum(weight.numel() for weight in towers["tower"].parameters())


def test_a_resolution_that_differs_is_named(towers: dict[str, Any], tmp_path: Path) -> None:
    folder = with_tower(tmp_path, towers["alone"])
    change_json(folder / "flownar_config.json", frame_resolution=384)
    with pytest.raises(CheckpointError, match=r"image_size is 48, but .* 384"):
        FrameEncoder.load(folder, "cpu")


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    folder = with_tower(tmp_path, tmp_path / "empty")
    with pytest.raises(CheckpointError, match=r"vision/config.json is missing"):
        FrameEncoder.load(folder, "cpu")
