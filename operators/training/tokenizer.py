"""The demo model's tokenizer: byte-level pieces merged on the world's sentences and the layout's texts."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from operators.checkpoints.config import LayoutConfig


def train_tokenizer(texts: Iterable[str], layout: LayoutConfig, vocab_size: int) -> Tokenizer:
    """Train a byte-level BPE tokenizer; any text can be written with it, byte by byte if need be.

    Args:
        texts: Sentences that narrations may consist of; their order does not matter.
        layout: Texts between frames and narrations.
        vocab_size: Upper bound of the vocabulary, at least 258 (the bytes and two special tokens).

    Returns:
        The tokenizer; merges never cross from a word into punctuation, so `,` stays one token.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[layout.bos_token, layout.eos_token],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    prompts = [layout.system_prompt, layout.user + layout.user_prompt, layout.assistant + layout.colon]
    corpus = [f" {text}" for text in sorted(texts)]
    tokenizer.train_from_iterator(corpus + prompts * 50, trainer)
    return tokenizer
