"""The training mask is the engine's `paper` mask, as a matrix, by blocks, and through FlexAttention."""

import pytest
import torch
from torch.nn.attention.flex_attention import create_mask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

from operators.checkpoints.config import FlowNarConfig, LayoutConfig, MemoryConfig, VisionConfig
from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.sequences.mask import paper_mask
from operators.narrator.sequences.sequence import NO_LABEL, Segment, build_sequence
from operators.training.attention import BLOCK, EMPTY, FULL, block_kinds, dense_mask, sparse_mask, visible
from operators.training.packing import PackSizes, pack_sequence
from operators.training.tokenizer import train_tokenizer

SEGMENTS = (
    Segment(1, (20, 21, 1)),
    Segment(5, (22, 1)),
    Segment(3, None),
    Segment(6, (23, 24, 25, 1)),
    Segment(9, (22, 26, 1)),
    Segment(4, None),
)
SIZES = PackSizes(rows=4 * BLOCK, reads=8, frame_tokens=28 * 10, memory_tokens=3)


@pytest.fixture(scope="module")
def layout() -> SequenceLayout:
    config = FlowNarConfig(
        vision=VisionConfig(image_size=48, hidden_size=32),
        memory=MemoryConfig(num_memory_tokens=3, num_heads=2),
    )
    return SequenceLayout.from_tokenizer(train_tokenizer(["picks up the cup"], LayoutConfig(), 300), config)


@pytest.fixture(params=[None, 2])
def packed(request, layout):
    sequence = build_sequence(layout, None, SEGMENTS)
    packed = pack_sequence(sequence, SEGMENTS, frozenset({7}), SIZES, retain=request.param)
    order = torch.argsort(sequence.structure.is_visual.to(torch.int8), stable=True)
    return sequence, torch.from_numpy(packed.structure), order, request.param, packed


def test_visible_equals_the_engines_mask(packed):
    sequence, structure, order, retain, _ = packed
    length = len(order)
    expected = paper_mask(sequence.structure, retain)[order][:, order]
    assert torch.equal(visible(structure)[:length, :length], expected)
    assert not visible(structure)[:, length:].any(), "padding is seen"
    assert visible(structure).any(-1).all(), "a row that sees nothing has no softmax"


def test_flex_mask_equals_the_dense_one(packed):
    structure = packed[1][None]
    kinds = block_kinds(structure[0])
    block_mask = sparse_mask(structure, kinds[None])
    length = structure.shape[1]
    flexible = create_mask(block_mask.mask_mod, 1, 1, length, length, device="cpu")
    assert torch.equal(flexible, dense_mask(structure))
    blocks = dense_mask(structure)[0, 0].view(4, BLOCK, 4, BLOCK).float().mean((1, 3))
    assert torch.equal(kinds == EMPTY, blocks == 0.0)
    assert torch.equal(kinds == FULL, blocks == 1.0)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_flex_attention_gives_the_same_numbers(packed):
    structure = packed[1][None]
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, structure.shape[1], 16)
    block_mask = sparse_mask(structure, block_kinds(structure[0])[None])
    mixed = flex_attention(query, key, value, block_mask=block_mask)
    expected = scaled_dot_product_attention(query, key, value, attn_mask=dense_mask(structure))
    torch.testing.assert_close(mixed, expected, atol=1e-5, rtol=1e-5)


def test_labels_and_sources_follow_the_rows(packed):
    sequence, _, order, _, arrays = packed
    length = len(order)
    labels = sequence.labels.clone()
    labels[sequence.decision_rows[7]] = NO_LABEL
    assert arrays.labels[:length].tolist() == labels[order].tolist()
    assert (arrays.labels[length:] == NO_LABEL).all()
    source = torch.empty(length, dtype=torch.int64)
    source[order] = torch.from_numpy(arrays.source[:length]).long()
    words = sequence.token_ids >= 0
    assert (source[words] - SIZES.first_text).tolist() == sequence.token_ids[words].tolist()
    assert source[~words & (source < SIZES.frame_tokens)].tolist() == list(range(28 * 10))
    assert arrays.read_frames[:5].tolist() == [0, 5, 8, 14, 23]


def test_a_sequence_that_does_not_fit_is_left_out(layout):
    sequence = build_sequence(layout, None, SEGMENTS)
    tight = PackSizes(rows=BLOCK, reads=8, frame_tokens=280, memory_tokens=3)
    assert pack_sequence(sequence, SEGMENTS, frozenset(), tight, retain=None) is None
