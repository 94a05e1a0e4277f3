"""The cache gives back what was stored, rotated by the positions of the moment."""

import pytest
import torch

from operators.narrator.cache import KeyValueCache
from operators.narrator.rope import RopeConfig, RotaryTable, rotate

LAYERS, KV_HEADS, DIM = 3, 2, 4


@pytest.fixture
def rotary():
    return RotaryTable(RopeConfig(), DIM, 500, torch.device("cpu"))


def make_cache(rotary, dtype=torch.float32):
    cache = KeyValueCache(
        num_layers=LAYERS,
        num_slots=2,
        slot_size=10,
        num_kv_heads=KV_HEADS,
        head_dim=DIM,
        rotary=rotary,
        dtype=dtype,
    )
    for buffer in (cache._keys, cache._readable):
        buffer.fill_(torch.nan)
    return cache


def fill(cache, rotary, places, positions, dtype=torch.float32):
    keys, values = torch.randn(2, LAYERS, len(places), KV_HEADS, DIM).to(dtype)
    for layer in range(LAYERS):
        rotated = rotate(keys[layer], rotary.rows(positions))
        cache.write(layer, places, keys[layer], rotated, values[layer])
    return keys, values


def test_what_is_written_is_read_rotated(rotary):
    cache = make_cache(rotary)
    places, positions = torch.tensor([13, 4, 19]), torch.tensor([7, 400, 8])
    keys, values = fill(cache, rotary, places, positions)
    rows = torch.tensor([[2, 0], [1, 1]])
    for layer in range(LAYERS):
        read_keys, read_values = cache.read(layer, places[rows])
        assert torch.equal(read_keys, rotate(keys[layer], rotary.rows(positions))[rows])
        assert torch.equal(read_values, values[layer][rows])
    untouched = [place for place in range(20) if place not in places.tolist()]
    assert cache._readable[:, untouched].isnan().all()


def test_shifted_keys_are_rotated_from_the_master_copy_without_loss(rotary):
    cache = make_cache(rotary, torch.bfloat16)
    places, positions = torch.tensor([3, 4]), torch.tensor([300, 301])
    keys, _ = fill(cache, rotary, places, positions, torch.bfloat16)
    for shift in range(0, 290, 3):
        cache.rotate_again(places, positions - shift)
    cache.rotate_again(places, positions)
    assert torch.equal(cache.read(1, places[None])[0][0], rotate(keys[1], rotary.rows(positions)))


def test_an_export_restores_elsewhere_bit_for_bit(rotary):
    cache, other = make_cache(rotary), make_cache(rotary)
    places, positions = torch.tensor([3, 4, 9]), torch.tensor([30, 31, 99])
    fill(cache, rotary, places, positions)
    exported = cache.export(places)
    assert all(tensor.shape == cache.shape_of(3) for tensor in exported)
    other.restore(places + 10, positions, *exported)
    for layer in range(LAYERS):
        for one, two in zip(
            cache.read(layer, places[None]), other.read(layer, places[None] + 10), strict=True
        ):
            assert torch.equal(one, two)
