"""The layout's pieces, and what a tokenizer must not do."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from operators.errors import LayoutError
from operators.narrator.sequences.layout import SequenceLayout

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="<>"), min_size=1).filter(str.strip)


def test_pieces_decode_to_the_texts_of_the_layout(layout, tokenizer):
    def text(ids):
        return tokenizer.decode(list(ids), skip_special_tokens=False)

    assert text(layout.system) == "<bos>Frames of a live video arrive one after another."
    assert text(layout.newline + layout.open) == "\n["
    assert layout.opening_bracket == layout.newline + layout.open
    assert text(layout.close) == "]\n"
    assert len(layout.close) > 1
    assert text(layout.reply) == "Assistant:"
    assert text([layout.skip]) == ","
    assert text(layout.user(None)) == "User: Narrate what happens, briefly."
    assert text(layout.user("  Speak. ")) == "User: Speak."
    assert text(layout.narration("picks up the cup")) == " picks up the cup<eos>"
    assert (layout.num_frame_tokens, layout.num_memory_tokens) == (3, 2)


@settings(deadline=None)
@given(text=TEXTS)
def test_any_narration_comes_back(layout, text):
    ids = layout.narration(text)
    assert ids[-1] == layout.end_of_turn
    assert layout.decode(ids) == text.strip()
    assert layout.skip not in ids or "," in text


@pytest.mark.parametrize("text", ["", "  \n", "ends here <eos>", "<bos>hello"])
def test_empty_texts_and_special_tokens_are_refused(layout, text):
    with pytest.raises(LayoutError, match=r"empty|Special tokens"):
        layout.user(text)
    with pytest.raises(LayoutError, match=r"empty|Special tokens"):
        layout.narration(text)


def test_a_skip_of_several_tokens_is_named(tokenizer, config):
    wrong = replace(config, layout=replace(config.layout, skip="; "))
    with pytest.raises(LayoutError, match=r"must be one token.*'; '"):
        SequenceLayout.from_tokenizer(tokenizer, wrong)


def test_a_close_that_starts_with_skip_is_refused(tokenizer, config):
    wrong = replace(config, layout=replace(config.layout, close=",]"))
    with pytest.raises(LayoutError, match="starts with"):
        SequenceLayout.from_tokenizer(tokenizer, wrong)


def test_a_missing_special_token_is_named(tokenizer, config):
    wrong = replace(config, layout=replace(config.layout, eos_token="<|end|>"))
    with pytest.raises(LayoutError, match=r"no token '<\|end\|>'"):
        SequenceLayout.from_tokenizer(tokenizer, wrong)


def test_words_that_the_tokenizer_does_not_know_are_named(config):
    words = Tokenizer(models.WordLevel({"<unk>": 0, "[": 1, ",": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.add_special_tokens([AddedToken("<bos>", special=True), AddedToken("<eos>", special=True)])
    with pytest.raises(LayoutError, match="can't write"):
        SequenceLayout.from_tokenizer(words, config)


def test_texts_may_be_left_out_where_they_are_not_needed(tokenizer, config):
    bare = replace(config, layout=replace(config.layout, bos_token="", newline=""))
    layout = SequenceLayout.from_tokenizer(tokenizer, bare)
    assert tokenizer.decode(list(layout.opening_bracket)) == "["
    assert tokenizer.decode(list(layout.system)).startswith("Frames")


@settings(deadline=None)
@given(num_frames=st.integers(1, 50))
def test_segment_length_is_what_is_fed(layout, num_frames):
    from operators.narrator.sequences import pieces

    for memory in (layout.num_memory_tokens, 7):
        fed = pieces.segment_start(layout, num_memory_tokens=memory, end_of_turn=True)
        fed += pieces.reply(layout, is_opening=False)
        fed += [piece for _ in range(num_frames - 1) for piece in pieces.next_frame(layout)]
        count = sum(len(piece.token_ids) for piece in fed)
        assert layout.num_segment_tokens(num_frames, memory) == count
    assert layout.num_segment_tokens(num_frames) == layout.num_segment_tokens(num_frames, 2)


def test_without_memory_tokens_a_segment_has_no_brackets_for_them(layout):
    from operators.narrator.sequences import pieces

    fed = pieces.segment_start(layout, num_memory_tokens=0, end_of_turn=True)
    ids = [i for piece in fed for i in piece.token_ids]
    frame = [pieces.FRAME_TOKEN] * layout.num_frame_tokens
    assert ids == [layout.end_of_turn, *layout.newline, *layout.open, *frame]


def test_blanks_before_punctuation_go_only_if_the_tokenizer_asks_for_it(layout):
    from dataclasses import replace

    ids = layout.narration("It 's done . You cut , stir")
    assert layout.decode(ids) == "It 's done . You cut , stir"
    assert replace(layout, clean_up_spaces=True).decode(ids) == "It's done. You cut, stir"
    assert layout.decode(ids, special_tokens=True) == " It 's done . You cut , stir<eos>"


def test_only_a_given_prompt_is_stripped(layout):
    from dataclasses import replace

    own = replace(layout, default_prompt="Speak ")
    assert layout.tokenizer.decode(list(own.user(None))) == "User: Speak "
    assert layout.tokenizer.decode(list(own.user(" Speak "))) == "User: Speak"
