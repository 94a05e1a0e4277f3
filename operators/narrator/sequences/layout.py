"""The sequence that the language model reads, as pieces of token ids: the same for training and streaming.

A stream is written like this, `frame` being N vision tokens and `memory` M tokens of the visual memory:

    opening   system | opening_bracket frame close | user newline | reply text
    segment   end_of_turn | newline open memory close open frame (separator frame)* close | reply text
    after a segment that was folded silently, the next one has no end_of_turn before it;
    a visual history without memory tokens leaves out `open memory close`

    system           <bos>system prompt      kept for ever
    opening_bracket  \\n[                     until the narration is written, like all up to `close`
    open             [                       likewise
    separator        ,                       the [SKIP] token: the frame before it was not narrated
    close            ]\\n                     its first token answers the last token of a frame: speak
    user             User: prompt            kept for ever
    newline          \\n                      after the prompt kept for ever, else by the context rules
    reply            Assistant:              belongs to the narration
    text           " picks up the cup"       ends with `end_of_turn`, which is fed only with the next segment

The texts are those of the model's `LayoutConfig`. They are tokenised one by one and joined as lists of ids,
never as text, so that no tokenizer can merge over their edges. Positions count on from 0 over all tokens in
the order in which they were fed. Which piece follows which is written once, in `pieces.py`.
"""

from dataclasses import dataclass
from typing import Self

from tokenizers import Tokenizer

from operators.checkpoints.config import FlowNarConfig
from operators.errors import LayoutError

SPACED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")
"""What `clean_up_spaces` writes without its blanks, one after another."""


@dataclass(frozen=True, slots=True, eq=False)
class SequenceLayout:
    """The pieces of a sequence as token ids. See the module's docstring for their order.

    Attributes:
        system, opening_bracket, open, close, newline, reply: Pieces.
        skip: Id of the separator.
        end_of_turn: Id of the token that ends a narration.
        user_start: Text before the prompt in the piece `user`; tokenised together with it.
        default_prompt: The model's own prompt.
        num_frame_tokens: N, tokens of one frame.
        num_memory_tokens: M, tokens of the model's own memory at the start of a segment.
        clean_up_spaces: See `LayoutConfig`.
        tokenizer: Writes prompts and narrations.
    """

    system: tuple[int, ...]
    opening_bracket: tuple[int, ...]
    open: tuple[int, ...]
    close: tuple[int, ...]
    newline: tuple[int, ...]
    reply: tuple[int, ...]
    skip: int
    end_of_turn: int
    user_start: str
    default_prompt: str
    num_frame_tokens: int
    num_memory_tokens: int
    clean_up_spaces: bool
    tokenizer: Tokenizer

    @classmethod
    def from_tokenizer(cls, tokenizer: Tokenizer, config: FlowNarConfig) -> Self:
        """Tokenise every piece once.

        Raises:
            LayoutError: A text does not tokenise as the layout needs; the message names it.
        """
        texts = config.layout
        begin = (_special(tokenizer, texts.bos_token),) if texts.bos_token else ()
        newline, opening, close = (
            _encode(tokenizer, text) for text in (texts.newline, texts.open, texts.close)
        )
        skip = _encode(tokenizer, texts.skip)
        if len(skip) != 1:
            raise LayoutError(
                f"[SKIP] must be one token, but the tokenizer writes {texts.skip!r} as {list(skip)}.",
                action="Choose a separator that the tokenizer has as a token.",
            )
        if skip == close[:1] or not close:
            raise LayoutError(
                f"The text {texts.close!r} that closes frames is empty or starts with [SKIP] {texts.skip!r}.",
                action="Make their first tokens differ: the model chooses between the two.",
            )
        return cls(
            system=begin + _encode(tokenizer, texts.system_prompt + texts.system_end),
            opening_bracket=opening if texts.system_end else newline + opening,
            open=opening,
            close=close,
            newline=newline,
            reply=_encode(tokenizer, texts.assistant) + _encode(tokenizer, texts.colon),
            skip=skip[0],
            end_of_turn=_special(tokenizer, texts.eos_token),
            user_start=texts.user,
            default_prompt=texts.user_prompt,
            num_frame_tokens=config.vision.num_frame_tokens,
            num_memory_tokens=config.memory.num_memory_tokens,
            clean_up_spaces=texts.clean_up_spaces,
            tokenizer=tokenizer,
        )

    def user(self, prompt: str | None) -> tuple[int, ...]:
        """Return the piece `user` for a prompt; None is the model's own.

        Raises:
            LayoutError: The prompt is empty, holds special tokens, or can't be written by the tokenizer.
        """
        text = self.default_prompt if prompt is None else _stripped(prompt)
        return _encode(self.tokenizer, f"{self.user_start}{text}")

    def narration(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a narration, end of turn included, as the model is to write them.

        Raises:
            LayoutError: The text is empty, holds special tokens, or can't be written by the tokenizer.
        """
        return (*_encode(self.tokenizer, f" {_stripped(text)}"), self.end_of_turn)

    def decode(self, token_ids: tuple[int, ...], *, special_tokens: bool = False) -> str:
        """Return the text of a narration's tokens.

        Args:
            token_ids: Ids.
            special_tokens: Keep special tokens and blanks at the edges.
        """
        text: str = self.tokenizer.decode(list(token_ids), skip_special_tokens=not special_tokens)
        if self.clean_up_spaces:
            for spaced in SPACED:
                text = text.replace(spaced, spaced.replace(" ", ""))
        return text if special_tokens else text.strip()

    def num_segment_tokens(self, num_frames: int, num_memory_tokens: int | None = None) -> int:
        """Return how many tokens a segment takes, from the end of turn before it to its `reply`.

        Args:
            num_frames: Its frames.
            num_memory_tokens: Tokens of the stream's visual history; None is the model's own.
        """
        memory = self.num_memory_tokens if num_memory_tokens is None else num_memory_tokens
        ids = 1 + len(self.newline) + 2 * (len(self.open) + len(self.close)) + len(self.reply)
        return ids + memory + num_frames * (self.num_frame_tokens + 1) - 1


def _stripped(text: str) -> str:
    if not text.strip():
        raise LayoutError("A prompt or narration is empty.", action="Give it a text.")
    return text.strip()


def _special(tokenizer: Tokenizer, text: str) -> int:
    token_id: int | None = tokenizer.token_to_id(text)
    if token_id is None:
        raise LayoutError(
            f"The tokenizer has no token {text!r}.",
            action="Name a special token that its tokenizer.json lists.",
        )
    return token_id


def _encode(tokenizer: Tokenizer, text: str) -> tuple[int, ...]:
    if not text:
        return ()
    ids = tuple(tokenizer.encode(text, add_special_tokens=False).ids)
    unknown = getattr(tokenizer.model, "unk_token", None)
    if not ids or (unknown is not None and tokenizer.token_to_id(unknown) in ids):
        raise LayoutError(
            f"The tokenizer can't write {text!r}; it gives {list(ids)}.",
            action="Use other words, or a tokenizer that knows them.",
        )
    special = {i for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    if special.intersection(ids):
        raise LayoutError(
            f"Special tokens stand in {text!r}.", action="Leave them out: the layout sets them."
        )
    return ids
