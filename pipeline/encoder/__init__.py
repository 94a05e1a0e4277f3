"""The pool of encoders: frames to frame tokens."""
