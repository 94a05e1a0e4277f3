import numpy as np
import pytest

from operators.datasets.world.pen import Pen
from operators.datasets.world.sprites import blit


@pytest.fixture
def square():
    pen = Pen(10, 10, 10, 10)
    pen.rect(-5, -5, 5, 5, (200, 100, 50))
    return pen.sprite(384)


def _canvas():
    return np.full((40, 40, 3), 10, np.uint8)


def test_a_sprite_covers_what_is_under_it_and_nothing_else(square):
    image = _canvas()
    blit(image, square, 20.0, 20.0)
    np.testing.assert_allclose(image[20, 20], (200, 100, 50), atol=2)
    assert (image[:12] == 10).all()
    assert (image[:, 29:] == 10).all()


def test_fractions_of_a_pixel_move_a_sprite(square):
    centres = []
    for x in (20.0, 20.25, 20.5):
        image = _canvas()
        blit(image, square, x, 20.0)
        weight = image[20, :, 0] - 10.0
        centres.append((weight * np.arange(40)).sum() / weight.sum())
    np.testing.assert_allclose(np.diff(centres), 0.25, atol=0.05)


@pytest.mark.parametrize("position", [(-40.0, 5.0), (5.0, 90.0), (-4.0, -4.0), (41.0, 38.0)])
def test_sprites_may_leave_the_picture(square, position):
    image = _canvas()
    blit(image, square, *position, angle_deg=33.0)
    assert image.shape == (40, 40, 3)


def test_a_shadow_darkens(square):
    image = np.full((40, 40, 3), 200, np.uint8)
    blit(image, square, 20.0, 20.0, shadow=0.5)
    assert 95 <= image[20, 20, 0] <= 115
    assert image[2, 2, 0] == 200


def test_a_mirrored_sprite_is_upside_down():
    pen = Pen(10, 10, 10, 10)
    pen.rect(-5, -8, 5, 0, (200, 200, 200))
    upright, mirrored = _canvas(), _canvas()
    blit(upright, pen.sprite(384), 20.0, 20.0)
    blit(mirrored, pen.sprite(384), 20.0, 20.0, mirror=True)
    assert upright[15, 20, 0] > 150 > upright[25, 20, 0]
    assert mirrored[25, 20, 0] > 150 > mirrored[15, 20, 0]
