"""Settings of all unit tests: no threads for torch, and no deadlines for examples."""

import hypothesis
import torch

# Models in tests are tiny, and their threads would only wait for each other.
torch.set_num_threads(1)

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("flownar", deadline=None)
hypothesis.settings.load_profile("flownar")
