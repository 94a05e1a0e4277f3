import cv2
import numpy as np
import pytest

from operators.datasets.world import WorldError, generate
from operators.datasets.world.sheet import PICTURE_PIXELS, contact_sheet, write_png


def test_a_sheet_has_a_cell_for_every_narration(tmp_path):
    video = generate(1, 30.0)
    sheet = contact_sheet(video, columns=2)
    num_rows = -(-len(video.narrations) // 2)
    assert sheet.shape[0] > num_rows * PICTURE_PIXELS
    assert sheet.shape[1] > 2 * 2 * PICTURE_PIXELS
    write_png(tmp_path / "sheet.png", sheet)
    read = cv2.cvtColor(cv2.imread(str(tmp_path / "sheet.png")), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(read, sheet)


def test_a_sheet_that_can_not_be_written_is_an_error(tmp_path):
    with pytest.raises(WorldError, match="nowhere"):
        write_png(tmp_path / "nowhere" / "sheet.png", np.zeros((4, 4, 3), np.uint8))
