"""The sequence that the language model reads: pieces of token ids, masks over them, whole passes."""
