"""Time of 50 x 50 attention beside the plain expression, and memory of a large prediction.

Run with `make bench`. The two contestants take turns, so that a noisy machine troubles both.
"""

import statistics
import timeit
import tracemalloc

import numpy as np

from nwlib import attention_pooling, attention_weights, make_dataset, nadaraya_watson

ROUNDS, CALLS = 31, 300


def plain(queries, keys, values, w=1.0):
    """The max-shifted expression, without any validation."""
    scores = -(((queries[:, None] - keys) * w) ** 2) / 2
    scores = scores - scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    return weights / weights.sum(axis=1, keepdims=True) @ values


def ours(queries, keys, values, w=1.0):
    return attention_pooling(attention_weights(queries, keys, w), values)


def compare_time():
    data = make_dataset(np.random.default_rng(0))
    arguments = data.x_test, data.x_train, data.y_train
    assert np.allclose(plain(*arguments), ours(*arguments), rtol=1e-13)
    seconds = {plain: [], ours: []}
    for _ in range(ROUNDS):
        for contestant, taken in seconds.items():
            taken.append(timeit.timeit(lambda c=contestant: c(*arguments), number=CALLS) / CALLS)
    ratio = statistics.median(b / a for a, b in zip(seconds[plain], seconds[ours], strict=True))
    print("50 queries x 50 keys, median microseconds a call:")
    for contestant, taken in seconds.items():
        print(f"  {contestant.__name__:5} {1e6 * statistics.median(taken):6.1f}")
    print(f"  ratio ours / plain, median of {ROUNDS} pairs: {ratio:.2f} (to reach: 1.6)")


def measure_memory(n=20_000):
    rng = np.random.default_rng(0)
    keys, values, queries = rng.uniform(0, 5, n), rng.normal(size=n), rng.uniform(0, 5, n)
    tracemalloc.start()
    nadaraya_watson(queries, keys, values, 10.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{n:,} queries x {n:,} keys: peak memory {peak / 1e6:.1f} MB (to stay under: 100)")


if __name__ == "__main__":
    compare_time()
    measure_memory()
