"""Scores of streamed videos."""

from dataclasses import replace

import numpy as np
import pytest

from operators.checkpoints.load import load_model
from operators.datasets.world import WorldNarration
from operators.encoder.frame_encoder import FrameEncoder
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FramePosition, Narration
from tests.support.tiny_model import write_tiny_model
from topologies.evaluate import narrate_videos, render_video
from topologies.evaluation_report import EvaluationReport, EvaluationVideo, score_video


def said(time_s: float, text: str, segment: int) -> Narration:
    position, time_ns = FramePosition(int(time_s * 2)), int(time_s * 1e9)
    return Narration(segment, position, position, time_ns, time_ns, text, (1,), 0.1, 0.5, segment == 0)


@pytest.fixture
def video():
    truth = (
        WorldNarration(1.0, 3.2, "picks up the red cup", False),
        WorldNarration(4.0, 6.1, "takes the blue ball out of the box", True),
        WorldNarration(8.0, 9.8, "opens the drawer", False),
    )
    return EvaluationVideo(7, np.zeros((20, 4, 4, 3), np.uint8), np.arange(20) / 2, "a bench", truth)


def test_the_opening_is_counted_apart_and_ends_after_the_last_frame_do_not_count(video):
    narrations = [
        said(0.0, "a bench", 0),
        said(3.5, "picks up the red cup", 1),
        said(6.5, "takes the red ball out of the box", 2),
    ]
    result = score_video(video, narrations)
    assert result.opening_right
    assert (result.score.predicted, result.score.expected, result.score.matched) == (2, 2, 1)
    assert (result.score.memory_expected, result.score.memory_matched) == (1, 0)


def test_the_report_adds_up(video):
    right = score_video(video, [said(0.0, "a bench", 0), said(3.5, "picks up the red cup", 1)])
    silent = score_video(video, [])
    report = EvaluationReport((right, silent), {"history": "clam"}).to_json()
    assert report["history"] == "clam"
    assert report["narrations"] == 1
    assert report["true_narrations"] == 4
    assert report["f1"] == pytest.approx(2 / 5)
    assert report["openings_right"] == 0.5
    assert [row["matched"] for row in report["videos"]] == [1, 0]
    assert not report["videos"][1]["opening_right"]


def test_videos_side_by_side_say_what_each_says_alone(tmp_path):
    path = write_tiny_model(tmp_path)
    encoder, model = FrameEncoder.load(path, "cpu"), load_model(path, "cpu")
    videos = [
        render_video(seed, duration_s=duration_s, fps=2.0, image_size=encoder.image_size)
        for seed, duration_s in ((200000, 30.0), (200001, 33.0))
    ]
    assert videos[0].frames.shape == (60, encoder.image_size, encoder.image_size, 3)
    settings = StreamSettings.from_config(model.config)
    told = []
    together = narrate_videos(encoder, model, videos, settings, lambda *work: told.append(work))
    assert told[-1] == ("narrating", 126, 126)
    for video, result in zip(videos, together, strict=True):
        assert narrate_videos(encoder, model, [video], settings)[0].narrations == result.narrations
        assert len(result.narrations) > 1
    blind = narrate_videos(encoder, model, videos, replace(settings, history="none"))
    assert [result.seed for result in blind] == [200000, 200001]
