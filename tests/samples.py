"""Data sets, ordinary and odd, on which scales are learned."""

import numpy as np

import nwlib as nw


def course(seed):
    """Return the keys and values of a data set of the course."""
    data = nw.make_dataset(np.random.default_rng(seed))
    return data.x_train, data.y_train


def with_duplicates(seed=1):
    keys, values = course(seed)
    return keys.round(1), values


def in_clusters(seed=1):
    keys, values = course(seed)
    return keys + 100 * (keys > 2.5), values


def noise(seed):
    """Values that have nothing to do with the keys: a loss with many shallow minima."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 5, 50), rng.normal(size=50)


def in_two_places(seed):
    """Two waves of different lengths, which ask for two different scales."""
    rng = np.random.default_rng(seed)
    keys = np.append(rng.uniform(0, 1, 25), rng.uniform(100, 200, 25))
    return keys, np.sin(np.where(keys < 2, 9 * keys, keys / 9)) + rng.normal(0, 0.1, 50)


def with_long_tails(seed):
    rng = np.random.default_rng(seed)
    keys = rng.standard_t(1.5, 50)
    return keys, np.tanh(keys) + rng.normal(0, 0.2, 50)


def rounded(seed):
    """Duplicated keys and tied values."""
    keys, values = course(seed)
    return keys.round(1), values.round()


def wave(keys):
    """Return values that differ from key to key, in no order."""
    return np.cos(1e3 * np.arange(len(keys)))
