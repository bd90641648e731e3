// What nwlib says today of the table of cases (cases.py), and how near is the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export const says = JSON.parse(readFileSync(process.env.NWLIB_SAYS, "utf8"));

// The same to 1e-12, of 1 or of the number where that is larger; what is null there is NaN here.
export function same(ours, theirs, what) {
  if (Array.isArray(theirs)) {
    assert.equal(ours.length, theirs.length, what);
    theirs.forEach((entry, i) => same(ours[i], entry, `${what}, entry ${i}`));
  } else if (theirs === null) {
    assert.ok(Number.isNaN(ours), `${what}: ${ours}, not NaN`);
  } else {
    const off = Math.abs(ours - theirs);
    assert.ok(off <= 1e-12 * Math.max(1, Math.abs(theirs)), `${what}: ${ours}, not ${theirs}`);
  }
}
