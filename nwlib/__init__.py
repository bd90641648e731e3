"""Attention from its oldest complete example: Nadaraya-Watson kernel regression, in NumPy.

The modules follow the chapters: `data`, `kernels`, `attention`, `pooling`, `training`. Where a
function has a formula, that is its body. `nwlib.fast` has the same for many points, and with all
digits. Pictures are in `nwlib.plots` and `nwlib.sliders`, which are imported by name and need
matplotlib and ipywidgets.

In all shapes q is the number of queries, n of keys; weights are always (q, n), and their rows sum
to 1. The scale w is in units of 1/x, its inverse is the bandwidth, and its sign carries no meaning.

Limits, where a function does not say otherwise: arrays are not empty and hold real numbers, finite
and at most 1e50 in size, of any real type, which become float64; w is finite and at most 1e6 in
size. What breaks a rule is a ValueError, and what is of the wrong type a TypeError; the message
names the argument, the rule and what came. Arguments are never changed.
"""

from nwlib.attention import attention_weights, kernel_weights, scores, softmax
from nwlib.data import Dataset, make_dataset, true_function
from nwlib.kernels import boxcar, epanechnikov, gaussian, triangular
from nwlib.pooling import attention_pooling, average_pooling, nadaraya_watson
from nwlib.training import History, fit_w, gradient, leave_one_out_weights, loss, train

__all__ = [
    "Dataset",
    "History",
    "attention_pooling",
    "attention_weights",
    "average_pooling",
    "boxcar",
    "epanechnikov",
    "fit_w",
    "gaussian",
    "gradient",
    "kernel_weights",
    "leave_one_out_weights",
    "loss",
    "make_dataset",
    "nadaraya_watson",
    "scores",
    "softmax",
    "train",
    "triangular",
    "true_function",
]
