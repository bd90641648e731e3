"""The nearest key, of which two may be equally near."""

import numpy as np

from nwlib.fast import _scores


def test_of_two_equally_near_keys_the_lower_is_the_nearest():
    queries, keys = np.array([0.5, 2.5, 2.75, 9, -9]), np.array([3.0, 0, 1, 2])
    np.testing.assert_array_equal(_scores.nearest_key(queries, keys), [0, 2, 3, 3, 0])


def test_of_two_equally_near_other_keys_the_lower_is_the_nearest():
    keys = np.array([10.0, 1, 0, 2, 2])
    np.testing.assert_array_equal(_scores.nearest_other_key(keys), [2, 0, 1, 2, 2])
