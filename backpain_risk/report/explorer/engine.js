// The joint distribution of a scenario, summed in the browser: the same finite sums as
// Scenario.risk. A model is what `export_scenario` wrote; a patient says what is known.
//
//   P(known | class) = sum over age, sex, state, severity of
//     P(age, sex, site | class) P(mechanisms | site) P(severity) product of P(finding | ...)
//
// Unknown findings are left out of the product, which integrates them out.

// ---- the normal distribution function, by Cody's rational approximations of erfc (1969) ----
const SMALL_P = [3.1611237438705656, 113.86415415105016, 377.485237685302, 3209.3775891384694,
  0.18577770618460315];
const SMALL_Q = [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const MIDDLE_P = [0.5641884969886701, 8.883149794388376, 66.11919063714163, 298.6351381974001,
  881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  2.1531153547440383e-8];
const MIDDLE_Q = [15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903,
  3290.7992357334597, 4362.619090143247, 3439.3676741437216, 1230.3393548037495];
const FAR_P = [0.30532663496123236, 0.36034489994980445, 0.12578172611122926,
  0.016083785148742275, 6.587491615298378e-4, 0.016315387137302097];
const FAR_Q = [2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132,
  0.0023352049762686918];

function erfcPositive(y) {
  const near = Math.trunc(y * 16) / 16;
  const tail = Math.exp(-near * near) * Math.exp(-(y - near) * (y + near));
  if (y <= 4) {
    let above = MIDDLE_P[8] * y;
    let below = y;
    for (let i = 0; i < 7; i++) {
      above = (above + MIDDLE_P[i]) * y;
      below = (below + MIDDLE_Q[i]) * y;
    }
    return tail * (above + MIDDLE_P[7]) / (below + MIDDLE_Q[7]);
  }
  const z = 1 / (y * y);
  let above = FAR_P[5] * z;
  let below = z;
  for (let i = 0; i < 4; i++) {
    above = (above + FAR_P[i]) * z;
    below = (below + FAR_Q[i]) * z;
  }
  const ratio = z * (above + FAR_P[4]) / (below + FAR_Q[4]);
  return tail * (0.5641895835477563 - ratio) / y;
}

export function phi(x) {
  const y = Math.abs(x) * Math.SQRT1_2;
  if (y <= 0.46875) {
    const z = y * y;
    let above = SMALL_P[4] * z;
    let below = z;
    for (let i = 0; i < 3; i++) {
      above = (above + SMALL_P[i]) * z;
      below = (below + SMALL_Q[i]) * z;
    }
    const erf = x * Math.SQRT1_2 * (above + SMALL_P[3]) / (below + SMALL_Q[3]);
    return 0.5 + 0.5 * erf;
  }
  const half = 0.5 * erfcPositive(y);
  return x > 0 ? 1 - half : half;
}

// ---- reading a file ----
export const DAMAGED = "damaged";

function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed.data), (c) => c.charCodeAt(0));
  const numbers = packed.type === "float32" ? new Float32Array(bytes.buffer)
    : new Float64Array(bytes.buffer);
  const values = Float64Array.from(numbers);
  values.shape = packed.shape;
  if (values.length !== packed.shape.reduce((a, b) => a * b, 1)) throw new Error(DAMAGED);
  return values;
}

const isPacked = (value) => value !== null && typeof value === "object" && "data" in value;

function deeply(value) {
  if (isPacked(value)) return unpacked(value);
  if (Array.isArray(value)) return value.map(deeply);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, deeply(part)]));
}

/** A model from the content of a file; throws when its worked example does not come out. */
export function readModel(content) {
  try {
    const model = deeply(content);
    model.keys = [...Object.keys(model.findings), ...Object.keys(model.laboratory)];
    model.settings = new Map();
    model.remembered = new Map();
    const { patient, risk, draws } = model.example;
    const close = (found, wanted, within) => Math.abs(found - wanted) <= within;
    const same = close(riskOf(model, patient), risk, 1e-9)
      && riskDraws(model, patient, 0, draws.length).every((r, i) => close(r, draws[i], 1e-6));
    if (content.format !== "backpain_risk scenario" || content.version !== 1 || !same) {
      throw new Error(DAMAGED);
    }
    return model;
  } catch {
    throw new Error(DAMAGED);
  }
}

// ---- one draw of everything that varies ----
const rowOf = (values, row) => {
  const size = values.length / values.shape[0];
  return values.subarray(row * size, (row + 1) * size);
};

const recordingOf = (entry, row) => (entry.shape ? rowOf(entry, row) : entry);

/** Weights, locations and band probabilities of one row of `point` or `draws`. */
function settingOf(model, kind, row, at) {
  const name = `${kind}/${row}/${at ?? ""}`;
  if (model.settings.has(name)) return model.settings.get(name);
  const varying = model[kind];
  const responding = at === undefined ? varying : model.at[at];
  const setting = {
    baseRate: varying.base_rate[row],
    dependence: at === undefined ? model.scenario.dependence : model.at[at].dependence,
    weight: [0, 1].map((g) => weightOf(model, varying, g, row)),
    location: [0, 1].map((g) => rowOf(responding.locations[g], row)),
    recording: (key, g) => recordingOf(responding.recording[key][g], row),
    bands: (key) => bandsOf(model, responding, key, row, setting.dependence),
  };
  if (kind === "point") model.settings.set(name, setting);
  return setting;
}

/** P(age, sex, site | class), (ages x sexes, sites). */
function weightOf(model, varying, g, row) {
  const base = model.classes[g].weight;
  const [contexts, sites] = base.shape;
  const ages = rowOf(varying[`ages_${g}`], row);
  const factors = rowOf(varying[`factors_${g}`], row);
  const male = model.scenario.male_share;
  const result = new Float64Array(base.length);
  for (let c = 0; c < contexts; c++) {
    const sex = c % 2;
    let total = 0;
    for (let s = 0; s < sites; s++) {
      result[c * sites + s] = base[c * sites + s] * factors[sex * sites + s];
      total += result[c * sites + s];
    }
    const share = ages[c >> 1] * (sex ? male : 1 - male) / total;
    for (let s = 0; s < sites; s++) result[c * sites + s] *= share;
  }
  return result;
}

/** P(band or a lower one | y, age, sex) as a function of y, cut, context. */
function bandsOf(model, responding, key, row, dependence) {
  const { age, male } = model.laboratory[key];
  const [low, high] = responding.ranges[key];
  const packed = responding.coefficients[key];
  const [, , cuts, terms] = packed.shape;
  const coefficients = rowOf(packed, row);
  return (y, cut, context) => {
    if (cut < 0) return 0;
    if (cut >= cuts) return 1;
    const decades = (model.ages[context >> 1] - 50) / 10;
    const effect = dependence * (age * decades + male * (context % 2));
    const x = high > low ? (2 * effect - low - high) / (high - low) : 0;
    let next = 0;
    let afterNext = 0;
    const start = (y * cuts + cut) * terms;
    for (let k = terms - 1; k > 0; k--) {
      const now = coefficients[start + k] + 2 * x * next - afterNext;
      afterNext = next;
      next = now;
    }
    return 1 / (1 + Math.exp(-(coefficients[start] + x * next - afterNext)));
  };
}

// ---- the sum ----
/** What a patient allows: ages, sexes, known findings, bands of laboratory values. */
function questionOf(model, patient) {
  const ages = model.ages;
  const question = { ages: [0, ages.length - 1], sexes: [0, 1], flags: [], laboratory: [] };
  for (const [key, value] of Object.entries(patient)) {
    if (value === null || value === undefined) continue;
    if (key === "age_years") question.ages = [value - ages[0], value - ages[0]];
    else if (key === "male") question.sexes = [value, value];
    else if (key in model.findings) question.flags.push({ key, value });
    else if (key in model.laboratory) {
      const band = model.terms[key].bands.indexOf(value);
      if (band < 0) throw new Error(`${key} has no band ${value}`);
      question.laboratory.push({ key, band });
    } else throw new Error(`nothing is known of ${key}`);
  }
  return question;
}

/** P(what is known | class) for both classes, P(known | without), P(known | with). */
function probabilities(model, setting, question) {
  return [0, 1].map((g) => classProbability(model, setting, question, g));
}

function classProbability(model, setting, question, g) {
  const mechanisms = model.classes[g].mechanism;
  const [sites, perSite] = mechanisms.shape;
  const shape = { g, sites, perSite, states: sites * perSite, nodes: model.nodes };
  const tables = question.flags.map((flag) => flagTable(model, setting, flag, shape));
  const showing = question.laboratory.map(({ key }) => showingTable(model, setting, key, shape));
  const still = tables.filter((table) => !table.moves);
  const moving = tables.filter((table) => table.moves);
  const pools = pooled([...tables, ...showing], shape.states);
  const fixed = fixedPart(model, still, showing, pools.first);
  const values = question.laboratory.map(({ key, band }) => bandTable(setting.bands(key), band));
  return summed(model, setting, question, shape, { mechanisms, pools, fixed, moving, values });
}

/** What age and sex do not move, once: (y combinations, pools, nodes). */
function fixedPart(model, still, showing, states) {
  const nodes = model.nodes.length;
  const size = states.length * nodes;
  const combinations = 1 << showing.length;
  const fixed = new Float64Array(combinations * size);
  for (let i = 0; i < fixed.length; i++) fixed[i] = model.node_weights[i % nodes];
  const multiply = (table, start, complement) => {
    const row = table.rows(0);
    for (let p = 0, i = start; p < states.length; p++) {
      const level = table.level[states[p]] * nodes;
      for (let f = 0; f < nodes; f++, i++) fixed[i] *= complement ? 1 - row[level + f] : row[level + f];
    }
  };
  for (let y = 0; y < combinations; y++) {
    for (const table of still) multiply(table, y * size, false);
    showing.forEach((table, l) => multiply(table, y * size, !((y >> l) & 1)));
  }
  return fixed;
}

function summed(model, setting, question, shape, parts) {
  const { mechanisms, pools, fixed, moving, values } = parts;
  const { g, sites, perSite, nodes } = shape;
  const n = pools.first.length;
  const combinations = 1 << values.length;
  const given = new Float64Array(combinations * n); // P(flags, y | pool, age, sex)
  const product = new Float64Array(n * nodes.length);
  const weight = setting.weight[g];
  const bySex = moving.some((table) => table.bySex);
  let total = 0;
  let filled = false;
  for (let a = question.ages[0]; a <= question.ages[1]; a++) {
    for (let sex = question.sexes[0]; sex <= question.sexes[1]; sex++) {
      const context = 2 * a + sex;
      if (!filled || (moving.length && (bySex || sex === question.sexes[0]))) {
        integrate(given, fixed, moving, pools.first, nodes.length, context, product);
        filled = true;
      }
      for (let y = 0; y < combinations; y++) {
        let chance = 1;
        values.forEach((value, l) => { chance *= value((y >> l) & 1, context); });
        let sum = 0;
        for (let site = 0, state = 0; site < sites; site++) {
          let inner = 0;
          for (let m = 0; m < perSite; m++, state++) {
            inner += mechanisms[state] * given[y * n + pools.which[state]];
          }
          sum += weight[context * sites + site] * inner;
        }
        total += chance * sum;
      }
    }
  }
  return total;
}

/** Sum over the severity of what is fixed times what moves with age and sex. */
function integrate(given, fixed, moving, states, nodes, context, product) {
  product.fill(1);
  for (const table of moving) {
    const row = table.rows(context);
    for (let p = 0, i = 0; p < states.length; p++) {
      const level = table.level[states[p]] * nodes;
      for (let f = 0; f < nodes; f++, i++) product[i] *= row[level + f];
    }
  }
  for (let row = 0, i = 0; row < given.length; row++) {
    let sum = 0;
    let at = (row % states.length) * nodes;
    for (let f = 0; f < nodes; f++, i++, at++) sum += fixed[i] * product[at];
    given[row] = sum;
  }
}

/** States that no table tells apart, taken together. */
function pooled(tables, states) {
  const seen = new Map();
  const first = [];
  const which = new Int32Array(states);
  for (let state = 0; state < states; state++) {
    const name = tables.map((table) => table.level[state]).join(",");
    if (!seen.has(name)) {
      seen.set(name, first.length);
      first.push(state);
    }
    which[state] = seen.get(name);
  }
  return { first, which };
}

/** P(a finding is as recorded | state, severity, age, sex), one row for each effect of the last. */
function flagTable(model, setting, { key, value }, { g, nodes }) {
  const { state, age, male, loading } = model.findings[key];
  const probability = responseOf(model, setting, key, g, state[g], loading[g], nodes);
  const rows = new Map();
  const effectOf = (context) => age * ((model.ages[context >> 1] - 50) / 10) + male * (context % 2);
  return {
    level: probability.level,
    moves: age !== 0 || male !== 0,
    bySex: male !== 0,
    rows(context) {
      const effect = effectOf(context);
      if (!rows.has(effect)) {
        const present = probability.rows(effect);
        rows.set(effect, value ? present : present.map((p) => 1 - p));
      }
      return rows.get(effect);
    },
  };
}

/** P(the illness shows in a laboratory value | state, severity). */
function showingTable(model, setting, key, { g, nodes }) {
  const { state, loading } = model.laboratory[key];
  const probability = responseOf(model, setting, key, g, state[g], loading[g], nodes);
  const rows = probability.rows(0);
  return { level: probability.level, rows: () => rows };
}

function responseOf(model, setting, key, g, effects, loading, nodes) {
  const levels = [...new Set(effects)];
  const level = Int32Array.from(effects, (effect) => levels.indexOf(effect));
  const location = setting.location[g][model.keys.indexOf(key)];
  const [missed, invented] = setting.recording(key, g);
  const d = setting.dependence;
  const rows = (effect) => {
    const result = new Float64Array(levels.length * nodes.length);
    for (let l = 0, i = 0; l < levels.length; l++) {
      if (loading === 0) {
        const p = phi(location + d * (levels[l] + effect));
        for (let f = 0; f < nodes.length; f++, i++) {
          result[i] = invented + (1 - missed - invented) * p;
        }
        continue;
      }
      for (let f = 0; f < nodes.length; f++, i++) {
        const p = phi(location + d * (levels[l] + effect + loading * nodes[f]));
        result[i] = invented + (1 - missed - invented) * p;
      }
    }
    return result;
  };
  return { level, rows };
}

/** P(band | y, age, sex). */
function bandTable(upTo, band) {
  const known = new Map();
  return (y, context) => {
    const name = 2 * context + y;
    if (!known.has(name)) known.set(name, upTo(y, band, context) - upTo(y, band - 1, context));
    return known.get(name);
  };
}

// ---- answers ----
function posterior(baseRate, [without, having]) {
  return baseRate * having / (baseRate * having + (1 - baseRate) * without);
}

const REMEMBERED = 500;

/** P(what is known | class) at the point, remembered: a page asks for one patient many times. */
function known(model, patient, at) {
  const name = JSON.stringify([at, patient]);
  if (!model.remembered.has(name)) {
    if (model.remembered.size >= REMEMBERED) model.remembered.clear();
    const setting = settingOf(model, "point", 0, at);
    model.remembered.set(name, probabilities(model, setting, questionOf(model, patient)));
  }
  return model.remembered.get(name);
}

/** Exact P(malignancy | what is known). Options: baseRate, at (index of a dependence). */
export function riskOf(model, patient, { baseRate, at } = {}) {
  return posterior(baseRate ?? model.point.base_rate[0], known(model, patient, at));
}

/** P(what is known), over both classes. */
export function chanceOf(model, patient, { baseRate, at } = {}) {
  const [without, having] = known(model, patient, at);
  const rate = baseRate ?? model.point.base_rate[0];
  return rate * having + (1 - rate) * without;
}

/** The likelihood ratio of what is known. */
export function ratioOf(model, patient, { at } = {}) {
  const [without, having] = known(model, patient, at);
  return having / without;
}

/** Exact risk in draws `from` to `to` of what is uncertain; `shift` moves logit base rates. */
export function riskDraws(model, patient, from, to, { shift = 0 } = {}) {
  const question = questionOf(model, patient);
  const result = [];
  for (let row = from; row < to; row++) {
    const setting = settingOf(model, "draws", row);
    const rate = setting.baseRate;
    const odds = rate / (1 - rate) * Math.exp(shift);
    result.push(posterior(odds / (1 + odds), probabilities(model, setting, question)));
  }
  return result;
}

/** Quantiles by linear interpolation, as NumPy takes them. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}
