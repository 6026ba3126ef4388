// The page: what is asked on the left, what follows on the right. The same program runs in a
// worker, where it computes the draws.
import { chanceOf, DAMAGED, quantile, ratioOf, readModel, riskDraws, riskOf } from "./engine.js";
import { density, iconArray, waterfall } from "./drawing.js";
import { logit, ofThousand, shownPercent } from "./rounding.js";
import { WORDS } from "./words.js";

const AT_ONCE = 10;
const DETAILS = ["waterfall", "steps", "differ", "next"];
const SHOWN_FIRST = 50;

// ---- data ----
function crc32(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, "0");
}

/** Arrays are written once, in a list; put them back where they belong. */
function restored(value, pool) {
  if (Array.isArray(value)) return value.map((part) => restored(part, pool));
  if (value === null || typeof value !== "object") return value;
  const whole = Object.entries(value).map(([key, part]) =>
    key === "pooled" ? ["data", pool[part]] : [key, restored(part, pool)]);
  return Object.fromEntries(whole);
}

function readScenarios(text) {
  const { pool, scenarios } = JSON.parse(text);
  return scenarios.map((scenario) => restored(scenario, pool));
}

// ---- the worker: draws, some at a time, of the newest question only ----
function serve(scope) {
  let models = [];
  let newest = 0;
  const proceed = (question, found) => {
    if (question.id !== newest) return;
    const model = models[question.model];
    const to = Math.min(found.length + AT_ONCE, model.draws.base_rate.length);
    found.push(...riskDraws(model, question.patient, found.length, to, question));
    const done = to === model.draws.base_rate.length;
    if (done || to === SHOWN_FIRST) scope.postMessage({ id: question.id, draws: found, done });
    if (!done) setTimeout(() => proceed(question, found), 0);
  };
  scope.onmessage = ({ data }) => {
    if (data.scenarios) models = data.scenarios.map(readModel);
    else {
      newest = data.id;
      proceed(data, []);
    }
  };
}

// ---- the page ----
const element = (id) => document.getElementById(id);

function made(tag, attributes = {}, ...children) {
  const result = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) result.setAttribute(name, "");
    else if (value !== false && value !== undefined) result.setAttribute(name, value);
  }
  result.append(...children);
  return result;
}

function start() {
  for (const part of document.querySelectorAll("[data-word]")) {
    part.textContent = WORDS[part.dataset.word];
  }
  try {
    const source = element("data");
    if (crc32(source.textContent) !== source.dataset.crc32) throw new Error(DAMAGED);
    const scenarios = readScenarios(source.textContent);
    run(scenarios, scenarios.map(readModel));
  } catch {
    document.querySelector("main").replaceChildren(made("p", { role: "alert" }, WORDS.damaged));
  }
}

function startWorker(scenarios, onDraws) {
  try {
    const program = new Blob([element("program").textContent], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(program));
    worker.onmessage = ({ data }) => onDraws(data);
    worker.postMessage({ scenarios });
    return worker;
  } catch {
    return null;
  }
}

function run(scenarios, models) {
  const state = read(models, location.hash);
  let asked = 0;
  let limits = null;
  const show = () => {
    const answer = answerOf(models, state);
    limits = answer.problem || !answer.ownDependence ? null : limits;
    draw(state, answer, limits, worker !== null);
    return answer;
  };
  const worker = startWorker(scenarios, ({ id, draws, done }) => {
    if (id !== asked) return;
    limits = { draws, done };
    const answer = show();
    if (done) speak(answer, limits);
  });
  const ask = () => {
    limits = null;
    asked += 1;
    const answer = show();
    const id = asked;
    setTimeout(() => { if (id === asked && !answer.problem) drawDetails(answer); }, 0);
    const written = write(models, state);
    if (written !== location.hash) history.replaceState(null, "", written || "#");
    if (answer.problem || !worker || !answer.ownDependence) speak(answer, null);
    else {
      const shift = logit(answer.baseRate) - logit(answer.model.scenario.base_rate);
      worker.postMessage({ id: asked, model: state.model, patient: answer.patient, shift });
    }
  };
  const rebuild = () => {
    build(models, state, ask, rebuild);
    ask();
  };
  element("threshold").value = state.threshold;
  element("threshold").addEventListener("input", (event) => {
    state.threshold = event.target.value;
    ask();
  });
  element("copy-text").addEventListener("click", () => copy(asText(models, state, limits)));
  element("copy-json").addEventListener("click", () => copy(asJson(models, state, limits)));
  element("reset").addEventListener("click", () => {
    state.patient = {};
    state.age = "";
    rebuild();
  });
  window.addEventListener("hashchange", () => {
    Object.assign(state, read(models, location.hash));
    element("threshold").value = state.threshold;
    rebuild();
  });
  rebuild();
}

// ---- state, and its link ----
const own = (model) => model.at.findIndex((at) => at.dependence === model.scenario.dependence);
const inPercent = (p) => String(Number((100 * p).toPrecision(6)));

function fresh(models, index) {
  const { scenario } = models[index];
  return {
    model: index, baseRate: inPercent(scenario.base_rate), at: own(models[index]),
    threshold: "3", hide: false, age: "", patient: {},
  };
}

function read(models, hash) {
  const given = new URLSearchParams(hash.slice(1));
  const index = models.findIndex((model) => model.scenario.name === given.get("setting"));
  const state = fresh(models, Math.max(index, 0));
  const model = models[state.model];
  if (given.has("base_rate")) state.baseRate = given.get("base_rate");
  if (given.has("threshold")) state.threshold = given.get("threshold");
  const at = model.at.findIndex((value) => String(value.dependence) === given.get("dependence"));
  if (at >= 0) state.at = at;
  state.hide = given.get("hide") === "assumed";
  state.age = given.get("age_years") ?? "";
  for (const [key, value] of given) {
    if (key === "male" || key in model.findings) {
      if (value === "0" || value === "1") state.patient[key] = Number(value);
    } else if (key in model.laboratory && model.terms[key].bands.includes(value)) {
      state.patient[key] = value;
    }
  }
  return state;
}

function write(models, state) {
  const usual = fresh(models, state.model);
  const { scenario, at } = models[state.model];
  const given = new URLSearchParams();
  if (state.model) given.set("setting", scenario.name);
  if (state.baseRate !== usual.baseRate) given.set("base_rate", state.baseRate);
  if (state.at !== usual.at) given.set("dependence", at[state.at].dependence);
  if (state.threshold !== usual.threshold) given.set("threshold", state.threshold);
  if (state.hide) given.set("hide", "assumed");
  if (state.age !== "") given.set("age_years", state.age);
  for (const [key, value] of Object.entries(state.patient)) given.set(key, value);
  const text = given.toString();
  return text ? `#${text}` : "";
}

// ---- the questions ----
function build(models, state, ask, rebuild) {
  const model = models[state.model];
  const form = element("questions");
  const group = (title, ...questions) =>
    made("fieldset", {}, made("legend", {}, title), ...questions.filter(Boolean));
  const visible = (key) => !(state.hide && model.terms[key]?.status === "assumed");
  const hiddenKeys = Object.keys({ ...model.findings, ...model.laboratory })
    .filter((key) => !visible(key));
  for (const key of hiddenKeys) delete state.patient[key];
  const finding = (key) => visible(key) && choice(model.terms[key], key, state, ask,
    [[undefined, "?"], [0, WORDS.no], [1, WORDS.yes]]);
  const ofGroup = (name) => Object.keys(model.findings)
    .filter((key) => model.terms[key].group === name).map(finding);
  form.replaceChildren(
    group(WORDS.setting, ...settingQuestions(models, state, ask, rebuild, hiddenKeys.length)),
    group(WORDS.who, ageQuestion(model, state, ask), choice({ label: WORDS.sex }, "male", state,
      ask, [[undefined, "?"], [0, WORDS.female], [1, WORDS.male]])),
    group(WORDS.history, ...ofGroup("history")),
    group(WORDS.laboratory, ...Object.keys(model.laboratory)
      .map((key) => visible(key) && bandQuestion(model.terms[key], key, state, ask))),
    group(WORDS.imaging, ...ofGroup("imaging")),
  );
  form.onsubmit = (event) => event.preventDefault();
  element("model").textContent = `${model.scenario.title}. `
    + WORDS.digest(model.scenario.digest.slice(0, 12));
}

function question(name, control, ...rest) {
  return made("div", { class: "question" }, name, control, ...rest);
}

const chip = (status) => made("span", { class: "chip", title: WORDS.statuses[status] }, status);

function choice(term, key, state, ask, options) {
  const name = made("span", { class: "name", id: `${key}-name`, title: term.definition }, term.label,
    " ", ...(term.status ? [chip(term.status)] : []));
  const choices = options.map(([value, text]) => {
    const input = made("input", { type: "radio", name: key, value: value ?? "",
      checked: state.patient[key] === value,
      "aria-label": value === undefined ? WORDS.unknown : text });
    input.addEventListener("change", () => {
      if (value === undefined) delete state.patient[key];
      else state.patient[key] = value;
      ask();
    });
    return made("label", {}, input, made("span", { "aria-hidden": "true" }, text));
  });
  return question(name, made("span", { class: "choices", role: "radiogroup",
    "aria-labelledby": `${key}-name` }, ...choices));
}

function bandQuestion(term, key, state, ask) {
  const name = made("label", { class: "name", for: key, title: term.definition },
    `${term.label}, ${term.unit.replace("10^9", "10\u2079")}`, " ", chip(term.status));
  const select = made("select", { id: key }, made("option", { value: "" }, WORDS.unknown),
    ...term.bands.map((band) => made("option", { value: band,
      selected: state.patient[key] === band }, spaced(band))));
  select.addEventListener("change", () => {
    if (select.value) state.patient[key] = select.value;
    else delete state.patient[key];
    ask();
  });
  return question(name, select);
}

function entry(id, label, value, onInput, hint) {
  const input = made("input", { type: "text", id, inputmode: "decimal", value,
    "aria-describedby": `${id}-hint ${id}-problem` });
  input.addEventListener("input", () => onInput(input.value));
  return question(made("label", { class: "name", for: id }, ...[label].flat()), input,
    made("span", { class: "hint", id: `${id}-hint` }, hint),
    made("span", { class: "problem", id: `${id}-problem` }));
}

function ageQuestion(model, state, ask) {
  return entry("age", [WORDS.age, " ", chip(model.terms.age_years.status)], state.age, (text) => {
    state.age = text.trim();
    ask();
  }, WORDS.ageHelp);
}

function settingQuestions(models, state, ask, rebuild, hidden) {
  const { scenario, at } = models[state.model];
  const select = made("select", { id: "setting" }, ...models.map((model, i) =>
    made("option", { value: i, selected: i === state.model }, model.scenario.title)));
  select.addEventListener("change", () => {
    const { threshold, hide, age, patient } = state;
    Object.assign(state, fresh(models, Number(select.value)), { threshold, hide, age, patient });
    rebuild();
    element("setting").focus();
  });
  const range = made("input", { type: "range", id: "dependence", min: 0, max: at.length - 1,
    step: 1, value: state.at, "aria-describedby": "dependence-hint" });
  const hint = made("span", { class: "hint", id: "dependence-hint" });
  const tell = () => {
    hint.textContent = WORDS.dependenceHelp(at[state.at].dependence, scenario.dependence);
    range.setAttribute("aria-valuetext", at[state.at].dependence);
  };
  range.addEventListener("input", () => {
    state.at = Number(range.value);
    tell();
    ask();
  });
  tell();
  const hide = made("input", { type: "checkbox", id: "hide", checked: state.hide });
  hide.addEventListener("change", () => {
    state.hide = hide.checked;
    rebuild();
    element("hide").focus();
  });
  return [
    made("div", {}, made("label", { for: "setting", class: "unseen" }, WORDS.setting), select),
    entry("base-rate", WORDS.baseRate, state.baseRate, (text) => {
      state.baseRate = text.trim();
      ask();
    }, WORDS.baseRateHelp(shownPercent(scenario.base_rate_low),
      shownPercent(scenario.base_rate_high), scenario.base_rate_status)),
    question(made("label", { class: "name", for: "dependence" }, WORDS.dependence, " ",
      chip("assumed")), range, hint),
    question(made("label", { class: "name", for: "hide" }, WORDS.hideAssumed), hide,
      made("span", { class: "hint" }, state.hide ? WORDS.hidden(hidden) : "")),
  ];
}

// ---- the answers ----
const fraction = (text) => {
  const value = /^\d*[.,]?\d+$/.test(text.trim()) ? Number(text.trim().replace(",", ".")) / 100 : NaN;
  return value > 0 && value < 1 ? value : NaN;
};

function answerOf(models, state) {
  const model = models[state.model];
  const usual = model.scenario.base_rate; // exactly, not as the field rounds it
  const baseRate = state.baseRate === inPercent(usual) ? usual : fraction(state.baseRate);
  const threshold = fraction(state.threshold);
  const patient = { ...state.patient };
  const problems = {};
  if (state.age !== "") {
    const age = /^\d{1,3}$/.test(state.age) ? Number(state.age) : NaN;
    if (age >= 18 && age <= 95) patient.age_years = age;
    else problems.age = WORDS.wrongAge;
  }
  if (Number.isNaN(baseRate)) problems["base-rate"] = WORDS.wrongBaseRate;
  if (Number.isNaN(threshold)) problems.threshold = WORDS.wrongThreshold;
  const ownDependence = state.at === own(model);
  const options = { baseRate, at: ownDependence ? undefined : state.at };
  const answer = { model, patient, baseRate, threshold, options, ownDependence, problems };
  if (Object.keys(problems).length) return { ...answer, problem: true };
  return { ...answer, risk: riskOf(model, patient, options) };
}

/** Findings in the order of the form: the joint risk with each added, and the product of ratios. */
function stepsOf(model, patient, options) {
  const order = ["age_years", "male", ...model.keys].filter((key) => key in patient);
  const { base_rate: usual, base_rate_status: status } = model.scenario;
  const steps = [{
    name: WORDS.start, joint: options.baseRate, multiplied: options.baseRate,
    status: usual === options.baseRate ? status : "assumed",
  }];
  const known = {};
  let odds = options.baseRate / (1 - options.baseRate);
  for (const key of order) {
    known[key] = patient[key];
    const ratio = aloneOf(model, key, patient[key], options);
    odds *= ratio;
    steps.push({
      key, name: named(model, key, patient[key]), ratio, joint: riskOf(model, known, options),
      multiplied: odds / (1 + odds), status: model.terms[key]?.status ?? "",
    });
  }
  return steps;
}

/** The ratio that a reader multiplies: for an age that of its published band. */
function aloneOf(model, key, value, options) {
  if (key !== "age_years") return ratioOf(model, { [key]: value }, options);
  const { band_from: from, sensitivity, specificity } = model.terms.age_years;
  return value >= from ? sensitivity / (1 - specificity) : (1 - sensitivity) / specificity;
}

function named(model, key, value) {
  if (key === "male") return value ? WORDS.male : WORDS.female;
  const { label } = model.terms[key];
  if (key === "age_years") return `${label} ${value}`;
  if (key in model.laboratory) return `${label} ${spaced(value)} ${unitOf(model, key)}`;
  return `${label}: ${value ? WORDS.yes : WORDS.no}`;
}

const spaced = (band) => band.replace(">=", "\u2265 ").replace("<", "< ").replace("-", "\u2013");
const unitOf = (model, key) => model.terms[key].unit.replace("10^9", "10\u2079");

/** Each unknown test: its results, how often they come, and the risk after them. */
function nextOf(model, patient, options) {
  const tests = model.keys.filter((key) => !(key in patient)
    && (key in model.laboratory || model.terms[key].group === "imaging"));
  const before = chanceOf(model, patient, options);
  return tests.flatMap((key) => {
    const results = key in model.laboratory ? model.terms[key].bands : [1, 0];
    return results.map((value) => {
      const then = { ...patient, [key]: value };
      return {
        test: model.terms[key].label, status: model.terms[key].status,
        result: key in model.laboratory ? `${spaced(value)} ${unitOf(model, key)}`
          : value ? "+" : "\u2212",
        often: chanceOf(model, then, options) / before, after: riskOf(model, then, options),
      };
    });
  });
}

function draw(state, answer, limits, hasWorker) {
  for (const id of ["age", "base-rate", "threshold"]) {
    element(`${id}-problem`).textContent = answer.problems[id] ?? "";
    element(id).setAttribute("aria-invalid", id in answer.problems);
  }
  element("answers").classList.toggle("unknown", Boolean(answer.problem));
  for (const id of ["probability", "frequency", "icons", "interval", "density", "doubt", "decision",
    "summary"]) element(id).replaceChildren();
  if (answer.problem) {
    for (const id of DETAILS) element(id).replaceChildren();
    element("probability").textContent = "\u2013";
    return;
  }
  const { risk } = answer;
  const [low, high] = limits ? limitsOf(limits).map(shownPercent) : [];
  element("summary").textContent = WORDS.footer(shownPercent(risk), low, high);
  const count = ofThousand(risk);
  element("probability").textContent = shownPercent(risk);
  element("frequency").textContent = WORDS.frequency(count);
  element("icons").innerHTML = iconArray(count, WORDS.icons(count));
  element("interval").textContent = intervalText(answer, limits, hasWorker);
  drawDoubt(answer, limits);
  drawDecision(answer);
}

/** What needs many sums, after the number is on the page. */
function drawDetails({ model, patient, options }) {
  drawSteps(stepsOf(model, patient, options));
  drawNext(nextOf(model, patient, options));
}

function intervalText(answer, limits, hasWorker) {
  if (!hasWorker) return WORDS.noWorker;
  if (!answer.ownDependence) return WORDS.noInterval;
  if (!limits) return WORDS.waiting;
  const [low, high] = limitsOf(limits);
  return WORDS.interval(shownPercent(low), shownPercent(high), limits.draws.length);
}

const limitsOf = ({ draws }) => [quantile(draws, 0.025), quantile(draws, 0.975)];

function table(head, rows) {
  const cell = (tag, { text, number }, scope) =>
    made(tag, { class: number ? "number" : undefined, scope }, text);
  return made("table", {},
    made("thead", {}, made("tr", {}, ...head.map((part) => cell("th", part, "col")))),
    made("tbody", {}, ...rows.map((row) => made("tr", {}, ...row.map((part) => cell("td", part))))));
}

const text = (value) => ({ text: value });
const number = (value) => ({ text: value, number: true });
const shownRatio = (ratio) => Number(ratio.toPrecision(2)).toString();

function drawSteps(steps) {
  for (const id of DETAILS) element(id).replaceChildren();
  if (steps.length === 1) {
    element("differ").textContent = WORDS.nothing;
    return;
  }
  element("waterfall").innerHTML = waterfall(steps, WORDS);
  element("steps").append(table(
    [text(WORDS.step), number(WORDS.ratio), number(WORDS.multiplied), number(WORDS.joint),
      text(WORDS.status)],
    steps.map((step) => [text(step.name), number(step.ratio ? shownRatio(step.ratio) : ""),
      number(shownPercent(step.multiplied)), number(shownPercent(step.joint)),
      text(step.status ?? "")]),
  ));
  const last = steps[steps.length - 1];
  element("differ").textContent = WORDS.differ(
    shownPercent(last.joint), shownPercent(last.multiplied), last.multiplied > last.joint);
}

function drawDoubt(answer, limits) {
  if (!limits) return;
  const [low, high] = limitsOf(limits);
  const { threshold } = answer;
  const share = limits.draws.filter((risk) => risk >= threshold).length / limits.draws.length;
  element("density").innerHTML = density(limits.draws, {
    low, high, threshold, label: WORDS.densityLabel, mark: shownThreshold(threshold),
  });
  element("doubt").textContent = WORDS.doubtHelp(shownPercent(share), shownThreshold(threshold));
}

const shownThreshold = (threshold) => WORDS.percent(inPercent(threshold));

function drawDecision({ risk, threshold }) {
  const count = ofThousand(risk);
  const verdict = risk >= threshold ? WORDS.reaches : WORDS.misses;
  element("decision").textContent = [
    verdict(shownPercent(risk), shownThreshold(threshold)), WORDS.sent(count, 1000 - count),
    WORDS.exchange(Math.round((1 - threshold) / threshold)),
  ].join(" ");
}

function drawNext(next) {
  element("next").replaceChildren(next.length ? table(
    [text(WORDS.test), text(WORDS.testResult), number(WORDS.often), number(WORDS.after),
      text(WORDS.status)],
    next.map((row) => [text(row.test), text(row.result),
      number(shownPercent(row.often)), number(shownPercent(row.after)), text(row.status)]),
  ) : WORDS.nextNone);
}

// ---- told once, and copied ----
function speak(answer, limits) {
  element("spoken").textContent = answer.problem ? Object.values(answer.problems).join(" ")
    : [WORDS.result, shownPercent(answer.risk), limits ? intervalText(answer, limits, true) : ""].join(" ");
}

const noticeText = () => element("notice").textContent;

function asText(models, state, limits) {
  const answer = answerOf(models, state);
  if (answer.problem) return Object.values(answer.problems).join("\n");
  const { title, name, digest } = answer.model.scenario;
  return [
    `${WORDS.setting}: ${title} (${name}, ${digest.slice(0, 12)})`,
    `${WORDS.baseRate}: ${state.baseRate}`,
    `${WORDS.dependence}: ${answer.model.at[state.at].dependence}`,
    ...stepsOf(answer.model, answer.patient, answer.options).slice(1).map((step) => `- ${step.name}${step.status ? ` (${step.status})` : ""}`),
    `${WORDS.result}: ${shownPercent(answer.risk)}`,
    intervalText(answer, limits, true),
    location.href,
    noticeText(),
  ].join("\n");
}

function asJson(models, state, limits) {
  const answer = answerOf(models, state);
  const { name, digest } = answer.model.scenario;
  const [low, high] = limits ? limitsOf(limits) : [null, null];
  return JSON.stringify({
    scenario: name, digest, base_rate: answer.baseRate,
    dependence: answer.model.at[state.at].dependence, findings: answer.patient,
    risk: answer.risk ?? null, multiplied: answer.problem ? null : multipliedOf(answer), low, high, draws: limits ? limits.draws.length : 0,
    problems: Object.values(answer.problems), notice: noticeText(),
  }, null, 2);
}

function multipliedOf({ model, patient, options }) {
  const steps = stepsOf(model, patient, options);
  return steps[steps.length - 1].multiplied;
}

async function copy(content) {
  const area = element("copy");
  try {
    await navigator.clipboard.writeText(content);
    area.hidden = true;
    element("copied").textContent = WORDS.copied;
  } catch {
    area.hidden = false;
    area.value = content;
    area.setAttribute("aria-label", WORDS.copyHere);
    area.select();
    element("copied").textContent = WORDS.copyHere;
  }
}

if (typeof document === "undefined") serve(globalThis);
else start();
