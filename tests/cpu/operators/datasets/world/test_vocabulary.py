from operators.datasets.world.vocabulary import (
    BOX,
    CONTAINERS,
    KINDS,
    POT,
    SINK,
    THINGS,
    Verb,
    all_texts,
    opening_sentence,
    sentence,
)


def test_there_is_enough_to_tell():
    assert len(KINDS) >= 8
    assert len(THINGS) >= 40
    assert len(CONTAINERS) >= 5
    texts = {text for text in all_texts() if not text.startswith("a bench")}
    assert len({text.split()[0] for text in texts}) >= 10
    assert len(texts) >= 300


def test_sentences_read_as_plain_english():
    red_cup = THINGS.index("red cup")
    assert sentence(Verb.PICK, red_cup) == "picks up the red cup"
    assert sentence(Verb.TAKE, red_cup, BOX) == "takes the red cup out of the box"
    assert sentence(Verb.OPEN, container=POT) == "opens the pot"
    assert opening_sentence((BOX, POT, SINK, 0)) == "a bench with a box, a pot, a sink and a drawer"


def test_no_two_activities_share_a_sentence():
    sentences = [sentence(verb, thing, 1) for verb in Verb for thing in range(len(THINGS))]
    by_verb = [{sentence(verb, thing, 1) for thing in range(len(THINGS))} for verb in Verb]
    assert sum(map(len, by_verb)) == len(set(sentences))
