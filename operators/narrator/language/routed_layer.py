"""A decoder layer that lets only the best vision tokens of every frame pass (VideoLLM-MoD)."""

from torch import Tensor, nn
from torch.nn import functional

from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.decoder_layer import Attention, DecoderLayer
from operators.narrator.language.frame_rows import FrameRows
from operators.narrator.language.mixture_of_depths import MixtureOfDepths


class RoutedLayer(DecoderLayer):
    """A layer with a router: the LayerExpert of VideoLLM-MoD (Wu et al., arXiv 2408.16730, figure 3).

    With x_i a vision token on entering the layer, its score is r_i = w . x_i (linear, no squashing), and

        x'_i = x_i + r_i f_i(X)     if r_i is among the k best of its frame,
        x'_i = x_i                  otherwise,

    where f is what attention and MLP add together and X holds text, memory and the chosen tokens (Raposo et
    al., arXiv 2404.02258, eq. 1). Text and memory pass with weight 1. Only the rows of X are computed, and
    only they have keys.
    """

    def __init__(self, config: DecoderConfig, depths: MixtureOfDepths) -> None:
        super().__init__(config)
        self.depths = depths
        self.router = nn.Linear(config.hidden_size, 1, bias=False)

    def forward(self, hidden: Tensor, number: int, attention: Attention, frames: FrameRows | None) -> Tensor:
        """See `DecoderLayer`. Scores are float32; a pass without frames is that of a plain layer."""
        if frames is None:
            return super().forward(hidden, number, attention, None)
        scores = functional.linear(hidden[frames.vision].float(), self.router.weight.float()).squeeze(-1)
        rows, weights = frames.passing(scores, self.depths.num_passing(scores.shape[1]))
        before = hidden[rows]  # [R, hidden]
        attended = self.attend(before, number, attention, rows)
        change = attended + self.transform(before + attended)
        return hidden.index_copy(0, rows, before + weights.to(hidden.dtype)[:, None] * change)
