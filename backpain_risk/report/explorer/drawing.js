// Pictures, as SVG text. Colours and type come from the style sheet.
import { logit } from "./rounding.js";
const TICKS = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99];
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** 1 000 squares, the first `count` filled. */
export function iconArray(count, label) {
  const squares = (from, to) => {
    let path = "";
    for (let i = from; i < to; i++) path += `M${(i % 50) * 8} ${Math.floor(i / 50) * 8}h6v6h-6z`;
    return path;
  };
  return `<svg viewBox="0 0 398 158" role="img" aria-label="${escaped(label)}" class="icons">`
    + `<path class="without" d="${squares(count, 1000)}"/>`
    + `<path class="having" d="${squares(0, count)}"/></svg>`;
}

function scale(values, left, right) {
  const inside = values.map((p) => logit(Math.min(Math.max(p, 1e-5), 1 - 1e-5)));
  const low = Math.min(...inside) - 0.4;
  const high = Math.max(...inside) + 0.4;
  const at = (p) => left + (right - left)
    * (logit(Math.min(Math.max(p, 1e-5), 1 - 1e-5)) - low) / (high - low);
  const ticks = [];
  for (const tick of TICKS) {
    const inRange = logit(tick) > low && logit(tick) < high;
    if (inRange && (!ticks.length || at(tick) - at(ticks[ticks.length - 1]) > 44)) ticks.push(tick);
  }
  return { at, ticks };
}

function axis(ticks, at, top, bottom) {
  return ticks.map((tick) => `<line class="grid" x1="${at(tick)}" x2="${at(tick)}" y1="${top}" `
    + `y2="${bottom}"/><text class="tick" x="${at(tick)}" y="${bottom + 16}">`
    + `${Number((100 * tick).toPrecision(3))} %</text>`).join("");
}

/** Bars of the joint model and rings of multiplied ratios, on the log odds scale. */
export function waterfall(steps, labels) {
  const all = steps.flatMap((step) => [step.joint, step.multiplied]);
  const { at, ticks } = scale(all, 14, 386);
  const height = 40;
  const bottom = steps.length * height + 6;
  const rows = steps.map((step, i) => {
    const y = i * height;
    const before = i ? steps[i - 1].joint : step.joint;
    const [from, to] = [at(before), at(step.joint)].sort((a, b) => a - b);
    const name = step.joint < before ? "falls" : "rises";
    return `<text class="name" x="14" y="${y + 14}">${escaped(step.name)}</text>`
      + `<rect class="${name}" x="${from - 1}" y="${y + 19}" width="${to - from + 2}" height="13"/>`
      + `<circle class="ring" cx="${at(step.multiplied)}" cy="${y + 25.5}" r="4.5"/>`;
  }).join("");
  return `<svg viewBox="0 0 400 ${bottom + 22}" role="img" aria-label="${escaped(labels.steps)}" `
    + `class="waterfall">${axis(ticks, at, 0, bottom)}${rows}</svg>`;
}

/** Smoothed distribution of the draws on the log odds scale, with the limits and the threshold. */
export function density(draws, { low, high, threshold, label, mark }) {
  const z = draws.map(logit);
  const { at, ticks } = scale([...draws, threshold], 14, 386);
  const mean = z.reduce((a, b) => a + b, 0) / z.length;
  const sd = Math.sqrt(z.reduce((a, b) => a + (b - mean) ** 2, 0) / (z.length - 1));
  const width = Math.max(1.06 * sd * z.length ** -0.2, 1e-6);
  const from = Math.min(...z) - 3 * width;
  const to = Math.max(...z) + 3 * width;
  const points = Array.from({ length: 101 }, (_, i) => from + (to - from) * i / 100);
  const heights = points.map((x) => z.reduce((sum, v) => sum + Math.exp(-(((x - v) / width) ** 2) / 2), 0));
  const most = Math.max(...heights);
  const place = (x) => at(1 / (1 + Math.exp(-x)));
  const line = points.map((x, i) => `${place(x).toFixed(1)},${(104 - 86 * heights[i] / most).toFixed(1)}`);
  return `<svg viewBox="0 0 400 128" role="img" aria-label="${escaped(label)}" class="density">`
    + `${axis(ticks, at, 16, 104)}`
    + `<polygon class="curve" points="${place(points[0])},104 ${line.join(" ")} ${place(points[100])},104"/>`
    + `<line class="limits" x1="${at(low)}" x2="${at(high)}" y1="104" y2="104"/>`
    + `<line class="threshold" x1="${at(threshold)}" x2="${at(threshold)}" y1="14" y2="104"/>`
    + `<text class="mark" x="${Math.min(Math.max(at(threshold), 40), 360)}" y="10">`
    + `${escaped(mark)}</text></svg>`;
}
