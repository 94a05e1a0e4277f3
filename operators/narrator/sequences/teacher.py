"""A teacher-forced pass of the authors' sequences: frames and memories put where placeholders stand."""

import torch
from torch import Tensor

from operators.errors import OperatorError
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.frame_rows import frame_numbers
from operators.narrator.language.rope import RotaryTable
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.pieces import FRAME_TOKEN


class TeacherForcing:
    """A model that reads whole sequences over one video; a `scoring.teacher_metrics.SequenceLogits`.

    Args:
        model: Decoder, connector and memory.
        frames: Frame tokens [T, N, D] of the video, float32.
        memory_frames: int64 [R], the frames at which the memories of the sequence's memory blocks are read.
        vision_id: Placeholder of frame tokens.
        memory_id: Placeholder of memory tokens.
    """

    def __init__(
        self,
        model: NarratorModel,
        frames: Tensor,
        memory_frames: Tensor,
        *,
        vision_id: int,
        memory_id: int,
    ) -> None:
        self._decoder, self._vision_id = model.decoder, vision_id
        connector = model.connector
        with torch.inference_mode():
            places = memory_reads(memory_frames, frames)
            memories = model.memory.forward_all(frames.flatten(0, 1)[None], places)
            dtype = next(connector.parameters()).dtype
            self._embeddings = {
                vision_id: connector(frames.to(dtype)).flatten(0, 1),  # [T x N, hidden]
                memory_id: connector(memories[0].to(dtype)).flatten(0, 1),  # [R x M, hidden]
            }

    @torch.inference_mode()
    def __call__(self, token_ids: Tensor, visible: Tensor) -> Tensor:
        """Read a sequence.

        Args:
            token_ids: int64 [L]; placeholders may lie outside the embedding table.
            visible: bool [L, L], row = query, True = may attend.

        Returns:
            Logits float32 [L, vocabulary], with positions 0 ... L - 1.

        Raises:
            OperatorError: There are more placeholders than frame or memory tokens.
        """
        is_placeholder = torch.isin(token_ids, token_ids.new_tensor(list(self._embeddings)))
        embedded = self._decoder.embed(token_ids.masked_fill(is_placeholder, 0))
        for placeholder, tokens in self._embeddings.items():
            rows = torch.nonzero(token_ids == placeholder)[:, 0]
            if len(rows) > len(tokens):
                raise OperatorError(
                    f"teacher forcing: the sequence has {len(rows)} placeholders {placeholder}, "
                    f"but the video gives {len(tokens)} tokens for them."
                )
            embedded[rows] = tokens[: len(rows)]
        config = self._decoder.config
        positions = torch.arange(len(token_ids), device=token_ids.device)
        rotary = RotaryTable(config.rope, config.head_dim, len(token_ids), token_ids.device)
        frames = None
        if config.depths is not None:
            is_frame = (token_ids == self._vision_id).tolist()
            frames = frame_numbers([[FRAME_TOKEN if is_one else 0 for is_one in is_frame]])
        hidden = self._decoder(embedded, MaskedAttention(positions, visible, rotary), frames)
        return self._decoder.logits(hidden)


def memory_reads(memory_frames: Tensor, frames: Tensor) -> Tensor:
    """After which of a video's tokens its memories are read: the first of each of these frames.

    The authors' code reads there and not after the frame's last token; its checkpoints are trained with it.

    Args:
        memory_frames: int64 [R], numbers of frames.
        frames: [T, N, D].

    Returns:
        int64 [R], numbers of tokens in the flattened [T x N, D].
    """
    return memory_frames * frames.shape[1]
