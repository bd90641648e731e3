// The formulas in JavaScript against those of nwlib, whose numbers test_scripts.py writes anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../pages/static/figures/attention.js";
import { same, says } from "./says.mjs";

const { u, kernels, cases } = says;

test("the kernels are those of nwlib, by the same names and in the same order", () => {
  assert.deepEqual(Object.keys(nw.kernels), Object.keys(kernels));
  for (const [name, values] of Object.entries(kernels)) same(u.map(nw.kernels[name]), values, name);
});

for (const [name, { keys, values, queries, results }] of Object.entries(cases)) {
  test(`${name}: scores, weights, predictions, loss and gradient are those of nwlib`, () => {
    for (const said of results) {
      const { w } = said;
      same(queries.map((query) => nw.scores(query, keys, w)), said.scores, `scores, w = ${w}`);
      for (const kernel of Object.keys(kernels)) {
        const what = `${kernel}, w = ${w}`;
        const weights = queries.map((query) => nw.weights(query, keys, w, kernel));
        same(weights, said.weights[kernel], `weights, ${what}`);
        const predictions = nw.predict(queries, keys, values, w, kernel);
        same(predictions, said.predictions[kernel], `predictions, ${what}`);
      }
      same(keys.map((_, i) => nw.looWeights(i, keys, w)), said["left out"], `left out, w = ${w}`);
      same(nw.looLoss(w, keys, values), said.loss, `loss, w = ${w}`);
      same(nw.looGradient(w, keys, values), said.gradient, `gradient, w = ${w}`);
    }
  });
}

test("without a key there is nothing to tell", () => {
  assert.deepEqual(nw.weights(1, [], 1), []);
  same([...nw.predict([1], [], [], 1), nw.looLoss(1, [], []), nw.looGradient(1, [], [])],
    [null, null, null], "without a key");
});
