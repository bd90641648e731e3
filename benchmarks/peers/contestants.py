"""All that benchmarks/peers.py compares: each contestant is one function, with the same arguments.

What a function needs is imported in it, so that a peer which is missing troubles no other. An
import of what is loaded takes 0.1 to 0.5 microseconds.
"""

import numpy as np

# ---- Prediction: queries (m,), keys (n,), values (n,), inverse bandwidth w ----


def numpy_naive(queries, keys, values, w):
    weights = np.exp(-(((queries[:, None] - keys) * w) ** 2) / 2)
    return weights @ values / weights.sum(axis=1)


def numpy_shifted(queries, keys, values, w):
    scores = -(((queries[:, None] - keys) * w) ** 2) / 2
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ values


def torch_softmax(queries, keys, values, w):
    import torch

    queries, keys, values = map(torch.from_numpy, (queries, keys, values))
    scores = -(((queries[:, None] - keys) * w) ** 2) / 2
    return (torch.softmax(scores, dim=1) @ values).numpy()


def torch_attention(queries, keys, values, w):
    """Products of (x w, 1) and (x_i w, -(x_i w)^2 / 2), which lack only what softmax ignores."""
    import torch

    queries, keys, values = (torch.from_numpy(a) for a in (queries * w, keys * w, values))
    query = torch.stack([queries, torch.ones_like(queries)], dim=1)
    key = torch.stack([keys, -(keys**2) / 2], dim=1)
    value = torch.stack([values, torch.zeros_like(values)], dim=1)  # two columns, for its fast path
    attention = torch.nn.functional.scaled_dot_product_attention
    return attention(query[None, None], key[None, None], value[None, None], scale=1.0)[
        0, 0, :, 0
    ].numpy()


def sklearn_kernel(queries, keys, values, w):
    from sklearn.metrics.pairwise import rbf_kernel

    weights = rbf_kernel(queries[:, None], keys[:, None], gamma=w**2 / 2)
    return weights @ values / weights.sum(axis=1)


def statsmodels_fit(queries, keys, values, w):
    from statsmodels.nonparametric.kernel_regression import KernelReg

    return KernelReg(values, keys, "c", reg_type="lc", bw=[1 / w], rng=0).fit(queries)[0]


def kernelsmooth_predict(queries, keys, values, w):
    from kernelsmooth.kernel_regression import KernelRegression

    bandwidth = 1 / (w * np.std(keys, ddof=1))  # it is in units of the keys' deviation
    model = KernelRegression(bandwidth, diag_cov=True).fit(keys[:, None], values)
    return model.predict(queries[:, None])


def keops(queries, keys, values, w):
    from pykeops.numpy import LazyTensor

    query, key = LazyTensor((queries * w)[:, None, None]), LazyTensor((keys * w)[None, :, None])
    scores = -((query - key) ** 2) / 2
    return scores.sumsoftmaxweight(LazyTensor(values[None, :, None]), axis=1)[:, 0]


def figtree(queries, keys, values, w):
    from pyfigtree import figtree

    sums = figtree(
        keys, queries, np.stack([values, np.ones_like(values)]), np.sqrt(2) / w, epsilon=1e-12
    )
    return sums[: queries.size] / sums[queries.size :]


def skfda_hat_matrix(queries, keys, values, w):
    from skfda.misc.hat_matrix import NadarayaWatsonHatMatrix

    distances = np.abs(queries[:, None] - keys)
    hat = NadarayaWatsonHatMatrix(bandwidth=1 / w)
    return hat(delta_x=distances, X_train=keys, X=queries, y_train=values)


def nwlib_fast(queries, keys, values, w):
    from nwlib import fast

    return fast.nadaraya_watson(queries, keys, values, w)


PREDICTORS = {
    "NumPy, naive": numpy_naive,
    "NumPy, max-shifted": numpy_shifted,
    "torch softmax": torch_softmax,
    "torch attention": torch_attention,
    "scikit-learn": sklearn_kernel,
    "statsmodels": statsmodels_fit,
    "kernelsmooth": kernelsmooth_predict,
    "KeOps": keops,
    "FIGTree 1e-12": figtree,
    "scikit-fda": skfda_hat_matrix,
    "nwlib.fast": nwlib_fast,
}

# ---- Choosing w by leave-one-out: keys (n,), values (n,) ----


def kernelsmooth_lscv(keys, values):
    from kernelsmooth.kernel_regression import KernelRegression

    model = KernelRegression("lscv", diag_cov=True).fit(keys[:, None], values)
    return 1 / (model.bandwidth * model.L).item()


def statsmodels_cv_ls(keys, values):
    from statsmodels.nonparametric.kernel_regression import KernelReg

    return 1 / KernelReg(values, keys, "c", reg_type="lc", bw="cv_ls", rng=0).bw.item()


def torch_descent(keys, values):
    """L-BFGS on log w, with gradients from autograd, from the rule of thumb to convergence."""
    import torch

    keys, values = torch.from_numpy(keys), torch.from_numpy(values)
    halves = (keys[:, None] - keys) ** 2 / 2
    itself = torch.diag(torch.full_like(keys, -torch.inf))
    log_w = torch.tensor(0.2 * np.log(len(keys)), dtype=keys.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_w], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        weights = torch.softmax(itself - halves * torch.exp(2 * log_w), dim=1)
        error = ((weights @ values - values) ** 2).mean()
        error.backward()
        return error

    optimizer.step(loss)
    return torch.exp(log_w).item()


def skfda_search(keys, values):
    """The best of 40 bandwidths: it has a search over a list only."""
    import skfda
    from skfda.misc.hat_matrix import NadarayaWatsonHatMatrix
    from skfda.preprocessing.smoothing import KernelSmoother
    from skfda.preprocessing.smoothing.validation import (
        LinearSmootherLeaveOneOutScorer,
        SmoothingParameterSearch,
    )

    order = np.argsort(keys)
    curve = skfda.FDataGrid(values[order], keys[order])
    search = SmoothingParameterSearch(
        KernelSmoother(NadarayaWatsonHatMatrix()),
        np.geomspace(0.01, 1, 40) * np.ptp(keys),
        param_name="kernel_estimator__bandwidth",
        scoring=LinearSmootherLeaveOneOutScorer(),
    ).fit(curve)
    return 1 / search.best_params_["kernel_estimator__bandwidth"]


def nwlib_fit_w(keys, values):
    from nwlib import fast

    return fast.fit_w(keys, values)


SELECTORS = {
    "kernelsmooth": kernelsmooth_lscv,
    "statsmodels": statsmodels_cv_ls,
    "torch, L-BFGS": torch_descent,
    "scikit-fda, list of 40": skfda_search,
    "nwlib.fast.fit_w": nwlib_fit_w,
}
