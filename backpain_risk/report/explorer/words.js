// Every sentence of the page, in one place: to translate it, translate this.
export const WORDS = {
  title: "Red flags explorer",
  subtitle: "How likely is cancer as the cause of back pain, given what is known of a patient?",
  setting: "Setting",
  baseRate: "Base rate, %",
  baseRateHelp: (low, high, status) => `${status}; 95 % ${low} to ${high}`,
  dependence: "Dependence between findings",
  dependenceHelp: (value, own) => value === own
    ? `${value}: as the scenario assumes` : `${value}: the scenario assumes ${own}`,
  hideAssumed: "Hide what is assumed",
  hidden: (n) => `${n} findings without published accuracy are hidden and count as unknown. `
    + "How findings depend on each other stays assumed.",
  who: "Who",
  age: "Age, years",
  ageHelp: "18 to 95; empty when unknown",
  sex: "Sex",
  female: "Female",
  male: "Male",
  history: "History and examination",
  laboratory: "Blood tests",
  imaging: "Imaging",
  unknown: "Unknown",
  yes: "Yes",
  no: "No",
  statuses: {
    reported: "reported: read in a source",
    unconfirmed: "unconfirmed: from memory of the paper",
    assumed: "assumed: a stated judgement, no accuracy data",
  },
  wrongAge: "Age must be a whole number from 18 to 95.",
  wrongBaseRate: "The base rate must lie between 0 and 100 %, both excluded.",
  wrongThreshold: "The threshold must lie between 0 and 100 %, both excluded.",
  result: "Probability of malignancy",
  percent: (text) => `${text} %`,
  below: (text) => `below ${text}`,
  above: (text) => `above ${text}`,
  frequency: (count) => count === 0
    ? "Fewer than 1 of 1 000 people like this have cancer in the spine."
    : count === 1000 ? "More than 999 of 1 000 people like this have cancer in the spine."
      : `${count} of 1 000 people like this ${count === 1 ? "has" : "have"} cancer in the spine.`,
  icons: (count) => `${count} of 1 000 squares filled`,
  interval: (low, high, n) => `95 % of ${n} draws of the uncertain accuracies and base rate lie `
    + `from ${low} to ${high}.`,
  waiting: "The interval is being computed.",
  noInterval: "The interval is known at the scenario's own dependence only.",
  noWorker: "This browser cannot compute the interval beside the page.",
  nothing: "Nothing is known yet: this is the base rate.",
  steps: "Finding by finding",
  stepsHelp: "Bars: the joint model, in which findings depend on each other. Rings: likelihood "
    + "ratios multiplied as if they did not.",
  start: "Before any finding",
  footer: (risk, low, high) => (low ? `${risk} (${low} to ${high})` : risk),
  step: "Finding",
  joint: "Joint model",
  ratio: "LR alone",
  multiplied: "Multiplied",
  status: "Status",
  differ: (joint, multiplied, more) => joint === multiplied
    ? "Both give the same here."
    : `Multiplied likelihood ratios would say ${multiplied}; the joint model says ${joint}. `
      + (more ? "Multiplying counts twice what findings share: a patient who has one of them often "
        + "has the other for the same reason."
        : "Multiplying misses that these findings seldom come together without cancer."),
  doubt: "How sure is that?",
  doubtHelp: (share, threshold) => `Of the draws, ${share} lie at the threshold of ${threshold} or `
    + "above. Much of this doubt comes from the few cancers behind each sensitivity.",
  densityLabel: "Distribution of the probability over the draws",
  decision: "At a threshold",
  threshold: "Send on from, %",
  exchange: (n) => `A threshold of this height accepts ${n} people sent on in vain for each cancer.`,
  reaches: (risk, threshold) => `${risk} reaches ${threshold}: people like this would be sent on.`,
  misses: (risk, threshold) => `${risk} is less than ${threshold}: people like this would not be `
    + "sent on.",
  sent: (with_, without) => `Of 1 000 like this, sending all on finds ${with_} with cancer `
    + `(before the errors of the test) and sends on ${without} without it.`,
  next: "What one more test would do",
  test: "Test",
  testResult: "Result",
  often: "How often",
  after: "Probability then",
  nextNone: "Every test is known.",
  copyText: "Copy as text",
  copyJson: "Copy as JSON",
  copied: "Copied.",
  copyHere: "Copy from here:",
  reset: "Clear",
  damaged: "The data in this page are damaged, so no number is shown. Get the page again.",
  model: "Model",
  digest: (digest) => `scenario ${digest}`,
};
