"""The sizes of the routing: read from the config, or refused with what is wrong."""

import pytest

from operators.errors import CheckpointError
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.mixture_of_depths import MixtureOfDepths
from tests.support.tiny_narrator import LANGUAGE_CONFIG


def read(given):
    return MixtureOfDepths.from_json({"mixture_of_depths": given}, num_layers=4)


def test_it_is_read():
    assert read({"layers": [3, 1], "share": 0.2}) == MixtureOfDepths(layers=(1, 3), share=0.2)
    assert read({"layers": [0], "share": 1}) == MixtureOfDepths(layers=(0,), share=1.0)


def test_it_is_off_unless_given():
    assert read(None) is None
    assert MixtureOfDepths.from_json({}, num_layers=4) is None
    config = DecoderConfig.from_json(LANGUAGE_CONFIG)
    assert config.depths is None
    assert config.routed_layers == ()
    assert not any("router" in name for name in config.weight_shapes())


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ([1], "must be an object"),
        ({"layers": [1]}, "keys 'layers' and 'share'"),
        ({"layers": [1], "share": 0.2, "shares": 1}, "keys 'layers' and 'share'"),
        ({"layers": [], "share": 0.2}, "list of different numbers"),
        ({"layers": 1, "share": 0.2}, "list of different numbers"),
        ({"layers": [1, 1], "share": 0.2}, "list of different numbers"),
        ({"layers": [1, True], "share": 0.2}, "list of different numbers"),
        ({"layers": [1, 4], "share": 0.2}, "between 0 and 3"),
        ({"layers": [-1], "share": 0.2}, "between 0 and 3"),
        ({"layers": [1], "share": 0.0}, "share = 0.0 must be"),
        ({"layers": [1], "share": 1.5}, "share = 1.5 must be"),
        ({"layers": [1], "share": True}, "share = True must be"),
        ({"layers": [1], "share": "0.2"}, "share = '0.2' must be"),
    ],
    ids=str,
)
def test_what_can_not_be_is_refused(given, what):
    with pytest.raises(CheckpointError, match=f"mixture_of_depths: .*{what}"):
        read(given)


@pytest.mark.parametrize(
    ("share", "num_tokens", "passing"),
    [(0.2, 10, 2), (0.2, 1, 1), (0.01, 10, 1), (1.0, 10, 10), (0.34, 3, 1), (0.25, 10, 2), (0.35, 10, 4)],
)
def test_at_least_one_token_of_a_frame_passes(share, num_tokens, passing):
    assert MixtureOfDepths((1,), share).num_passing(num_tokens) == passing
