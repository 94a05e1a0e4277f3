"""What a memory knows, by how long it has been hidden."""

import numpy as np

from operators.training.memory_age import accuracy_by_age, hidden_ages


def test_age_counts_from_the_last_change():
    labels = np.array([[0, 3], [5, 3], [5, 3], [6, 3], [0, -1]], dtype=np.int16)
    ages = hidden_ages(labels, fps=2.0)
    np.testing.assert_equal(ages[:, 0], [np.nan, 0.0, 0.5, 0.0, np.nan])
    np.testing.assert_equal(ages[:, 1], [0.0, 0.5, 1.0, 1.5, np.nan])


def test_accuracy_is_grouped():
    ages = np.array([np.nan, 1.0, 6.9, 7.0, 30.0, 90.0])
    right = np.array([1.0, 0.0, 1.0, 1.0, np.nan, 0.0])
    shares = accuracy_by_age(right, ages)
    assert shares["empty"] == 1.0
    assert shares["0-7 s"] == 0.5
    assert shares["7-14 s"] == 1.0
    assert np.isnan(shares["26-60 s"])
    assert shares["60-inf s"] == 0.0
