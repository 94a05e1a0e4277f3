"""The comparison is sharp: with any one of these faults in the code, `flownar parity` fails."""

import json
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from operators.narrator.context import REFERENCE
from operators.narrator.sequences.reference_mask import causal_mask
from tests.support.recorded import write_small_folder
from topologies.cli import build_app


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory):
    return write_small_folder(tmp_path_factory.mktemp("recorded"))


def run_parity(folder, part):
    result = CliRunner().invoke(build_app(), ["parity", str(folder), "--part", part, "--json"])
    return result.exit_code, json.loads(result.stdout)


def memory_one_frame_late_in_streaming(patch):
    from operators.narrator.streams.memory_slots import HistoryPool

    update, held = HistoryPool.update, {}

    def late(pool, slots, features):
        before = [held.get((pool, slot)) for slot in slots]
        held.update({(pool, slot): row for slot, row in zip(slots, features, strict=True)})
        if all(row is not None for row in before):
            update(pool, slots, torch.stack(before))

    patch.setattr(HistoryPool, "update", late)


def memory_one_frame_late_in_teacher_forcing(patch):
    from operators.narrator.sequences import teacher

    right = teacher.memory_reads
    patch.setattr(teacher, "memory_reads", lambda read, frames: right((read - 1).clamp(min=0), frames))


def lora_ten_percent_stronger(patch):
    from operators.checkpoints.released.lora import LoraConfig

    right = LoraConfig.scale_of
    patch.setattr(LoraConfig, "scale_of", lambda config, module: 1.1 * right(config, module))


def causal_mask_in_teacher_forcing(patch):
    patch.setattr("operators.parity.teacher.mask_in_force", lambda ids, *_: causal_mask(len(ids)))


def causal_mask_alone(patch):
    patch.setattr("operators.parity.mask.reference_mask", lambda ids, **_: causal_mask(len(ids)))


def rope_scaling_off(patch):
    from operators.narrator.language.rope_config import RopeConfig

    right = RopeConfig.frequencies
    patch.setattr(RopeConfig, "frequencies", lambda rope, dim: right(replace(rope, rope_type="default"), dim))


def gate_divided_by_16(patch):
    from operators.memory.clam_layer import GatedCrossAttention

    right = GatedCrossAttention.token_fields

    def divided(attention, tokens):
        fields = right(attention, tokens)
        return fields._replace(log_gates=fields.log_gates / 16)

    patch.setattr(GatedCrossAttention, "token_fields", divided)


def newlines_pruned(patch):
    patch.setattr("operators.parity.stream.REFERENCE", replace(REFERENCE, keep_newlines=False))


def memory_read_after_the_whole_frame(patch):
    patch.setattr("operators.parity.stream.REFERENCE", replace(REFERENCE, memory_read="whole_frame"))


def perplexity_pooled_over_turns(patch):
    def pooled(turns):
        return float(torch.cat(turns).mean().exp())

    patch.setattr("operators.scoring.teacher_metrics.mean_perplexity", pooled)


MUTATIONS = [
    (memory_one_frame_late_in_streaming, "stream"),
    (memory_one_frame_late_in_teacher_forcing, "teacher"),
    (lora_ten_percent_stronger, "stream"),
    (lora_ten_percent_stronger, "teacher"),
    (causal_mask_alone, "mask"),
    (causal_mask_in_teacher_forcing, "teacher"),
    (rope_scaling_off, "stream"),
    (rope_scaling_off, "teacher"),
    (gate_divided_by_16, "clam"),
    (gate_divided_by_16, "stream"),
    (gate_divided_by_16, "teacher"),
    (newlines_pruned, "stream"),
    (memory_read_after_the_whole_frame, "stream"),
    (perplexity_pooled_over_turns, "teacher"),
]


@pytest.mark.parametrize(("mutate", "part"), MUTATIONS, ids=lambda value: getattr(value, "__name__", value))
def test_a_fault_makes_it_fail(small_folder, monkeypatch, mutate, part):
    mutate(monkeypatch)
    exit_code, report = run_parity(small_folder, part)
    assert exit_code == 1
    assert report["passed"] is False
    assert any(not file["passed"] for file in report["files"])


@pytest.mark.parametrize("part", ["clam", "mask", "stream", "teacher"])
def test_without_a_fault_it_passes(small_folder, part):
    exit_code, report = run_parity(small_folder, part)
    assert (exit_code, report["passed"]) == (0, True)
    assert {"file", "part", "max_diff", "tolerance", "passed"} <= report["files"][0].keys()
    assert {file["part"] for file in report["files"]} == {part}
