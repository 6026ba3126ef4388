// One rounding for every number, sentence, icon and label: tenths of a per cent, which are
// people of a thousand.
import { WORDS } from "./words.js";

/** People of 1 000. */
export const ofThousand = (p) => Math.round(1000 * p);

/** A probability as text; "below 0.1 %" rather than 0, "above 99.9 %" rather than 100. */
export function shownPercent(p) {
  const count = ofThousand(p);
  if (count === 0) return WORDS.below(WORDS.percent("0.1"));
  if (count === 1000) return WORDS.above(WORDS.percent("99.9"));
  return WORDS.percent((count / 10).toFixed(1));
}

export const logit = (p) => Math.log(p / (1 - p));
