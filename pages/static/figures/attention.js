// The formulas of chapters 3 to 5 on plain arrays of numbers, without a page. `nwlib` has the same in
// Python, and tests/node/ compares the two. What cannot be told is NaN: the weights where
// no key is in reach, the prediction without a key, the loss of a single point.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  const mean = (numbers) => sum(numbers) / numbers.length;
  const shares = (numbers) => {
    const total = sum(numbers);
    return numbers.map((number) => number / total);
  };

  // K(u), as nwlib.kernels.KERNELS has them; the Gaussian is (3.2).
  nw.kernels = {
    Gaussian: (u) => Math.exp(-(u ** 2) / 2) / Math.sqrt(2 * Math.PI),
    boxcar: (u) => (Math.abs(u) <= 1 ? 0.5 : 0),
    triangular: (u) => Math.max(0, 1 - Math.abs(u)),
    Epanechnikov: (u) => 0.75 * Math.max(0, 1 - u ** 2),
  };

  // (4.3), shifted as in (4.5). A score may be -Infinity: its weight is 0.
  nw.softmax = (scores) => {
    const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    return shares(scores.map((score) => Math.exp(score - largest)));
  };

  // The scores inside of (5.1): -((x - x_i) w)^2 / 2.
  nw.scores = (query, keys, w = 1) => keys.map((key) => -(((query - key) * w) ** 2) / 2);

  // (3.5), a query's weight for each key; the Gaussian's as a softmax, for any query.
  nw.weights = (query, keys, w = 1, kernel = "Gaussian") =>
    kernel === "Gaussian"
      ? nw.softmax(nw.scores(query, keys, w))
      : shares(keys.map((key) => nw.kernels[kernel]((query - key) * w)));

  // (5.2), the weights of key i over the others: its own score is masked.
  nw.looWeights = (i, keys, w) =>
    nw.softmax(nw.scores(keys[i], keys, w).map((score, j) => (j === i ? -Infinity : score)));

  // The weighted mean of the values.
  nw.pool = (weights, values) =>
    weights.length ? sum(weights.map((weight, i) => weight * values[i])) : NaN;

  nw.predict = (queries, keys, values, w = 1, kernel = "Gaussian") =>
    queries.map((query) => nw.pool(nw.weights(query, keys, w, kernel), values));

  // (5.3), the mean squared error of predicting each value from the others.
  nw.looLoss = (w, keys, values) =>
    mean(keys.map((_, i) => (nw.pool(nw.looWeights(i, keys, w), values) - values[i]) ** 2));

  // (5.4), the derivative of that loss.
  nw.looGradient = (w, keys, values) =>
    mean(
      keys.map((key, i) => {
        const weights = nw.looWeights(i, keys, w);
        const prediction = nw.pool(weights, values);
        const pull = weights.map((weight, j) => weight * (values[j] - prediction) * (key - keys[j]) ** 2);
        return 2 * (prediction - values[i]) * -w * sum(pull);
      }),
    );
})();
