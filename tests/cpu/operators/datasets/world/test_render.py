import av
import numpy as np
import pytest

from operators.datasets.world import WorldError, generate, read_sidecar
from operators.datasets.world.render import render_video, sidecar_path


def test_a_rendered_video_shows_the_frames_and_has_its_truth(tmp_path):
    video, path, progress = generate(100_000, 30.0), tmp_path / "bench.mp4", []
    render_video(video, path, fps=2, size=96, on_frame=lambda done, total: progress.append((done, total)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(frames) == 60
    assert progress[-1] == (60, 60)
    for number in (0, 31, 59):
        drawn = video.frame(number / 2, 96).astype(int)
        assert np.abs(frames[number] - drawn).mean() < 8
    assert read_sidecar(sidecar_path(path)).opening == video.opening


@pytest.mark.parametrize(("fps", "size"), [(0, 96), (-1, 96), (200, 96), (2, 97), (2, 10), (2, 4000)])
def test_settings_that_can_not_be_rendered_are_refused(tmp_path, fps, size):
    with pytest.raises(WorldError, match="can't be rendered"):
        render_video(generate(1, 30.0), tmp_path / "bench.mp4", fps=fps, size=size)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WorldError, match="nowhere"):
        render_video(generate(1, 30.0), tmp_path / "nowhere" / "bench.mp4", fps=2, size=96)
