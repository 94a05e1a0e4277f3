"""The sequence layout of a model, checked against the size of its embedding."""

from operators.checkpoints.source import ModelSource
from operators.errors import LayoutError
from operators.narrator.sequences.layout import SequenceLayout


def read_layout(source: ModelSource, vocab_size: int) -> SequenceLayout:
    """Tokenise the pieces of a model's sequences.

    Args:
        source: The model.
        vocab_size: Rows of its embedding.

    Raises:
        CheckpointError: A file is missing or broken.
        LayoutError: A text does not tokenise as the layout needs, or to an id that the embedding lacks.
    """
    layout = SequenceLayout.from_tokenizer(source.tokenizer(), source.config())
    pieces = {
        "system prompt": layout.system,
        "bracket": layout.open,
        "closing bracket": layout.close,
        "newline": layout.newline,
        "answer's start": layout.reply,
        "user prompt": layout.user(None),
        "separator": (layout.skip,),
        "end of turn": (layout.end_of_turn,),
    }
    for name, token_ids in pieces.items():
        if token_ids and max(token_ids) >= vocab_size:
            raise LayoutError(
                f"{source.path}: the tokenizer writes the {name} with the token {max(token_ids)}, "
                f"but the language model's embedding has {vocab_size} rows.",
                action="Give the tokenizer that belongs to the language model.",
            )
    return layout
