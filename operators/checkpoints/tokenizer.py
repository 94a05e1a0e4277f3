"""The tokenizer of a model folder."""

from pathlib import Path

from tokenizers import Tokenizer

from operators.checkpoints.folder import TOKENIZER, read_text
from operators.errors import CheckpointError


def load_tokenizer(path: Path) -> Tokenizer:
    """Load the tokenizer of the model folder `path`.

    Raises:
        CheckpointError: tokenizer.json is missing or broken.
    """
    text = read_text(path, TOKENIZER)
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(
            f"{path / TOKENIZER} is no tokenizer of the tokenizers library: {error}.",
            action="Save it again with Tokenizer.save.",
        ) from error
    return tokenizer
