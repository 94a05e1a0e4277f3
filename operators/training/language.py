"""Last stage: decoder, connector and memory together learn to skip, to speak and to write."""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask

from operators.narrator.connector import Connector
from operators.narrator.sequences.sequence import NO_LABEL
from operators.training.attention import attend, dense_mask, sparse_mask
from operators.training.memory import MemoryTrainer
from operators.training.optimiser import Stage
from operators.training.settings import ModelSizes, StageSettings
from operators.training.video_bank import PlanBatch, VideoBank

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

log = logging.getLogger(__name__)
LOG_EVERY = 100
ATTENTION = "flownar"
"""Name under which `attend` is known to transformers."""


@dataclass(frozen=True, slots=True)
class LanguageLosses:
    """Losses of one batch.

    Attributes:
        decision: Mean cross-entropy of skipping or speaking.
        text: Mean cross-entropy of the narrations' tokens.
        memory: The memory's own loss.
    """

    decision: Tensor
    text: Tensor
    memory: Tensor


class LanguageTrainer(nn.Module):
    """Decoder, connector and memory.

    Args:
        sizes: Sizes of the decoder.
        vocab_size: Size of the tokenizer's vocabulary.
        memory: The memory, trained by itself before, and its heads.
        speak_or_skip: Ids of the first token of `close` and of the separator.
    """

    def __init__(
        self, sizes: ModelSizes, vocab_size: int, memory: MemoryTrainer, speak_or_skip: tuple[int, int]
    ) -> None:
        super().__init__()
        self.decoder = new_decoder(sizes, vocab_size)
        self.connector = Connector(sizes.width, sizes.width)
        self.memory = memory
        self.speak_or_skip = speak_or_skip

    def losses(self, batch: PlanBatch) -> LanguageLosses:
        """Losses of packed sequences, under bfloat16 autocast on a GPU; the memory stays in float32."""
        features, on_gpu = batch.features, batch.features.is_cuda
        memory = self.memory.read(features, batch.read_frames)
        structure = batch.structure
        mask = sparse_mask(structure, batch.blocks) if on_gpu else dense_mask(structure)
        with torch.autocast(features.device.type, torch.bfloat16, enabled=on_gpu):
            embedded = self._embed(features, memory, batch.source)
            hidden = self._decode(embedded, structure[..., 0].long(), mask)
            learned = batch.labels != NO_LABEL
            logits = self.decoder.lm_head(hidden[learned])
        targets = batch.labels[learned]
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        decision = (targets == self.speak_or_skip[0]) | (targets == self.speak_or_skip[1])
        return LanguageLosses(
            decision=losses[decision].mean(),
            text=losses[~decision].mean(),
            memory=self.memory.loss(memory, batch.memory_labels),
        )

    def _embed(self, features: Tensor, memory: Tensor, source: Tensor) -> Tensor:
        """Embeddings [B, L, hidden] from the table of frame tokens, memory tokens and vocabulary."""
        frames = self.connector(features).flatten(1, 2)
        memories = self.connector(memory).flatten(1, 2)
        words = self.decoder.model.embed_tokens.weight.to(frames.dtype).expand(len(source), -1, -1)
        table = torch.cat((frames, memories, words), dim=1)  # [B, T, hidden]
        first = torch.arange(len(source), device=source.device)[:, None] * table.shape[1]
        return functional.embedding(source.long() + first, table.flatten(0, 1))

    def _decode(self, embedded: Tensor, positions: Tensor, mask: Tensor | BlockMask) -> Tensor:
        """Hidden states [B, L, hidden]; calls the layers directly, because the mask is no usual one."""
        model = self.decoder.model
        rotation = model.rotary_emb(embedded.float(), position_ids=positions)
        for layer in model.layers:
            embedded = layer(embedded, attention_mask=mask, position_embeddings=rotation)
        hidden: Tensor = model.norm(embedded)
        return hidden


def new_decoder(sizes: ModelSizes, vocab_size: int) -> "LlamaForCausalLM":
    """An untrained Llama that attends through `operators.training.attention`. Imports transformers."""
    from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM  # noqa: PLC0415 (slow import)

    AttentionInterface.register(ATTENTION, attend)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=sizes.width,
        intermediate_size=sizes.language_mlp,
        num_hidden_layers=sizes.language_layers,
        num_attention_heads=sizes.num_heads,
        num_key_value_heads=sizes.num_heads,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
    config._attn_implementation = ATTENTION
    decoder: LlamaForCausalLM = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
    return decoder


def warm_up(trainer: LanguageTrainer, bank: VideoBank, batch: int) -> None:
    """Compile the kernels of a training step on the first video's sequences; changes no weights."""
    nought = torch.zeros(batch, dtype=torch.int64)
    losses = trainer.losses(bank.plan_batch(nought, nought))
    (losses.decision + losses.text + losses.memory).backward()  # type: ignore[no-untyped-call]
    trainer.zero_grad(set_to_none=True)


def train_language(
    trainer: LanguageTrainer,
    bank: VideoBank,
    settings: StageSettings,
    *,
    auxiliary_weight: float,
    noise: float,
) -> list[float]:
    """Train on packed sequences of videos drawn at random from the bank.

    Args:
        trainer: What is trained.
        bank: Videos with features and plans.
        settings: Time and rates; the memory, trained before, learns at a quarter of the rate.
        auxiliary_weight: Weight of the memory's own loss.
        noise: Standard deviation of the noise on features, relative to theirs.

    Returns:
        The sum of the losses, every LOG_EVERY steps and at the end.
    """
    modules = [trainer.decoder, trainer.connector, trainer.memory]
    stage = Stage(settings, modules, [1.0, 1.0, 0.25])
    scale = noise * float(bank.known_features()[:8].float().std())
    history = []
    trainer.train()
    while not stage.is_over:
        usable = bank.num_plans[: bank.count]
        videos = torch.multinomial((usable > 0).float(), settings.batch, replacement=True)
        plans = (torch.rand(settings.batch) * usable[videos]).long()
        batch = bank.plan_batch(videos, plans)
        noisy = replace(batch, features=batch.features + scale * torch.randn_like(batch.features))
        losses = trainer.losses(noisy)
        total = losses.decision + losses.text + auxiliary_weight * losses.memory
        stage.step(total)
        if stage.steps % LOG_EVERY == 1 or stage.is_over:
            history.append(total.item())
            log.info(
                "language step %d, %d videos, decision %.4f, text %.4f, memory %.3f, %.0f %% of the time",
                stage.steps,
                bank.count,
                losses.decision.item(),
                losses.text.item(),
                losses.memory.item(),
                100 * stage.progress,
            )
    trainer.eval()
    log.info("language: %d steps of %d videos", stage.steps, settings.batch)
    return history
