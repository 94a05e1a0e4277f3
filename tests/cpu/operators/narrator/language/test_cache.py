"""The cache gives back what was stored, rotated by the positions of the moment."""

import pytest
import torch

from operators.errors import EngineError
from operators.narrator.language.cache import KeyValueCache
from operators.narrator.language.rope import RotaryTable, rotate
from operators.narrator.language.rope_config import RopeConfig

LAYERS, KV_HEADS, DIM = 3, 2, 4


@pytest.fixture
def rotary():
    return RotaryTable(RopeConfig(), DIM, 500, torch.device("cpu"))


def make_cache(rotary, dtype=torch.float32, routed_layers=()):
    cache = KeyValueCache(
        num_layers=LAYERS,
        num_slots=2,
        slot_size=10,
        num_kv_heads=KV_HEADS,
        head_dim=DIM,
        rotary=rotary,
        dtype=dtype,
        routed_layers=routed_layers,
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


def make_routed_cache(rotary):
    cache = make_cache(rotary, routed_layers=[0, 2])
    cache._present.fill_(True)
    return cache


def test_places_without_a_key_hold_zeros_and_are_told(rotary):
    cache = make_routed_cache(rotary)
    places, positions = torch.tensor([3, 4, 9]), torch.tensor([30, 31, 99])
    fill(cache, rotary, places, positions)
    cache.clear(2, places[1:])
    assert cache.present(0, places[None]).tolist() == [[True, True, True]]
    assert cache.present(1, places[None]) is None
    assert cache.present(2, places[None]).tolist() == [[True, False, False]]
    assert not torch.stack(cache.read(2, places[1:][None])).any()
    fill(cache, rotary, places[:2], positions[:2])
    assert cache.present(2, places).tolist() == [True, True, False]


def test_an_export_tells_which_places_have_keys(rotary):
    cache, other = make_routed_cache(rotary), make_routed_cache(rotary)
    places, positions = torch.tensor([3, 4, 9]), torch.tensor([30, 31, 99])
    fill(cache, rotary, places, positions)
    cache.clear(2, places[1:2])
    present = cache.export_present(places)
    assert present.tolist() == [[True, True, True], [True, False, True]]
    assert present.shape == cache.present_shape(3)
    other.restore(places + 10, positions, *cache.export(places), present)
    assert torch.equal(other.export_present(places + 10), present)
    for one, two in zip(cache.read(2, places[None]), other.read(2, places[None] + 10), strict=True):
        assert torch.equal(one, two)


def test_without_routing_nothing_is_kept_of_it(rotary):
    cache = make_cache(rotary)
    assert cache.present(0, torch.tensor([1])) is None
    assert cache.export_present(torch.tensor([1])) is None
    assert cache.present_shape(1) is None
    with pytest.raises(EngineError, match="without routing in layer 1"):
        cache.clear(1, torch.tensor([1]))


def test_keys_of_another_routing_are_refused(rotary):
    plain, routed = make_cache(rotary), make_routed_cache(rotary)
    places, positions = torch.tensor([3, 4]), torch.tensor([30, 31])
    fill(plain, rotary, places, positions)
    for cache, present in (
        (routed, None),
        (routed, torch.ones(1, 2).bool()),
        (plain, torch.ones(2, 2).bool()),
    ):
        with pytest.raises(EngineError, match="routes other layers"):
            cache.restore(places + 10, positions, *plain.export(places), present)
    assert routed._keys.isnan().all()
