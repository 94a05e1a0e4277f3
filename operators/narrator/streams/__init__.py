"""One stream: what it is narrated with, what it keeps, when it speaks; its state as bytes."""
