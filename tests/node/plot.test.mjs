// The numbers behind the pictures: scales, ticks, paths, and how a number is written.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../pages/static/figures/plot.js";

test("a scale goes there and back, linear and logarithmic, downwards, too", () => {
  for (const log of [false, true]) {
    const scale = nw.scale([0.1, 100], [300, 20], log);
    assert.deepEqual([scale(0.1), scale(100)].map(Math.round), [300, 20]);
    assert.ok(Math.abs(scale.invert(scale(7)) - 7) < 1e-12);
  }
  assert.ok(Math.abs(nw.scale([0.1, 10], [0, 2], true)(1) - 1) < 1e-12);
});

test("a domain of one number has a scale without NaN", () => {
  assert.equal(nw.scale([3, 3], [0, 10])(3), 0);
});

test("ticks are round and inside, at most seven", () => {
  assert.deepEqual(nw.ticks([0, 5]), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(nw.ticks([-2, 7]), [-2, 0, 2, 4, 6]);
  assert.deepEqual(nw.ticks([0, 0.31]), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(nw.ticks([0.1, 100], true), [0.1, 1, 10, 100]);
  for (const to of [1e-6, 0.7, 1, 3, 42, 999, 1e5]) {
    const ticks = nw.ticks([0, to]);
    assert.ok(ticks.length >= 3 && ticks.length <= 7 && ticks.at(-1) <= to * (1 + 1e-9), `${ticks}`);
  }
});

test("a line has a gap where a number is missing, and never NaN", () => {
  assert.equal(nw.path([[0, 1], [2, 3], [NaN, 1], [4, 5], [6, -Infinity]]), "M0 1L2 3M4 5");
  assert.equal(nw.path([]), "");
});

test("a number is written with its digits, and never as NaN or as -0", () => {
  assert.equal(nw.number(1.005, 1), "1.0");
  assert.equal(nw.number(-0.001), "0.00");
  assert.equal(nw.number(NaN), "none");
  assert.equal(nw.number(Infinity), "none");
});
