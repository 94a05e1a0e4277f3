import pytest

from operators.datasets.world import (
    TEST_SEEDS,
    TRAIN_SEEDS,
    VALIDATION_SEEDS,
    WorldError,
    generate,
    read_sidecar,
    write_sidecar,
)


def test_seed_ranges_do_not_overlap():
    assert (TRAIN_SEEDS.start, TRAIN_SEEDS.stop) == (0, 100_000)
    assert (VALIDATION_SEEDS.start, VALIDATION_SEEDS.stop) == (100_000, 200_000)
    assert (TEST_SEEDS.start, TEST_SEEDS.stop) == (200_000, 900_000)


@pytest.mark.parametrize("seed", [-1, 900_000, 2_000_000])
def test_seeds_that_are_kept_back_are_refused(seed):
    with pytest.raises(WorldError, match=str(seed)) as caught:
        generate(seed, 60.0)
    assert "200000-899999" in caught.value.action


@pytest.mark.parametrize("duration_s", [0.0, 29.9, 7200.1, float("nan")])
def test_lengths_that_no_video_has_are_refused(duration_s):
    with pytest.raises(WorldError, match="long"):
        generate(1, duration_s)


def test_a_sidecar_comes_back_as_it_was_written(tmp_path):
    truth = generate(200_001, 60.0).truth
    write_sidecar(tmp_path / "truth.json", truth)
    again = read_sidecar(tmp_path / "truth.json")
    assert (again.seed, again.duration_s, again.opening) == (truth.seed, truth.duration_s, truth.opening)
    assert len(again.narrations) == len(truth.narrations)
    for read, written in zip(again.narrations, truth.narrations, strict=True):
        assert (read.text, read.needs_memory) == (written.text, written.needs_memory)
        assert read.start_s == pytest.approx(written.start_s, abs=5e-4)
        assert read.end_s == pytest.approx(written.end_s, abs=5e-4)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"seed": 1}', '{"narrations": [1]}'])
def test_a_file_that_is_no_sidecar_is_refused(tmp_path, content):
    path = tmp_path / "truth.json"
    path.write_text(content)
    with pytest.raises(WorldError, match=r"truth\.json"):
        read_sidecar(path)


def test_a_missing_sidecar_is_refused(tmp_path):
    with pytest.raises(WorldError):
        read_sidecar(tmp_path / "none.json")
