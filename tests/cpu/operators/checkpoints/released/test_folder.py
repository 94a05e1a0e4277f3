"""Released models: where the base is found, what is merged, and what is said about models that don't fit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from operators.checkpoints.folder import model_hash, read_config
from operators.checkpoints.load import load_model
from operators.checkpoints.source import open_source
from operators.encoder.frame_encoder import FrameEncoder
from operators.errors import CheckpointError, LayoutError
from tests.support.released_model import PREFIX, TINY_MODEL, change_json, change_tensors, copy_released_model

BASE_WEIGHTS = "base/model.safetensors"
ADAPTER_WEIGHTS = "adapter/adapter_model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_released_model(tmp_path / "model")


def test_merging_unties_the_head_and_leaves_the_embedding() -> None:
    source, model = open_source(TINY_MODEL), load_model(TINY_MODEL, "cpu")
    embedding = load_file(TINY_MODEL / BASE_WEIGHTS)["model.embed_tokens.weight"]
    assert source.language_config()["tie_word_embeddings"] is False
    assert torch.equal(model.decoder.embed_tokens.weight, embedding)
    assert not torch.equal(model.decoder.lm_head.weight, embedding)


def test_a_tied_head_without_an_update_stays_tied(folder: Path) -> None:
    change_tensors(folder / ADAPTER_WEIGHTS, lambda t: [t.pop(name) for name in list(t) if "lm_head" in name])
    model = load_model(folder, "cpu")
    assert model.decoder.lm_head.weight is model.decoder.embed_tokens.weight


def test_a_sharded_base_is_the_same_model(folder: Path) -> None:
    tensors = load_file(folder / BASE_WEIGHTS)
    names = sorted(tensors)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, held in shards.items():
        save_file({name: tensors[name] for name in held}, folder / "base" / file)
    weight_map = {name: file for file, held in shards.items() for name in held}
    (folder / "base/model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    (folder / BASE_WEIGHTS).unlink()
    sharded, single = load_model(folder, "cpu").decoder, load_model(TINY_MODEL, "cpu").decoder
    for (name, weight), expected in zip(sharded.named_parameters(), single.parameters(), strict=True):
        assert torch.equal(weight, expected), name
    assert model_hash(folder) != model_hash(TINY_MODEL)


@pytest.mark.parametrize("name", ["elsewhere", "../elsewhere", "absolute"])
def test_the_base_is_found_by_its_name(folder: Path, tmp_path: Path, name: str) -> None:
    target = {"elsewhere": folder, "../elsewhere": folder, "absolute": tmp_path}[name] / "elsewhere"
    (folder / "base").rename(target)
    change_json(
        folder / "adapter/adapter_config.json",
        base_model_name_or_path=str(target) if name == "absolute" else name,
    )
    assert load_model(folder, "cpu").config == load_model(TINY_MODEL, "cpu").config
    assert load_model(folder / "adapter", "cpu").model_hash == load_model(folder, "cpu").model_hash


def test_a_base_that_is_nowhere_is_asked_for(folder: Path) -> None:
    shutil.rmtree(folder / "base")
    change_json(folder / "adapter/adapter_config.json", base_model_name_or_path="meta-llama/Llama-3.2-1B")
    with pytest.raises(CheckpointError, match=r"'meta-llama/Llama-3.2-1B'.*Put or link .*model/base"):
        load_model(folder / "adapter", "cpu")


def test_without_recorded_settings_the_released_defaults_hold(folder: Path) -> None:
    (folder / "flownar_config.json").unlink()
    assert read_config(folder) == read_config(TINY_MODEL)


def test_positions_stay_below_what_the_base_was_made_for(folder: Path) -> None:
    change_json(folder / "base/config.json", max_position_embeddings=512)
    assert read_config(folder).limits.max_trained_position == 511


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("frame_token_interval_id", 12, r"frame_token_interval_id says.*',' is the token 12.*as \[11\]"),
        ("open_bracket_id", 1, r"'\[' is the token 1.*as \[58\]"),
        ("end_stream_id", 1, r"'\]\\n' is the token 1.*as \[933\]"),
        ("newline_id", 1, r"'\\n' is the token 1.*as \[198\]"),
        ("assistant_id", 72803, r"'Assistant' is the token 72803.*as \[271\]"),
        ("colon_id", 1, r"':' is the token 1.*as \[25\].*tokenizer that the model was trained with"),
        ("eos_token_id", 128009, "eos_token_id is 128009, but the tokenizer's ids end at 1099"),
        ("bos_token_id", 128000, "bos_token_id is 128000, but"),
    ],
)
def test_ids_that_the_tokenizer_contradicts_are_named(
    folder: Path, key: str, value: int, message: str
) -> None:
    change_json(folder / "flownar_config.json", **{key: value})
    with pytest.raises(LayoutError, match=rf"flownar_config.json: .*{message}"):
        load_model(folder, "cpu")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("num_m_tokens", 20, "num_m_tokens is 20, but the tensors and the other settings say 5"),
        ("vision_hidden_size", 1024, "vision_hidden_size is 1024, but"),
        ("learnable_memory_tgt", True, "learnable_memory_tgt is True, but"),
        ("clam_n_layers", 2, "clam_n_layers is 2, but"),
        ("frame_num_tokens", 9, "frame_num_tokens is 9, but the tensors and the other settings say 10"),
        ("enable_vision_memory", False, "models without the memory are not supported"),
        ("frame_fps", 0.0, "frame_fps is 0.0"),
        ("eos_id", 5, "unknown key 'eos_id'.*nearest known key is 'eos_token_id'"),
    ],
)
def test_settings_that_the_tensors_contradict_are_named(
    folder: Path, key: str, value: object, message: str
) -> None:
    change_json(folder / "flownar_config.json", **{key: value})
    with pytest.raises(CheckpointError, match=message):
        load_model(folder, "cpu")


def no_head(tensors: dict[str, Tensor]) -> None:
    """The adapter as if its head had been trained on another base."""
    tensors[f"{PREFIX}lm_head.base_layer.weight"] += 0.1


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (ADAPTER_WEIGHTS, no_head, "'.*lm_head.base_layer.weight' differs from.*trained on another base"),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.update({f"{PREFIX}lm_head.base_layer.weight": torch.zeros(1102, 64)}),
            r"'.*lm_head.base_layer.weight' is \[1102, 64\], but base and rank ask for \[1100, 64\]",
        ),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.update({f"{PREFIX}lm_head.lora_A.weight": torch.zeros(4, 64)}),
            r"'.*lm_head.lora_A.weight' is \[4, 64\], but base and rank ask for \[8, 64\]",
        ),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.update(
                {f"{PREFIX}model.layers.3.mlp.up_proj.lora_{half}.weight": torch.zeros(8, 8) for half in "AB"}
            ),
            r"'.*layers.3.mlp.up_proj.lora_A.weight' changes 'model.layers.3.mlp.up_proj': the base has",
        ),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.update({f"{PREFIX}model.layers.3.norm.weight": torch.zeros(8)}),
            r"unexpected tensor '.*layers.3.norm.weight': the base has no 'model.layers.3.norm.weight'",
        ),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.pop(f"{PREFIX}clustering.layers.0.norm1.bias"),
            r"tensor 'clustering.layers.0.norm1.bias' \[64\] is missing",
        ),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.update({f"{PREFIX}connector.2.weight": torch.zeros(64, 32)}),
            r"tensor 'connector.2.weight' is \[64, 32\], but config.json asks for \[64, 64\]",
        ),
        (
            ADAPTER_WEIGHTS,
            lambda t: t.pop(f"{PREFIX}connector.0.weight"),
            "'connector.0.weight' must have two dimensions, but it is missing",
        ),
        (BASE_WEIGHTS, lambda t: t.pop("model.norm.weight"), r"'model.norm.weight' \[64\] is missing"),
        (BASE_WEIGHTS, lambda t: t.update(extra=torch.zeros(2)), r"unexpected tensor 'extra' \[2\]"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    folder: Path, file: str, change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    change_tensors(folder / file, change)
    with pytest.raises(CheckpointError, match=message):
        load_model(folder, "cpu")


def test_copies_in_another_precision_are_equal(folder: Path) -> None:
    name = f"{PREFIX}lm_head.base_layer.weight"
    change_tensors(folder / ADAPTER_WEIGHTS, lambda t: t.update({name: t[name].bfloat16()}))
    load_model(folder, "cpu")


def test_rotary_tables_of_old_bases_are_passed_over(folder: Path) -> None:
    table = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.zeros(8)}
    change_tensors(folder / BASE_WEIGHTS, lambda t: t.update(table))
    load_model(folder, "cpu")


def test_another_architecture_is_named(folder: Path) -> None:
    change_json(folder / "base/config.json", model_type="mamba")
    with pytest.raises(CheckpointError, match="model_type = 'mamba' is not supported"):
        load_model(folder, "cpu")


def test_a_tokenizer_of_a_larger_vocabulary_is_named(folder: Path) -> None:
    change_json(folder / "base/config.json", vocab_size=1000)
    change_tensors(
        folder / BASE_WEIGHTS,
        lambda t: t.update({"model.embed_tokens.weight": t["model.embed_tokens.weight"][:1000]}),
    )
    with pytest.raises(LayoutError, match=r"system prompt with the token 1098, but .* has 1000 rows"):
        load_model(folder, "cpu")


@pytest.mark.parametrize("name", ["base/config.json", "base/tokenizer.json", "base/model.safetensors"])
def test_missing_files_of_the_base_are_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=rf"{name} is missing"):
        load_model(folder, "cpu")


def test_a_base_alone_is_no_model() -> None:
    with pytest.raises(CheckpointError, match=r"'llama' model alone.*holds .*base/ and adapter/"):
        load_model(TINY_MODEL / "base", "cpu")


def test_a_pickled_base_is_refused(folder: Path) -> None:
    (folder / BASE_WEIGHTS).rename(folder / "base/pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"only as a pickle: pytorch_model.bin"):
        load_model(folder, "cpu")


def test_the_tower_is_asked_for_only_where_frames_are_encoded(folder: Path) -> None:
    load_model(folder, "cpu")
    with pytest.raises(CheckpointError, match=r"has no folder vision/.*google/siglip-large-patch16-384"):
        FrameEncoder.load(folder, "cpu")


@pytest.mark.parametrize(
    "name",
    [
        "base/config.json",
        "base/tokenizer.json",
        "base/model.safetensors",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "flownar_config.json",
    ],
)
def test_the_hash_changes_with_every_file(folder: Path, name: str) -> None:
    assert model_hash(folder) == model_hash(TINY_MODEL)
    if name.endswith(".safetensors"):
        change_tensors(folder / name, lambda t: next(iter(t.values())).view(-1)[:1].add_(1))
    else:
        (folder / name).write_text((folder / name).read_text() + " ")
    assert model_hash(folder) != model_hash(TINY_MODEL)


def test_frames_of_one_pooled_token_alone_are_a_layout_too(folder: Path) -> None:
    settings = json.loads((folder / "flownar_config.json").read_text())
    settings |= {"frame_token_pooled": None, "frame_num_tokens": 1}
    (folder / "flownar_config.json").write_text(json.dumps(settings))
    vision = read_config(folder).vision
    assert (vision.pooled_grid, vision.num_frame_tokens) == ((0, 0), 1)
