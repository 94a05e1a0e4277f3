"""The sequence that the language model reads, as pieces of token ids: the same for training and streaming.

A stream is written like this, `frame` being N vision tokens and `memory` M tokens of the visual memory:

    opening   system | segment_open frame close | user | reply text
    segment   end_of_turn | segment_open memory frames_open frame (separator frame)* close | reply text
    after a segment that was folded silently, the next one has no end_of_turn before it

    system         <bos>system prompt        kept for ever
    segment_open   \\n[                       until the narration is written, like all between it and `close`
    frames_open    ]\\n[
    separator      ,                         the [SKIP] token: the frame before it was not narrated
    close          ]\\n                       its first token answers the last token of a frame: speak
    user           User: prompt\\n            kept for ever
    reply          Assistant:                belongs to the narration
    text           " picks up the cup"       ends with `end_of_turn`, which is fed only with the next segment

The pieces are tokenised one by one and joined as lists of ids, never as text, so that no tokenizer can merge
over their edges. Positions count on from 0 over all tokens in the order in which they were fed.
"""

from dataclasses import dataclass
from typing import Self

from tokenizers import Tokenizer

from operators.errors import LayoutError


@dataclass(frozen=True, slots=True)
class LayoutTexts:
    """The texts of the layout that belong to a model.

    Attributes:
        begin_of_text: Special token that a sequence starts with; empty if the model has none.
        end_of_turn: Special token that ends a narration.
        skip: Text of [SKIP], the separator of frames; must be one token.
        system_prompt: First words of every sequence.
        user_prompt: Request that follows the first frame, unless a stream sets its own.
    """

    begin_of_text: str = "<bos>"
    end_of_turn: str = "<eos>"
    skip: str = ","
    system_prompt: str = "A camera is watched. What happens is narrated."
    user_prompt: str = "Narrate the video in real time."


@dataclass(frozen=True, slots=True, eq=False)
class SequenceLayout:
    """The pieces of a sequence as token ids. See the module's docstring for their order.

    Attributes:
        system, segment_open, frames_open, close, reply: Pieces.
        skip: Id of the separator.
        end_of_turn: Id of the token that ends a narration.
        default_user: The piece `user` with the model's own prompt.
        num_frame_tokens: N, tokens of one frame.
        num_memory_tokens: M, tokens of the visual memory at the start of a segment.
        tokenizer: Writes prompts and narrations.
    """

    system: tuple[int, ...]
    segment_open: tuple[int, ...]
    frames_open: tuple[int, ...]
    close: tuple[int, ...]
    reply: tuple[int, ...]
    skip: int
    end_of_turn: int
    default_user: tuple[int, ...]
    num_frame_tokens: int
    num_memory_tokens: int
    tokenizer: Tokenizer

    @classmethod
    def from_tokenizer(
        cls, tokenizer: Tokenizer, texts: LayoutTexts, *, num_frame_tokens: int, num_memory_tokens: int
    ) -> Self:
        """Tokenise every piece once.

        Raises:
            LayoutError: A text does not tokenise as the layout needs; the message names it.
        """
        begin = (_special(tokenizer, texts.begin_of_text),) if texts.begin_of_text else ()
        newline, opening, close = (_encode(tokenizer, text) for text in ("\n", "[", "]\n"))
        skip = _encode(tokenizer, texts.skip)
        if len(skip) != 1:
            raise LayoutError(
                f"[SKIP] must be one token, but the tokenizer writes {texts.skip!r} as {list(skip)}.",
                action="Choose a separator that the tokenizer has as a token.",
            )
        return cls(
            system=begin + _encode(tokenizer, texts.system_prompt),
            segment_open=newline + opening,
            frames_open=close + opening,
            close=close,
            reply=_encode(tokenizer, "Assistant:"),
            skip=skip[0],
            end_of_turn=_special(tokenizer, texts.end_of_turn),
            default_user=_user(tokenizer, texts.user_prompt),
            num_frame_tokens=num_frame_tokens,
            num_memory_tokens=num_memory_tokens,
            tokenizer=tokenizer,
        )

    def user(self, prompt: str | None) -> tuple[int, ...]:
        """Return the piece `user` for a prompt; None is the model's own.

        Raises:
            LayoutError: The prompt is empty, holds special tokens, or can't be written by the tokenizer.
        """
        return self.default_user if prompt is None else _user(self.tokenizer, prompt)

    def narration(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a narration, end of turn included, as the model is to write them.

        Raises:
            LayoutError: The text is empty, holds special tokens, or can't be written by the tokenizer.
        """
        return (*_encode(self.tokenizer, f" {_stripped(text)}"), self.end_of_turn)

    def decode(self, token_ids: tuple[int, ...]) -> str:
        """Return the text of a narration's tokens, without special tokens, stripped."""
        text: str = self.tokenizer.decode(list(token_ids), skip_special_tokens=True)
        return text.strip()

    def num_segment_tokens(self, num_frames: int) -> int:
        """Return how many tokens a segment takes, from the end of turn before it to its `reply`."""
        ids = 1 + len(self.segment_open) + len(self.frames_open) + len(self.close) + len(self.reply)
        return ids + self.num_memory_tokens + num_frames * (self.num_frame_tokens + 1) - 1


def _user(tokenizer: Tokenizer, prompt: str) -> tuple[int, ...]:
    return _encode(tokenizer, f"User: {_stripped(prompt)}") + _encode(tokenizer, "\n")


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
