"""Attention from its oldest complete example: Nadaraya-Watson kernel regression, in NumPy.

Weights always have shape (queries, keys), and their rows sum to 1. The modules follow the
chapters: `data`, `kernels`, `attention`, `pooling`, `training`. `nwlib.fast` has the same for
many points. Pictures are in `nwlib.plots` and `nwlib.sliders`, which are imported by name and
need matplotlib and ipywidgets.
"""

from nwlib.attention import attention_weights, kernel_weights, softmax
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
    "softmax",
    "train",
    "triangular",
    "true_function",
]
