"""Language models as GGUF: a real one against transformers, tiny ones against the folder they came from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from operators.checkpoints.folder import model_hash
from operators.checkpoints.inspect import inspect_model
from operators.checkpoints.language.gguf_folder import GgufFolder, open_language
from operators.checkpoints.load import load_model
from operators.errors import CheckpointError
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.rope import RotaryTable
from tests.support.gguf_model import smollm2, write_gguf
from tests.support.released_model import TINY_MODEL, change_json, change_tensors, copy_released_model
from tests.support.tiny_model import write_tiny_model


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The recorded model with its base as GGUF beside config.json and tokenizer.json."""
    folder = copy_released_model(tmp_path / "model")
    write_gguf(folder / "base", folder / "base/base.gguf")
    (folder / "base/model.safetensors").unlink()
    return folder


def decoder_logits(decoder: Decoder, token_ids: list[int]) -> Tensor:
    """[T, vocabulary] of a text, causal."""
    config, length = decoder.config, len(token_ids)
    rotary = RotaryTable(config.rope, config.head_dim, length, torch.device("cpu"))
    visible = torch.ones(length, length, dtype=torch.bool).tril()
    with torch.inference_mode():
        embedded = decoder.embed(torch.tensor(token_ids))
        return decoder.logits(decoder(embedded, MaskedAttention(torch.arange(length), visible, rotary)))


def test_a_real_model_gives_the_logits_of_transformers() -> None:
    from transformers import AutoConfig, LlamaForCausalLM
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

    path = smollm2()
    folder = open_language(path.parent)
    assert isinstance(folder, GgufFolder)
    tokenizer = folder.tokenizer()
    token_ids = tokenizer.encode("The capital of France is").ids
    decoder = Decoder.from_state_dict(folder.config(), dict(folder.tensors())).eval()
    logits = decoder_logits(decoder, token_ids)

    theirs = LlamaForCausalLM(AutoConfig.from_pretrained(path.parent, gguf_file=path.name)).eval()
    weights = load_gguf_checkpoint(str(path), return_tensors=True, model_to_load=theirs)["tensors"]
    theirs.load_state_dict(weights, strict=False)
    theirs.tie_weights()
    with torch.inference_mode():
        expected = theirs(torch.tensor([token_ids])).logits[0]
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=0)
    assert tokenizer.decode([int(logits[-1].argmax())]) == " Paris"


def test_a_base_in_gguf_is_the_same_model(released: Path) -> None:
    loaded, expected = load_model(released, "cpu").decoder, load_model(TINY_MODEL, "cpu").decoder
    for (name, weight), other in zip(loaded.named_parameters(), expected.parameters(), strict=True):
        assert torch.equal(weight, other), name
    assert loaded.config == expected.config
    assert model_hash(released) != model_hash(TINY_MODEL)
    assert inspect_model(released).parts[0].dtypes == ("F32",)


def test_a_base_of_few_bits_keeps_the_adapters_exact_head(released: Path) -> None:
    shutil.copy(TINY_MODEL / "base/model.safetensors", released / "base")
    write_gguf(released / "base", released / "base/base.gguf", bits=8)
    (released / "base/model.safetensors").unlink()
    loaded, exact = load_model(released, "cpu").decoder, load_model(TINY_MODEL, "cpu").decoder
    assert torch.equal(loaded.lm_head.weight, exact.lm_head.weight)
    embedding, expected = loaded.embed_tokens.weight, exact.embed_tokens.weight
    assert not torch.equal(embedding, expected)
    torch.testing.assert_close(embedding, expected, atol=0.02 * float(expected.detach().abs().max()), rtol=0)


def test_a_base_of_another_model_is_told_from_rounding(released: Path) -> None:
    change_tensors(
        released / "adapter/adapter_model.safetensors",
        lambda t: t["base_model.model.lm_head.base_layer.weight"].mul_(-1),
    )
    with pytest.raises(CheckpointError, match="trained on another base"):
        load_model(released, "cpu")


def test_a_merged_folder_may_hold_gguf(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    expected = load_model(folder, "cpu").decoder
    weights = folder / "language/model.safetensors"
    change_tensors(weights, lambda t: t.update({name: tensor.float() for name, tensor in t.items()}))
    write_gguf(folder / "language", folder / "language/model.gguf")
    for name in ("model.safetensors", "config.json"):
        (folder / "language" / name).unlink()
    loaded = load_model(folder, "cpu").decoder
    for (name, weight), other in zip(loaded.named_parameters(), expected.parameters(), strict=True):
        assert torch.equal(weight, other), name


def test_scaled_positions_need_the_original_config(released: Path) -> None:
    config = (released / "base/config.json").read_text()
    shutil.copy(TINY_MODEL / "base/model.safetensors", released / "base")
    write_gguf(released / "base", released / "base/base.gguf", rope_freqs=True)
    (released / "base/model.safetensors").unlink()
    load_model(released, "cpu")
    (released / "base/config.json").unlink()
    with pytest.raises(CheckpointError, match=r"scales its rotary positions.*Put the config.json"):
        load_model(released, "cpu")
    (released / "base/config.json").write_text(config)
    load_model(released, "cpu")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "mamba"}, "general.architecture = 'mamba' is not supported"),
        ({"rope__scaling__type": "yarn"}, "scales its rotary positions"),
    ],
)
def test_other_models_are_named(tmp_path: Path, fields: dict[str, str], message: str) -> None:
    write_gguf(TINY_MODEL / "base", tmp_path / "other.gguf", **fields)
    with pytest.raises(CheckpointError, match=message):
        open_language(tmp_path).config()


@pytest.mark.parametrize("cut", [lambda data: b"", lambda data: b"not GGUF at all", lambda data: data[:5000]])
def test_broken_files_are_named(released: Path, cut: Callable[[bytes], bytes]) -> None:
    file = released / "base/base.gguf"
    file.write_bytes(cut(file.read_bytes()))
    with pytest.raises(CheckpointError, match=r"base.gguf is no readable GGUF file"):
        load_model(released, "cpu")


def test_a_file_that_does_not_fit_its_config_is_named(released: Path) -> None:
    change_json(released / "base/config.json", num_hidden_layers=4)
    with pytest.raises(CheckpointError, match=r"base.gguf: tensor 'model.layers.3.* is missing"):
        load_model(released, "cpu")


def test_several_files_are_one_too_many(released: Path) -> None:
    shutil.copy(released / "base/base.gguf", released / "base/base-2.gguf")
    with pytest.raises(CheckpointError, match=r"several GGUF files: base-2.gguf, base.gguf"):
        load_model(released, "cpu")


def test_a_tokenizer_that_can_not_be_made_is_named(released: Path) -> None:
    (released / "base/tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer can't be read.*Put the tokenizer.json"):
        load_model(released, "cpu")
