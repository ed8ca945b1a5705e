from __future__ import annotations

import numpy as np
import torch

from maskstream.models.geometry import upsample_scores
from maskstream.models.heatmaps import draw_heatmap, heatmaps
from tests.models.networks import NUM_CLASSES, narrow_paper_fcn, tiny_fcn


def test_the_hottest_class_of_a_pixel_is_its_label(rng: np.random.Generator) -> None:
    """After upsampling, maps are the probabilities that labels are the arg-max of."""
    model = tiny_fcn("fcn8s-tiny-slim")
    picture = rng.integers(0, 256, (64, 96, 3), np.uint8)

    maps = heatmaps(model, picture, (50, 70))

    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        scores = model(pixels)
        full = upsample_scores(scores, model.score_grid, (64, 96), (50, 70))
    assert maps.shape == (NUM_CLASSES, 50, 70)
    np.testing.assert_allclose(maps.sum(0), 1, rtol=1e-5)
    np.testing.assert_array_equal(maps.argmax(0), full.argmax(1)[0].numpy())


def test_before_upsampling_each_cell_shows_its_sample(
    rng: np.random.Generator,
) -> None:
    """Cells of 8x8 pixels are flat, and each holds what the network gave for it."""
    model = tiny_fcn("fcn8s-tiny-slim")
    picture = rng.integers(0, 256, (32, 64, 3), np.uint8)

    maps = heatmaps(model, picture, (32, 64), upsampled=False)

    with torch.inference_mode():
        scores = model(torch.from_numpy(picture).permute(2, 0, 1)[None].float())
    cells = scores.softmax(1)[0].numpy()  # (K, 4, 8)
    np.testing.assert_allclose(maps, cells.repeat(8, 1).repeat(8, 2), rtol=1e-5)


def test_cells_lie_where_the_papers_border_puts_them(
    rng: np.random.Generator,
) -> None:
    """Sample j of the paper's FCN-8s is centred at pixel 8 j - 23.5."""
    model = narrow_paper_fcn("fcn8s-vgg16-paper")
    picture = rng.integers(0, 256, (24, 24, 3), np.uint8)

    maps = heatmaps(model, picture, (24, 24), upsampled=False)

    edges = np.flatnonzero(np.diff(maps[0, 12]))
    assert (edges % 8 == 4).all()  # the last pixels nearer to 0.5 than to 8.5, ...
    assert edges.size


def test_heat_lies_over_the_picture() -> None:
    """Where there is no heat the picture is dark and grey, else yellow."""
    picture = np.full((2, 4, 3), (200, 100, 50), np.uint8)
    probabilities = np.zeros((2, 4), np.float32)
    probabilities[:, 2:] = 1

    drawn = draw_heatmap(probabilities, picture).astype(int)

    cold, hot = drawn[0, 0], drawn[0, 3]
    assert np.ptp(cold) <= 3
    assert cold.max() < 64
    assert hot.min() > 100
    assert hot[2] < hot[0]  # yellow, of red and green
