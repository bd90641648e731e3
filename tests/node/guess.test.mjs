// A guess and the curve: between its places, and how far they are apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../pages/static/figures/attention.js";
import "../../pages/static/figures/plot.js";
import "../../pages/static/figures/guess.js";

const places = [0.1, 1, 10];
const w = [0.1, Math.sqrt(0.1), 1, Math.sqrt(10), 10];

test("between its places a guess is straight on the logarithmic axis", () => {
  const heights = [4, 2, 6];
  const expected = [4, 3, 2, 4, 6];
  w.forEach((one, i) => assert.ok(Math.abs(nw.between(places, heights, one) - expected[i]) < 1e-12));
});

test("the difference is the mean distance, and each has its lowest place", () => {
  const compared = nw.compare(places, [4, 2, 6], { w, loss: [4, 1, 4, 4, 6] });
  assert.ok(Math.abs(compared.off - (0 + 2 + 2 + 0 + 0) / 5) < 1e-12);
  assert.deepEqual([compared.guess, compared.truth], [1, Math.sqrt(0.1)]);
});

test("a guess that is right is 0.00 away", () => {
  const curve = { w, loss: [4, 3, 2, 4, 6] };
  assert.match(nw.tellGuess("compared", places, [4, 2, 6], curve), /is 0\.00 away.*at w = 1\.00, the loss at w = 1\.00: 2\.000/);
});

test("without a loss that is said, whatever the stage", () => {
  for (const loss of [[], [null, null, null, null, null]]) {
    for (const stage of ["guessing", "compared", "shown"]) {
      assert.match(nw.tellGuess(stage, places, [1, 1, 1], { w: w.slice(0, loss.length), loss }), /no loss/);
    }
  }
});
