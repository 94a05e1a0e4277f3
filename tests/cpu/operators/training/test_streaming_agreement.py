"""What training computes in one masked pass is what the engine computes frame by frame."""

from dataclasses import replace
from random import Random

import pytest
import torch

from operators.checkpoints.config import LayoutConfig
from operators.checkpoints.load import load_model
from operators.narrator.engine import NarratorEngine
from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.sequences.sequence import build_sequence
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FramePosition, ReplayedDecision
from operators.training.attention import dense_mask
from operators.training.export import export_model
from operators.training.memory import MemoryTrainer
from operators.training.packing import pack_sequence
from operators.training.plans import CutShares, cut_video
from operators.training.run import new_language, pack_sizes
from operators.training.settings import smoke_settings
from operators.training.tokenizer import train_tokenizer
from operators.training.tower import new_tower

ENDS = [4, 9, 13, 21, 30]
TEXTS = ["picks up the cup", "puts the cup on the bench", "opens the box", "takes the ball", "closes the box"]


@pytest.mark.parametrize("retain", [None, 2])
def test_masked_pass_equals_streaming(tmp_path, retain):
    torch.manual_seed(3)
    settings = smoke_settings()
    settings = replace(settings, data=replace(settings.data, duration_s=20.0))
    sizes = pack_sizes(settings)
    config = settings.model_config(4096)
    tokenizer = train_tokenizer(TEXTS, LayoutConfig(), 320)
    layout = SequenceLayout.from_tokenizer(tokenizer, config)
    trainer = new_language(settings, tokenizer, MemoryTrainer(config), torch.device("cpu")).eval()
    tower = new_tower(settings.sizes, config.vision, torch.device("cpu"))
    for parameter in trainer.parameters():  # exactly what float16 on disk holds
        parameter.data = (parameter.data * 4).half().float()
    export_model(tmp_path, config, settings.sizes, tower.tower, trainer, tokenizer)

    num_frames = settings.data.num_frames
    tokens = [layout.narration(text) for text in ["a bench", *TEXTS]]
    cut = cut_video(ENDS, tokens, num_frames, CutShares(late=0.3, early=0.3, fold=0.0), Random(1))
    sequence = build_sequence(layout, None, cut.segments)
    packed = pack_sequence(sequence, cut.segments, cut.undecided, sizes, retain=retain)
    features = torch.randn(num_frames, 10, settings.sizes.width)

    structure = torch.from_numpy(packed.structure)[None]
    with torch.no_grad():
        memory = trainer.memory.read(features[None], torch.from_numpy(packed.read_frames)[None])
        embedded = trainer._embed(features[None], memory, torch.from_numpy(packed.source)[None])
        hidden = trainer._decode(embedded, structure[..., 0].long(), dense_mask(structure))
        probabilities = trainer.decoder.lm_head(hidden)[0].float().softmax(-1)
    order = torch.argsort(sequence.structure.is_visual.to(torch.int8), stable=True)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    expected = probabilities[place[sequence.decision_rows], layout.skip]

    model = load_model(tmp_path, "cpu")
    engine = NarratorEngine(model, num_slots=1)
    stream = replace(StreamSettings.from_config(config), retain_narrations=retain)
    decisions: list[tuple[int, ...] | None] = []
    for segment in cut.segments:
        decisions += [None] * (segment.num_frames - 1) + [segment.narration]
    engine.open_stream("video", stream)
    streamed = []
    for index, tokens_said in enumerate(decisions):
        frame = FrameInput(
            "video",
            FramePosition(index),
            index * 500_000_000,
            features[index],
            replay=ReplayedDecision(tokens_said),
        )
        streamed.append(engine.step([frame])[0].p_skip)
    torch.testing.assert_close(torch.tensor(streamed[1:]), expected[1:], atol=2e-5, rtol=1e-3)
    assert expected[1:].std() > 1e-3, "probabilities that do not vary show nothing"
