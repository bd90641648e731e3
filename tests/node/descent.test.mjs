// Gradient descent, step by step, and what is said of a step.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../pages/static/figures/attention.js";
import "../../pages/static/figures/plot.js";
import "../../pages/static/figures/descent.js";
import { same, says } from "./says.mjs";

const { keys, values, best } = says.book;
const path = (w, rate, steps) => {
  const places = [w];
  for (let i = 0; i < steps; i++) places.push(nw.stepDown(places.at(-1), rate, keys, values));
  return places;
};
const verdict = (w, rate, steps) => nw.verdict(path(w, rate, steps), best, keys, values);

test("the steps are those of nwlib.train", () => {
  for (const { w, learning_rate, n_steps, path: theirs } of says.descents) {
    same(path(w, learning_rate, n_steps), theirs, `from ${w} at rate ${learning_rate}`);
  }
});

test("it is said what a step has done", () => {
  assert.match(verdict(1, 0.2, 15), /crawls/);
  assert.match(verdict(1, 5, 1), /in the valley/);
  assert.match(verdict(1, 25, 1), /leapt over/);
  assert.match(verdict(1, 25, 2), /crawls/);
  assert.match(verdict(0.74, 25, 1), /leapt over/);
  assert.match(verdict(1, 1, 1), /on its way/);
  assert.match(verdict(2, 25, 1), /in the valley/);
  assert.match(verdict(0.1, 5, 1), /slides towards w = 0/);
  assert.match(verdict(3, 300, 1), /uphill/);
  assert.match(verdict(0, 5, 1), /Nothing moves/);
  assert.match(verdict(1, 1e9, 1), /too large/);
});

test("a step that leads nowhere stays, and no sentence has NaN", () => {
  const sets = [[[], []], [[2], [3]], [[1, 1, 1], [2, 3, 4]], [[1, 1], [2, 2]], [keys, values]];
  for (const [keys, values] of sets) {
    for (const rate of [0.2, 1e300]) {
      const next = nw.stepDown(1, rate, keys, values);
      assert.ok(Math.abs(next) <= 1e6);
      for (const path of [[1], [1, next], [1, 0]]) {
        const told = nw.tellDescent(path, rate, 0, keys, values);
        assert.doesNotMatch(told, /NaN|undefined|Infinity/);
        assert.equal(/no loss/.test(told), keys.length < 2);
      }
    }
  }
});
