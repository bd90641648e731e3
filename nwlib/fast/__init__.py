"""The same numbers as the core's, exact to rounding, in time that grows with q + n, not q n.

Everything here is a sum over keys, ``sum_i exp(-((x - x_i) w)^2 / 2) c_i``, for one or more
columns c, computed in one of three ways: pair by pair, from scores relative to the nearest key
(_scores); pair by pair for the keys in a window around each query (_windows); or through a
grid, the fast Gauss transform (_grid). The appendix "Linear time" builds the third step by step
and derives the bound on its error.
"""

from nwlib.fast._fit import fit_w
from nwlib.fast._loss import loss_and_gradient
from nwlib.fast._prediction import nadaraya_watson

__all__ = ["fit_w", "loss_and_gradient", "nadaraya_watson"]
