// The reader's own points: what follows from them, what is said of it, and their address.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../pages/static/figures/attention.js";
import "../../pages/static/figures/plot.js";
import "../../pages/static/figures/points.js";
import { same, says } from "./says.mjs";

const data = { queries: [0, 1, 2], truth: [1, 1, 1], xlim: [0, 5], ylim: [-1, 6] };
const controls = [{ texts: ["1.00", "4.00"] }, { texts: ["Gaussian", "boxcar"] }, { texts: ["2.00"] }];
const state = (keys, values, more = {}) => ({ keys, values, w: 1, kernel: "Gaussian", query: 2, ...more });
const told = (points) => nw.tellPoints(points, nw.follows(points, data));

test("to leave a point out is to mask it", () => {
  for (const [name, { keys, values, results }] of Object.entries(says.cases)) {
    for (const { w, loss } of results) {
      const other = (i) => (_, j) => j !== i;
      const errors = keys.map((key, i) => {
        const weights = nw.weights(key, keys.filter(other(i)), w);
        return (nw.pool(weights, values.filter(other(i))) - values[i]) ** 2;
      });
      same(errors.reduce((a, b) => a + b, 0) / keys.length, loss, `${name}, w = ${w}`);
      same(nw.leaveOneOut(w, keys, values).loss, loss, `${name}, w = ${w}`);
    }
  }
});

test("by a boxcar only who has another in reach is asked", () => {
  const found = nw.leaveOneOut(1, [0, 1, 4], [2, 5, 7], "boxcar");
  assert.deepEqual(found, { loss: 9, asked: 2 });
  assert.equal(nw.leaveOneOut(1, [0, 4], [2, 5], "boxcar").asked, 0);
});

test("what is said of few points, worked out by hand", () => {
  assert.equal(told(state([], [])), "There is no point, so there is no prediction. Add one.");
  assert.match(told(state([3], [2])), /^1 point, .*prediction is 2\.00\. No leave-one-out loss.*truth 1\.000\.$/);
  const boxcar = told(state([0, 1, 4], [2, 5, 7], { kernel: "boxcar", query: 2.5 }));
  assert.match(boxcar, /The query x = 2\.50 has no key in reach, so no prediction\./);
  assert.match(boxcar, /loss of the 2 points with another in reach 9\.000; error against the truth 9\.500/);
  const alone = told(state([5], [7], { kernel: "boxcar", w: 4 }));
  assert.match(alone, /No leave-one-out loss: no point has another in reach\.$/);
});

test("an address brings back what it was made of", () => {
  const points = { keys: [0, 1.2345, 5], values: [-1, 0.0001, 6] };
  const fragment = nw.pack([1, 1, 0], points);
  assert.match(fragment, /^points_[0-9a-z_-]+$/);
  assert.deepEqual(nw.unpack(fragment, controls, data), { positions: [1, 1, 0], ...points });
  assert.deepEqual(nw.unpack("points_0_0_0", controls, data), { positions: [0, 0, 0], keys: [], values: [] });
});

test("what lies outside is brought to the edge", () => {
  const far = nw.pack([0, 0, 0], { keys: [-7, 70], values: [70, -7] });
  assert.deepEqual(nw.unpack(far, controls, data), { positions: [0, 0, 0], keys: [0, 5], values: [6, -1] });
});

test("a mangled address is none", () => {
  const many = `points_0_0_0${"_1_1".repeat(501)}`;
  const mangled = ["points", "points_0", "points_2_0_0", "points_0_0_0_1", "points_0_0_0_1_", "points_0_0_0_1_é"];
  for (const one of [...mangled, "points_-1_0_0", "points_length_0_0", "points_0_0_0_1_1e400000000", many]) {
    assert.equal(nw.unpack(one, controls, data), null, one);
  }
});
