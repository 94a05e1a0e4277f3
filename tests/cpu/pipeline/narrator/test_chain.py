from hypothesis import given
from hypothesis import strategies as st

from pipeline.messages.records import ChainLink
from pipeline.narrator.chain import Chain


def links_of(streams: list[str], generation: int = 3) -> list[tuple[str, ChainLink]]:
    """One record per element, in the order of a partition's log; offsets have gaps, as real logs do."""
    last: dict[str, int] = {}
    links = []
    for number, stream in enumerate(streams):
        offset = 2 * number
        links.append((stream, ChainLink(generation, offset, last.get(stream), offset - 2)))
        last[stream] = offset
    return links


@given(
    st.lists(st.sampled_from("abc"), max_size=30).flatmap(
        lambda streams: st.tuples(
            st.just(links_of(list(streams))),
            st.lists(st.integers(0, max(len(streams) - 1, 0)), max_size=20),
            st.randoms(use_true_random=False),
        )
    )
)
def test_any_order_with_repetitions_comes_out_once_and_in_order(case):
    links, repeated, random = case
    offers = links + [links[i] for i in repeated if links]
    random.shuffle(offers)
    chain = Chain(generation=3)
    released = []
    for stream, link in offers:
        chain.offer(stream, link, (stream, link.offset))
        released += chain.take()
    for stream in "abc":
        assert [o for s, o in released if s == stream] == [link.offset for s, link in links if s == stream]
    assert chain.num_waiting == 0


def test_an_item_waits_for_the_one_before_it():
    chain: Chain[str] = Chain(1)
    assert chain.offer("a", ChainLink(1, 5, 4, 4), "second")
    assert chain.take() == []
    assert chain.num_waiting == 1
    assert chain.offer("b", ChainLink(1, 6, None, 5), "of another stream")
    assert chain.take() == ["of another stream"]
    assert chain.offer("a", ChainLink(1, 4, None, 3), "first")
    assert chain.take() == ["first", "second"]


def test_repeated_and_foreign_items_are_dropped():
    chain: Chain[int] = Chain(7)
    assert chain.offer("a", ChainLink(7, 4, None, 3), 4)
    assert not chain.offer("a", ChainLink(7, 4, None, 3), 4), "released before"
    assert chain.offer("a", ChainLink(7, 9, 8, 8), 9)
    assert not chain.offer("a", ChainLink(7, 9, 8, 8), 9), "waits already"
    assert not chain.offer("a", ChainLink(6, 8, 4, 7), 8), "older generation"
    assert not chain.offer("a", ChainLink(8, 8, 4, 7), 8), "newer generation"
    assert chain.take() == [4]
