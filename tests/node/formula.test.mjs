// The steps from scores to a prediction, and the sentence that tells them.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../pages/static/figures/attention.js";
import "../../pages/static/figures/plot.js";
import "../../pages/static/figures/formula.js";
import { same, says } from "./says.mjs";

const { keys, values, queries, results } = says.cases.ordinary;
const { w, scores, weights, predictions } = results.find((said) => said.w === 1);

test("each row follows from the one before, and the last sums to nwlib's prediction", () => {
  queries.forEach((query, i) => {
    const steps = nw.steps(nw.scores(query, keys), values);
    same(steps.scores, scores[i], "scores");
    same(steps.exponentials.map((one) => one / steps.total), weights.Gaussian[i], "ratio");
    same(steps.weights, weights.Gaussian[i], "weights");
    same(steps.products.reduce((a, b) => a + b), predictions.Gaussian[i], "sum of the products");
    same(steps.sum, predictions.Gaussian[i], "sum");
  });
});

const told = (query, keys, values, i) => {
  const data = { keys, values, queries: [query] };
  const steps = nw.steps(nw.scoresOf(data, 0), values);
  return nw.tellSteps(nw.pair(data, 0, i), steps, values, i);
};

test("the sentence has the numbers of an example worked out by hand", () => {
  // e^-2 = 0.135; 0.135 / 1.135 = 0.119, times 3 is 0.358; and 0.881 + 0.358 = 1.24
  assert.equal(
    told(0, [0, 2], [1, 3], 1),
    "The query x = 0.00 and key 2 of 2, at 2.00: score -2.000, exponential 0.135 of 1.135 in all, " +
      "weight 0.119; times its value 3.00 that is 0.358. All products sum to 1.24.",
  );
});

test("three tokens have the numbers that page 7 works out by hand", () => {
  const root = Math.sqrt(2);
  const names = ["red", "apple", "pie"];
  const data = { keys: [0, 1, 2], queries: [0, 1, 2], names, table: [[], [], [root, 0, -root]] };
  const steps = nw.steps(nw.scoresOf(data, 2), [1, 2, 1]);
  assert.match(
    nw.tellSteps(nw.pair(data, 2, 0), steps, [1, 2, 1], 0),
    /^The query of pie and the key of red: score 1\.414, exponential 4\.113 of 5\.356 in all, weight 0\.768;.* 1\.19\.$/,
  );
});

test("a head with the matrix of (7.6) is the formula, whatever is taken from its scores", () => {
  const data = { keys, queries, matrices: [[[0, 0], [0, 0]], [[1, 0], [0, -0.5]]], taken: [0, 9] };
  queries.forEach((_, q) => {
    const scores = nw.scoresOf(data, q, 1);
    for (const shift of [0, Math.max(...scores)]) {
      const steps = nw.steps(scores, values, shift);
      same(steps.exponentials.map((one) => one / steps.total), weights.Gaussian[q], "ratio");
      same(steps.sum, predictions.Gaussian[q], "sum");
    }
    same(nw.scoresOf(data, q, 0), keys.map(() => 0), "scores of the average");
  });
  assert.match(nw.pair(data, 0, 0, 1), /^After 9 steps, the query x = 0\.00 and key 1 of 50/);
  assert.match(nw.pair({ ...data, taken: [0, 1] }, 0, 0, 1), /^After 1 step, /);
});

test("no key, one key and a far query are told without NaN", () => {
  assert.match(told(1, [], [], 0), /no key/);
  assert.match(told(1, [4], [7], 0), /weight 1\.000.*sum to 7\.00/);
  assert.match(told(1e6, [4, 5], [7, 8], 0), /weight 0\.000.*sum to 8\.00/);
  assert.match(told(1, [1, 1], [2, 4], 0), /weight 0\.500.*sum to 3\.00/);
  for (const [query, keys] of [[1, []], [1e6, [4, 5]]]) {
    assert.doesNotMatch(told(query, keys, keys, 0), /NaN|none|undefined|Infinity/);
  }
});
