"""Where the model lies in a folder of recorded numbers."""

MODEL_FOLDER = "tiny_model"
"""The model that made the numbers: base, adapter and settings."""

SETTINGS_FILE = f"{MODEL_FOLDER}/flownar_config.json"
"""Its settings and special ids."""
