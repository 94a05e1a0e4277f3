"""Frames to frame tokens, against the pooling written out by hand."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from operators.checkpoints.config import VisionConfig
from operators.encoder.frame_encoder import FrameEncoder
from operators.encoder.frame_tokens import frame_tokens, normalise
from operators.errors import CheckpointError, OperatorError
from tests.support.tiny_model import write_tiny_model


class FakeTower(nn.Module):
    """Patches that are known: patch (row, column) is [row, column, mean of its first channel]."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, pixel_values: Tensor) -> SimpleNamespace:
        batch, _, height, width = pixel_values.shape
        assert height == width == 12
        red = pixel_values[:, 0].unflatten(1, (self.side, -1)).unflatten(3, (self.side, -1)).mean((2, 4))
        rows, columns = torch.meshgrid(torch.arange(self.side), torch.arange(self.side), indexing="ij")
        place = torch.stack((rows, columns), -1).expand(batch, -1, -1, -1)
        patches = torch.cat((place, red[..., None]), dim=-1) * self.scale
        return SimpleNamespace(last_hidden_state=patches.flatten(1, 2), pooler_output=-patches.mean((1, 2)))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def encoder(original: Path) -> FrameEncoder:
    return FrameEncoder.load(original, "cpu")


def frames(batch: int, size: int = 48, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8, generator=generator)


def test_tokens_are_the_pooled_one_then_the_grid_row_by_row() -> None:
    encoder = FrameEncoder(FakeTower(6), VisionConfig(image_size=12, hidden_size=3))
    images = frames(2, 12)
    tokens = encoder.encode(images)
    assert tokens.shape == (2, 10, 3)
    assert tokens.dtype == torch.float32
    red = (images[..., 0].float() / 255 - 0.5) / 0.5
    expected = red.unflatten(1, (3, 4)).unflatten(3, (3, 4)).mean((2, 4)).flatten(1)
    torch.testing.assert_close(tokens[:, 1:, 2], expected)
    torch.testing.assert_close(tokens[0, 1:, 0], torch.tensor([0.5, 2.5, 4.5]).repeat_interleave(3))
    torch.testing.assert_close(tokens[0, 1:, 1], torch.tensor([0.5, 2.5, 4.5]).repeat(3))
    torch.testing.assert_close(tokens[:, 0, 2], -red.mean((1, 2)))


def test_grids_that_do_not_divide_the_patches_and_no_pooled_token() -> None:
    vision = VisionConfig(image_size=12, hidden_size=3, pooled_grid=(2, 3), pooled_token=False)
    assert FrameEncoder(FakeTower(4), vision).encode(frames(1, 12)).shape == (1, 6, 3)


def test_frame_tokens_are_differentiable() -> None:
    tower = FakeTower(6)
    tokens = frame_tokens(tower, normalise(frames(2, 12), torch.float32), VisionConfig(12, 3))
    tokens.sum().backward()
    assert tower.scale.grad is not None
    assert tower.scale.grad != 0


def test_the_real_tower_equals_transformers_own_loading(original: Path, encoder: FrameEncoder) -> None:
    from transformers import SiglipVisionModel

    tower = SiglipVisionModel.from_pretrained(original / "vision", dtype=torch.float32).eval()
    images = frames(3)
    with torch.inference_mode():
        output = tower(pixel_values=(images.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5)
    tokens = encoder.encode(images)
    torch.testing.assert_close(tokens[:, 0], output.pooler_output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(tokens[:, 1:], output.last_hidden_state, atol=1e-5, rtol=1e-5)  # 3 x 3 patches


def test_batch_mates_do_not_matter(encoder: FrameEncoder) -> None:
    images = frames(5)
    together = encoder.encode(images)
    alone = torch.cat([encoder.encode(image[None]) for image in images])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert encoder.image_size == 48
    assert (together[0] - together[1]).abs().max() > 0.1


def test_bfloat16_still_gives_float32(original: Path, encoder: FrameEncoder) -> None:
    tokens = FrameEncoder.load(original, "cpu", "bfloat16").encode(frames(2))
    assert tokens.dtype == torch.float32
    assert (tokens - encoder.encode(frames(2))).abs().mean() < 0.1


@pytest.mark.parametrize(
    "bad",
    [
        torch.zeros(2, 48, 48, 3),
        torch.zeros(48, 48, 3, dtype=torch.uint8),
        torch.zeros(2, 3, 48, 48, dtype=torch.uint8),
        torch.zeros(2, 47, 48, 3, dtype=torch.uint8),
        torch.zeros(0, 48, 48, 3, dtype=torch.uint8),
    ],
)
def test_wrong_frames_are_refused(encoder: FrameEncoder, bad: Tensor) -> None:
    with pytest.raises(OperatorError, match=r"must be uint8 \[B, 48, 48, 3\] with B >= 1, got torch"):
        encoder.encode(bad)


def test_folders_of_older_transformers_and_wrong_ones(
    original: Path, encoder: FrameEncoder, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    weights = folder / "vision/model.safetensors"
    tensors = load_file(weights)
    save_file({f"vision_model.{name}": tensor for name, tensor in tensors.items()}, weights)
    torch.testing.assert_close(FrameEncoder.load(folder, "cpu").encode(frames(1)), encoder.encode(frames(1)))

    probe = tensors.pop("head.probe")
    save_file(tensors, weights)
    with pytest.raises(CheckpointError, match=r"tensor 'head.probe' \[1, 1, 32\] is missing"):
        FrameEncoder.load(folder, "cpu")
    save_file({**tensors, "head.probe": probe[..., :5].clone()}, weights)
    with pytest.raises(
        CheckpointError, match=r"'head.probe' is \[1, 1, 5\], but config.json asks for \[1, 1, 32\]"
    ):
        FrameEncoder.load(folder, "cpu")

    config = json.loads((folder / "vision/config.json").read_text())
    for key, value, message in (
        ("image_size", 64, "image_size is 64, but config.json says vision.image_size 48"),
        ("hidden_size", 64, "hidden_size is 64, but"),
        ("model_type", "clip_vision_model", "model_type is 'clip_vision_model', but only"),
    ):
        (folder / "vision/config.json").write_text(json.dumps({**config, key: value}))
        with pytest.raises(CheckpointError, match=message):
            FrameEncoder.load(folder, "cpu")


def test_without_a_grid_a_frame_is_its_pooled_token_alone():
    from operators.encoder.frame_tokens import frame_tokens

    class Tower(torch.nn.Module):
        def forward(self, pixel_values):
            class Output:
                last_hidden_state = torch.randn(len(pixel_values), 9, 4)
                pooler_output = torch.arange(8.0).view(2, 4)

            return Output

    vision = VisionConfig(image_size=48, hidden_size=4, pooled_grid=(0, 0))
    assert vision.num_frame_tokens == 1
    tokens = frame_tokens(Tower(), torch.zeros(2, 3, 48, 48), vision)
    assert torch.equal(tokens, torch.arange(8.0).view(2, 1, 4))
