"""Settings and special ids of a recorded model, from its `flownar_config.json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from operators.errors import CheckpointError
from operators.scoring.turns import TurnTokens


@dataclass(frozen=True, slots=True)
class RecordedSettings:
    """What teacher-forced sequences are read with.

    Attributes:
        vision_id, memory_id: Placeholders.
        skip_id: The separator between frames.
        end_id: Closes the frames: the model speaks.
        end_of_turn_id: Last token of every turn.
        narration_start_id, narration_end_id: First and last token of narrations, for the mask.
        num_frame_tokens, num_memory_tokens: N, M.
        stream_weight: Weight of frame rows in the loss.
    """

    vision_id: int
    memory_id: int
    skip_id: int
    end_id: int
    end_of_turn_id: int
    narration_start_id: int
    narration_end_id: int
    num_frame_tokens: int
    num_memory_tokens: int
    stream_weight: float

    @classmethod
    def from_folder(cls, model: Path) -> Self:
        """Read them from a model's folder.

        Raises:
            CheckpointError: `flownar_config.json` is missing or broken, or lacks a key.
        """
        path = model / "flownar_config.json"
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                vision_id=int(config["v_placeholder_id"]),
                memory_id=int(config["m_placeholder_id"]),
                skip_id=int(config["frame_token_interval_id"]),
                end_id=int(config["end_stream_id"]),
                end_of_turn_id=int(config["eos_token_id"]),
                narration_start_id=int(config["narration_start_id_for_mask"]),
                narration_end_id=int(config["narration_end_id_for_mask"]),
                num_frame_tokens=int(config["frame_num_tokens"]),
                num_memory_tokens=int(config["num_m_tokens"]),
                stream_weight=float(config["stream_loss_weight"]),
            )
        except KeyError as error:
            raise CheckpointError(f"{path}: key {error.args[0]!r} is missing.") from error
        except (OSError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} can't be read: {error}") from error

    @property
    def turn_tokens(self) -> TurnTokens:
        """The part that tells turns and frames apart."""
        return TurnTokens(self.vision_id, self.skip_id, self.end_of_turn_id, self.num_frame_tokens)
