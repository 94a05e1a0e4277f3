"""Streaming with routed layers: one masked pass, whatever else is fed and however the frames are cut."""

import copy
from types import SimpleNamespace

import pytest
import torch

from operators.narrator.batch import Feed
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.frame_rows import frame_numbers
from operators.narrator.language.rope import RotaryTable
from operators.narrator.runner import LanguageRunner
from operators.narrator.sequences.pieces import FRAME_TOKEN, MEMORY_TOKEN, Piece, Region
from operators.narrator.streams.regions import RegionSizes, StreamRegions
from tests.support.tiny_narrator import LANGUAGE_CONFIG, random_weights

CONFIG = {
    **LANGUAGE_CONFIG,
    "num_hidden_layers": 4,
    "mixture_of_depths": {"layers": [0, 3], "share": 0.4},
}
SIZES = RegionSizes(prompt=8, narrations=16, visual=60)
N = 5
F, M = (FRAME_TOKEN,) * N, (MEMORY_TOKEN,) * 2
TEXT, VISUAL, PROMPT = Region.NARRATION, Region.VISUAL, Region.PROMPT

# (number of its segment, region, ids): what one stream feeds, one line after the other.
SCRIPT = [
    (0, PROMPT, (4, 5, 6)),
    (0, VISUAL, (9, *F)),
    (0, VISUAL, (8, *F)),
    (0, VISUAL, (7,)),
    (0, TEXT, (30, 31)),
    (0, TEXT, (32,)),
    (1, VISUAL, (9, *M, 3, *F)),
    (1, VISUAL, (8, *F)),
    (1, VISUAL, (8, *F)),
    (1, TEXT, (40,)),
    (2, VISUAL, (9, *M, 3, *F)),
    (2, VISUAL, (8, *F)),
]


@pytest.fixture(scope="module")
def decoder():
    return Decoder.from_state_dict(CONFIG, random_weights(DecoderConfig.from_json(CONFIG), seed=7))


def make_runner(decoder):
    """A runner whose buffers hold rubbish: only what was written may matter."""
    runner = LanguageRunner(decoder, num_slots=3, sizes=SIZES, max_position=400)
    for buffer in (runner.cache._keys, runner.cache._readable):
        buffer.fill_(torch.nan)
    runner.cache._present.fill_(True)
    return runner


def make_stream(slot):
    return SimpleNamespace(slot=slot, regions=StreamRegions(SIZES))


def vision_of(seed):
    """Embeddings of a stream's frame and of its memory tokens, in order."""
    generator = torch.Generator().manual_seed(seed)
    frames = sum(ids.count(FRAME_TOKEN) for _, _, ids in SCRIPT)
    memory = sum(ids.count(MEMORY_TOKEN) for _, _, ids in SCRIPT)
    return torch.randn(frames, 32, generator=generator), torch.randn(memory, 32, generator=generator)


def cut(script, size):
    """The script's lines, so many to a feed, but a segment's end ends a feed."""
    feeds = []
    for line in script:
        if not feeds or len(feeds[-1]) == size or feeds[-1][0][0] != line[0]:
            feeds.append([])
        feeds[-1].append(line)
    return feeds


class Player:
    """Feeds one stream's script."""

    def __init__(self, slot, seed, size=1, script=SCRIPT):
        self.stream = make_stream(slot)
        self.lines = cut(script, size)
        self.frames, self.memory = vision_of(seed)
        self.used = [0, 0]
        self.segment = 0

    def next(self):
        lines = self.lines.pop(0)
        if lines[0][0] != self.segment:
            self.stream.regions.drop_visual()
            self.segment = lines[0][0]
        ids = [token for _, _, piece in lines for token in piece]
        counts = [ids.count(FRAME_TOKEN), ids.count(MEMORY_TOKEN)]
        starts, self.used = self.used, [u + c for u, c in zip(self.used, counts, strict=True)]
        vision = [
            tokens[start:end]
            for tokens, start, end in zip((self.frames, self.memory), starts, self.used, strict=True)
        ]
        return Feed(self.stream, [Piece(region, piece) for _, region, piece in lines]), vision


def play(runner, *players):
    """One pass over what each player feeds next; logits [B, vocabulary]."""
    turns = [player.next() for player in players]
    vision = torch.cat([v[0] for _, v in turns] + [v[1] for _, v in turns])
    return runner.extend([feed for feed, _ in turns], vision)


def masked_logits(decoder, seed):
    """The script in one pass; logits at the last token of every line."""
    ids = torch.tensor([token for _, _, piece in SCRIPT for token in piece])
    segment = torch.tensor([number for number, _, piece in SCRIPT for _ in piece])
    is_visual = torch.tensor([region is VISUAL for _, region, piece in SCRIPT for _ in piece])
    length = len(ids)
    embedded = decoder.embed(ids.clamp(min=0))
    embedded[ids == FRAME_TOKEN], embedded[ids == MEMORY_TOKEN] = vision_of(seed)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    visible = causal & (~is_visual[None] | (segment[None] == segment[:, None]))
    config = decoder.config
    rotary = RotaryTable(config.rope, config.head_dim, length, torch.device("cpu"))
    attention = MaskedAttention(torch.arange(length), visible, rotary)
    hidden = decoder(embedded, attention, frame_numbers([piece for _, _, piece in SCRIPT]))
    ends = torch.tensor([len(piece) for _, _, piece in SCRIPT]).cumsum(0) - 1
    return decoder.logits(hidden[ends])


@pytest.mark.parametrize("size", [1, 2, 3, 6])
@torch.inference_mode()
def test_streaming_equals_one_masked_pass(decoder, size):
    runner, player = make_runner(decoder), Player(slot=1, seed=0, size=size)
    last_lines = torch.tensor([len(lines) for lines in player.lines]).cumsum(0) - 1
    streamed = torch.cat([play(runner, player) for _ in last_lines])
    torch.testing.assert_close(streamed, masked_logits(decoder, 0)[last_lines], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_batch_mates_do_not_matter(decoder):
    alone, together = make_runner(decoder), make_runner(decoder)
    single, player, mate = Player(2, seed=0), Player(0, seed=0), Player(2, seed=1, size=2)
    for number in range(len(SCRIPT)):
        expected = play(alone, single)
        players = [mate, player] if mate.lines and number % 3 else [player]
        torch.testing.assert_close(play(together, *players)[-1:], expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_restored_stream_goes_on_bit_for_bit(decoder):
    """Between two frames of a segment, into another slot of other buffers."""
    runner, other, player = make_runner(decoder), make_runner(decoder), Player(0, seed=0)
    for _ in range(8):
        play(runner, player)
    places, positions = (torch.from_numpy(x) for x in player.stream.regions.visible_keys())
    cache = runner.cache
    keys, values, present = *cache.export(places), cache.export_present(places)
    assert keys.shape == values.shape == cache.shape_of(len(places))
    assert present.shape == cache.present_shape(len(places))
    assert keys.isfinite().all()
    assert not keys[[0, 3]][~present].any()
    assert (~present).sum(dim=1).tolist() == [2 * (N - 2)] * 2  # two frames are in sight, two of five pass
    resumed = copy.deepcopy(player)
    resumed.stream.slot = 2
    other.cache.restore(places + 2 * cache.slot_size, positions, keys, values, present)
    while player.lines:
        assert torch.equal(play(other, resumed), play(runner, player))


@torch.inference_mode()
def test_the_tests_would_notice_another_routing(decoder):
    weights = random_weights(DecoderConfig.from_json(CONFIG), seed=7)
    for change in ({"layers": [0, 3], "share": 0.6}, {"layers": [0, 3], "share": 0.2}):
        other = Decoder.from_state_dict({**CONFIG, "mixture_of_depths": change}, weights)
        assert (masked_logits(other, 0) - masked_logits(decoder, 0)).abs().max() > 1e-2
