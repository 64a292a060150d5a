// Three charts over the last hour, drawn by dygraphs (window.Dygraph, loaded before).
import { byId, make } from "./dom.js";
import { number, rate, took } from "./words.js";

const KEEP = 3600;
const CHARTS = [
  { title: "Backlog (events)", fields: ["backlog", "pending"], labels: ["waiting", "with a worker"], show: number },
  { title: "Rate (events a second)", fields: ["in_per_second", "out_per_second"], labels: ["in", "out"], show: rate },
  { title: "From ingest to commit", fields: ["latency_ms", "latency_max_ms"], labels: ["mean", "slowest"], show: took },
  { title: "Age of the oldest waiting event", fields: ["oldest_age_ms"], labels: ["age"], show: took },
];

let rows = []; // [time_ms, …] in the order of fields
let fields = [];
let rangeS = 900;
let made = [];

export const lastTime = () => (rows.length ? rows[rows.length - 1][0] : 0);

/** The last known number of a field. */
export function latest(field) {
  return rows.length ? rows[rows.length - 1][fields.indexOf(field)] : null;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colours = () => ({ colors: [colour("--blue"), colour("--orange")], axisLineColor: colour("--line"), gridLineColor: colour("--line") });

function dataOf(chart) {
  const columns = chart.fields.map((f) => fields.indexOf(f));
  return rows.map((row) => [new Date(row[0]), ...columns.map((c) => row[c])]);
}

function writeLegend(view, row) {
  const at = row == null ? rows.length - 1 : row;
  if (at < 0) return;
  const values = view.chart.fields.map((f) => view.chart.show(rows[at]?.[fields.indexOf(f)]));
  const texts = view.chart.labels.map((label, i) => `${label} ${values[i]}`);
  const when = row == null ? "now" : new Date(rows[at][0]).toLocaleTimeString();
  view.legend.replaceChildren(...texts.map((text, i) => make("span", { class: i ? "second" : "first" }, text)), when);
  view.plot.setAttribute("aria-label", `${view.chart.title}: ${texts.join(", ")} (${when})`);
}

/** Left and right move through the samples, Escape goes back to now. */
function onKey(view, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") view.selected = null;
  else if (step) view.selected = Math.min(rows.length - 1, Math.max(0, (view.selected ?? rows.length - 1) + step * (event.shiftKey ? 10 : 1)));
  else return;
  event.preventDefault();
  if (view.selected == null) view.graph.clearSelection();
  else view.graph.setSelection(view.selected);
  writeLegend(view, view.selected);
}

function build(chart) {
  const view = { chart, selected: null };
  view.plot = make("div", { class: "plot", tabindex: "0", role: "img" });
  view.legend = make("div", { class: "legend", "aria-live": "off" });
  byId("charts").append(make("div", { class: "chart" }, make("h2", {}, chart.title), view.plot, view.legend));
  view.graph = new Dygraph(view.plot, dataOf(chart), {
    labels: ["time", ...chart.labels],
    ...colours(),
    series: chart.labels[1] ? { [chart.labels[1]]: { strokePattern: [6, 3] } } : {},
    strokeWidth: 2,
    drawGapEdgePoints: true,
    includeZero: true,
    axes: { y: { axisLabelFormatter: (v) => chart.show(v), axisLabelWidth: 62, pixelsPerLabel: 30 }, x: { pixelsPerLabel: 70 } },
    interactionModel: {},
    highlightCallback: (event, x, points, row) => writeLegend(view, row),
    unhighlightCallback: () => writeLegend(view, view.selected),
  });
  view.plot.addEventListener("keydown", (event) => onKey(view, event));
  return view;
}

function timeShown() {
  const end = lastTime();
  return [end - rangeS * 1000, end];
}

function draw() {
  if (rows.length === 0 || byId("view-overview").hidden) return;
  if (made.length === 0) {
    made = CHARTS.map(build);
    const watch = new ResizeObserver(() => made.forEach((view) => view.graph.resize()));
    watch.observe(byId("charts"));
  }
  for (const view of made) {
    view.graph.updateOptions({ file: dataOf(view.chart), dateWindow: timeShown() });
    writeLegend(view, view.selected);
  }
}

/** Takes what /api/samples answered. */
export function addSamples(answer) {
  fields = answer.fields;
  rows = rows.concat(answer.samples).slice(-KEEP);
  draw();
}

export function show() {
  draw();
}

export function start() {
  // The others write styles into HTML, which the page's Content-Security-Policy refuses.
  Dygraph.PLUGINS = [Dygraph.Plugins.Axes, Dygraph.Plugins.Grid];
  for (const button of document.querySelectorAll("[data-range]")) {
    button.addEventListener("click", () => {
      rangeS = Number(button.dataset.range);
      for (const b of document.querySelectorAll("[data-range]")) b.setAttribute("aria-pressed", String(b === button));
      draw();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => made.forEach((view) => view.graph.updateOptions(colours())));
}
