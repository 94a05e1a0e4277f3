"""The tokenizer of a language model's folder."""

from pathlib import Path

from tokenizers import Tokenizer

from operators.checkpoints.files import read_text
from operators.errors import CheckpointError

FILE = "tokenizer.json"


def load_tokenizer(path: Path) -> Tokenizer:
    """Load tokenizer.json of the folder `path`.

    Raises:
        CheckpointError: tokenizer.json is missing or broken.
    """
    text = read_text(path, FILE)
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(
            f"{path / FILE} is no tokenizer of the tokenizers library: {error}.",
            action="Save it again with Tokenizer.save.",
        ) from error
    return tokenizer
