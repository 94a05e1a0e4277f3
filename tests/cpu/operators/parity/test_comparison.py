"""Comparing with recorded values."""

import math

from operators.parity.comparison import Comparison


def compared(*, ours, recorded, tolerance=0.1):
    comparison = Comparison("a.json", "clam")
    comparison.close("x", ours, recorded, tolerance)
    return comparison.result()


def test_the_largest_difference_is_told():
    result = compared(ours=[1.0, 2.0, 3.05], recorded=[1.0, 2.0, 3.0])
    assert result.passed
    assert math.isclose(result.max_diff, 0.05, abs_tol=1e-9)
    assert (result.tolerance, result.detail) == (0.1, "x")


def test_beyond_the_tolerance_the_place_is_named():
    result = compared(ours=[[1.0], [2.5]], recorded=[[1.0], [2.0]])
    assert not result.passed
    assert "x[1][0] is 2.5, recorded 2" in result.detail


def test_shapes_and_what_is_not_a_number_differ():
    assert not compared(ours=[1.0], recorded=[1.0, 1.0]).passed
    assert not compared(ours=[math.nan], recorded=[1.0]).passed
    assert not compared(ours=[math.inf], recorded=[1.0]).passed
    assert compared(ours=[math.nan, math.inf], recorded=[math.nan, math.inf]).passed


def test_the_worst_in_proportion_to_its_tolerance_is_shown():
    comparison = Comparison("a.json", "clam")
    comparison.close("rough", [1.0], [1.5], 10.0)
    comparison.close("fine", [1.0], [1.001], 0.01)
    assert comparison.result().detail == "fine"
    comparison.equal("text", ["a", ["b"]], ["a", ["c"]])
    result = comparison.result()
    assert not result.passed
    assert "text[1][0] is 'b', recorded 'c'" in result.detail
    assert (result.max_diff, result.tolerance) == (1.0, 0.0)


def test_lists_of_other_lengths_differ():
    comparison = Comparison("a.json", "clam")
    comparison.equal("x", [1, 2], (1, 2))
    assert comparison.result().passed
    comparison.equal("x", [1, 2], [1, 2, 3])
    assert "x has 2 items, recorded 3" in comparison.result().detail
