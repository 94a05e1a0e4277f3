"""A released model: language model, LoRA adapter with connector and memory, settings."""
