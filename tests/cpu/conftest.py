"""One thread for torch: models in tests are tiny, and their threads would only wait for each other."""

import torch

torch.set_num_threads(1)
