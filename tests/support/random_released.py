"""A model of the released sizes with random weights, written by transformers and peft as the authors' are.

    python -m tests.support.random_released OUT

Base: Llama-3.2-1B's config in bfloat16; adapter: LoRA of rank 128 on seven projections and the head, with
connector and memory saved whole; vision: siglip-large-patch16-384's tower. Needs peft, which the project does
not depend on. The tokenizer is the recorded tiny model's; ids beyond it have zero embeddings, so that what
the model writes is text.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, SiglipVisionConfig, SiglipVisionModel

from operators.memory.clam import Clam
from operators.memory.config import ClamConfig
from operators.narrator.connector import Connector

TINY = Path(__file__).parents[1] / "golden" / "tiny_model"
VISION_WIDTH = 1024

LLAMA_1B = {
    "vocab_size": 128256,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
    "tie_word_embeddings": True,
    "bos_token_id": 1098,
    "eos_token_id": 1099,
}
SIGLIP_LARGE = {
    "hidden_size": VISION_WIDTH,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 384,
    "patch_size": 16,
}
TARGETS = "model.*(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)|lm_head$"
SETTINGS = ("system_prompt", "user_prompt", "frame_token_interval", "eos_token_id", "bos_token_id")


class NarratorForTraining(LlamaForCausalLM):
    """The language model with connector and memory under the names of the released adapters."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__(config)
        self.connector = Connector(VISION_WIDTH, config.hidden_size)
        self.clustering = Clam(ClamConfig(VISION_WIDTH, num_memory_tokens=20, num_heads=8))


def write_random_released(path: Path) -> None:
    """Write base/, adapter/, vision/ and flownar_config.json."""
    torch.manual_seed(0)
    config = LlamaConfig(**LLAMA_1B)
    model = NarratorForTraining(config).to(torch.bfloat16)
    known = json.loads((TINY / "base" / "config.json").read_text())["vocab_size"]
    model.get_input_embeddings().weight.data[known:] = 0.0
    language = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.startswith(("connector", "clustering")) and name != "lm_head.weight"
    }
    LlamaForCausalLM.save_pretrained(model, path / "base", state_dict=language)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(TINY / "base" / name, path / "base")
    model.clustering.float()
    lora = LoraConfig(
        r=128,
        lora_alpha=256,
        target_modules=TARGETS,
        modules_to_save=["connector", "clustering"],
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, lora)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:  # peft starts them at zero
            torch.nn.init.normal_(parameter, std=0.01)
    adapted.peft_config["default"].base_model_name_or_path = "base"
    adapted.save_pretrained(path / "adapter")
    recorded = json.loads((TINY / "flownar_config.json").read_text())
    settings = {name: recorded[name] for name in SETTINGS}
    (path / "flownar_config.json").write_text(json.dumps(settings, indent=1))
    SiglipVisionModel(SiglipVisionConfig(**SIGLIP_LARGE)).to(torch.bfloat16).save_pretrained(path / "vision")


if __name__ == "__main__":
    write_random_released(Path(sys.argv[1]))
