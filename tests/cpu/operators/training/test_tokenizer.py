"""The demo model's tokenizer."""

from operators.checkpoints.config import LayoutConfig
from operators.datasets.world import all_texts
from operators.training.tokenizer import train_tokenizer


def test_every_sentence_survives_and_separators_stay_single():
    texts = all_texts()
    tokenizer = train_tokenizer(texts, LayoutConfig(), 768)
    for text in sorted(texts)[::40]:
        ids = tokenizer.encode(f" {text}", add_special_tokens=False).ids
        assert tokenizer.decode(ids).strip() == text
        assert len(ids) <= 20
    assert tokenizer.encode(" picks up the red cup").tokens == ["Ġpicks", "Ġup", "Ġthe", "Ġred", "Ġcup"]
    assert len(tokenizer.encode(",").ids) == 1
    assert tokenizer.decode(tokenizer.encode(" naïve 猫").ids) == " naïve 猫"


def test_the_order_of_the_texts_does_not_matter():
    texts = [f"picks up the {thing}" for thing in ("cup", "ball", "duck", "car")]
    first = train_tokenizer(texts, LayoutConfig(), 320)
    assert train_tokenizer(reversed(texts), LayoutConfig(), 320).to_str() == first.to_str()
