// The steps from scores to a prediction, and the sentence that tells them.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../_static/figures/attention.js";
import "../../_static/figures/plot.js";
import "../../_static/figures/formula.js";
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

test("the sentence has the numbers of an example worked out by hand", () => {
  const told = nw.tellSteps(0, [0, 2], [1, 3], 1);
  // e^-2 = 0.135; 0.135 / 1.135 = 0.119, times 3 is 0.358; and 0.881 + 0.358 = 1.24
  assert.equal(
    told,
    "The query x = 0.00 and key 2 of 2, at 2.00: score -2.000, exponential 0.135 of 1.135 in all, " +
      "weight 0.119; times its value 3.00 that is 0.358. All products sum to 1.24.",
  );
});

test("no key, one key and a far query are told without NaN", () => {
  assert.match(nw.tellSteps(1, [], [], 0), /no key/);
  assert.match(nw.tellSteps(1, [4], [7], 0), /weight 1\.000.*sum to 7\.00/);
  assert.match(nw.tellSteps(1e6, [4, 5], [7, 8], 0), /weight 0\.000.*sum to 8\.00/);
  assert.match(nw.tellSteps(1, [1, 1], [2, 4], 0), /weight 0\.500.*sum to 3\.00/);
  for (const [query, keys] of [[1, []], [1e6, [4, 5]]]) {
    assert.doesNotMatch(nw.tellSteps(query, keys, keys, 0), /NaN|none|undefined|Infinity/);
  }
});
