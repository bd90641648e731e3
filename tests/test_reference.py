"""The exact answers that others are compared with."""

import math

import mpmath as mp
import pytest
import reference
from bounds import assert_close
from places import SOME


def test_the_reference_for_the_gradient_is_the_slope_of_that_for_the_loss():
    keys, values = SOME.keys[:9], SOME.values[:9]
    for w in [0.3, 4.0, -20.0]:
        with mp.workprec(reference.BITS):
            h = mp.ldexp(1, -35)
            above, below = (reference.loss_and_gradient(w + x, keys, values)[0] for x in (h, -h))
            # A central difference errs by h^2 L''' / 6, and by the rounding of losses over h.
            slope = (above - below) / (2 * h)
            assert abs(reference.loss_and_gradient(w, keys, values)[1] - slope) < 1e-18


def test_the_reference_for_predictions_matches_one_worked_out_by_hand():
    w = math.sqrt(2 * math.log(2))
    expected = [
        (2**-1 + 2 * 2**-9) / (1 + 2**-1 + 2**-9),
        (2**-1 + 2 * 2**-1) / (2**-4 + 2**-1 + 2**-1),
    ]
    results = reference.prediction([0, 2], [0, 1, 3], [0, 1, 2], w)
    assert_close([float(f) for f in results], expected, 1e-15)
    # In the middle of two keys 2e50 apart a step of 1e-62 makes a score of 2 out of w^2 / 2.
    tie, step = reference.prediction([0, 1e-62], [-1e50, 1e50], [0, 1], 1e6)
    assert tie == 0.5
    assert float(step) == pytest.approx(1 / (1 + math.exp(-2)), rel=1e-12)
