// Texts come from users: the script writes them with textContent alone, never as markup.

#include <fornax/train/views/page.hpp>

#include <cstdlib>
#include <string_view>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/markup.hpp>

namespace fornax::train {

namespace {

constexpr std::string_view kPage = R"page(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; connect-src 'self'">
<title>@TITLE@</title>
<style>
  :root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1c2128; --dim: #656d76; --line: #d8dde3;
          --steps: #9db8d9; --train: #1f6feb; --valid: #d9730d; --test: #2da44e; --bad: #c4291c; --good: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    :root { --back: #14171c; --card: #1d2127; --text: #e2e6ea; --dim: #98a2ad; --line: #363d46;
            --steps: #4a709e; --train: #6cb0ff; --valid: #f5a54a; --test: #4ac26b; --bad: #ff7b72; --good: #56d364; } }
  * { box-sizing: border-box; }
  body { margin: 0 auto; max-width: 1500px; padding: 18px 22px 40px; background: var(--back); color: var(--text);
         font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; }
  header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; }
  h1 { font-size: 20px; margin: 0; } h2 { font-size: 15px; margin: 24px 0 8px; }
  .chip { border-radius: 10px; padding: 1px 10px; border: 1px solid currentColor; font-size: 12px; }
  .good { color: var(--good); } .bad { color: var(--bad); } .dim { color: var(--dim); }
  .right { margin-left: auto; }
  button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
           padding: 3px 12px; cursor: pointer; }
  button:hover { border-color: var(--dim); } button:disabled { opacity: 0.5; cursor: default; }
  .bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 4px 12px; align-items: center; margin: 14px 0; }
  .bar { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
  .bar div { height: 100%; background: var(--train); }
  .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 14px; }
  .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; min-width: 0; }
  .card .head { display: flex; align-items: baseline; gap: 12px; flex-wrap: wrap; } .card b { font-size: 15px; }
  .card .head button { font-size: 12px; padding: 0 8px; }
  .plot { position: relative; height: 280px; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
  th, td { text-align: right; padding: 3px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th { color: var(--dim); font-weight: 500; } tr:last-child td { border-bottom: 0; }
  td.best { font-weight: 700; color: var(--good); }
  pre { margin: 0; overflow-x: auto; font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
  ul { margin: 0; padding-left: 18px; overflow-wrap: anywhere; }
  @media print { body { background: #fff; } button { display: none; } .card { break-inside: avoid; } }
</style>
</head>
<body>
<header><h1></h1><span id="state" class="chip"></span><span id="times" class="dim"></span>
<span id="asks" class="right" hidden><span id="answer" class="dim"></span>
<button id="save" title="write a checkpoint after this step">Save</button>
<button id="stop" title="finish this step, save, and end the run">Stop</button></span></header>
<p id="ending" hidden></p>
<div class="bars" id="bars"></div>
<div class="grid" id="charts"></div>
<p id="missing" class="dim" hidden>Curves need Chart.js (Debian package libjs-chart.js), which was not found where this page was made.</p>
<div id="tables"></div>
@CHART@
<script type="application/json" id="data">@DATA@</script>
<script>
"use strict";
const token = "@TOKEN@";
const by = id => document.getElementById(id);
let run = JSON.parse(by("data").textContent), lost = false;

function add(parent, tag, text, className) {
  const e = parent.appendChild(document.createElement(tag));
  if (text !== undefined && text !== null) e.textContent = text;
  if (className) e.className = className;
  return e;
}
const color = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const withUnit = (text, unit) => text === undefined ? "–" : unit ? text + " " + unit : text;

// --- Curves ---------------------------------------------------------------------------------------------------------

const LINES = [["steps", "training batches"], ["train_epochs", "training epochs"], ["valid_epochs", "validation"],
               ["test_epochs", "test"]];
const charts = new Map();

function makeChart(metric) {
  const card = add(by("charts"), "div", null, "card"), head = add(card, "div", null, "head");
  add(head, "b", metric.name);
  const values = add(head, "span", null, "dim"), log = add(head, "button", "log");
  log.classList.add("right");
  log.title = "logarithmic scale";
  const entry = {values};
  charts.set(metric.name, entry);
  if (typeof Chart === "undefined") { log.hidden = true; return entry; }
  const canvas = add(add(card, "div", null, "plot"), "canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", metric.name + " by step");
  const axis = text => ({type: "linear", title: {display: true, text, color: color("dim")},
                         grid: {color: color("line"), borderColor: color("line")}, ticks: {color: color("dim"), maxTicksLimit: 8}});
  entry.chart = new Chart(canvas, {
    type: "line",
    data: {datasets: []},
    options: {animation: false, parsing: false, maintainAspectRatio: false, spanGaps: false,
              interaction: {mode: "nearest", axis: "x", intersect: false},
              scales: {x: axis("optimizer step"), y: axis(metric.unit ? metric.name + " (" + metric.unit + ")" : metric.name)},
              plugins: {legend: {position: "bottom", labels: {color: color("text"), usePointStyle: true, boxHeight: 7}},
                        tooltip: {callbacks: {title: items => "step " + items[0].parsed.x}}}}});
  log.addEventListener("click", () => {
    const y = entry.chart.options.scales.y;
    y.type = y.type === "linear" ? "logarithmic" : "linear";
    log.textContent = y.type === "linear" ? "log" : "linear";
    entry.chart.update();
  });
  return entry;
}

function drawMetric(metric) {
  const entry = charts.get(metric.name) || makeChart(metric), p = run.progress;
  const parts = [];
  if (p && !run.end && metric.name in p.so_far) parts.push("epoch so far " + withUnit(p.so_far[metric.name], metric.unit));
  if (metric.best) parts.push("best " + metric.best.value + " (epoch " + (metric.best.epoch + 1) + ", " + metric.best.split + ")");
  entry.values.textContent = parts.join(" · ");
  if (!entry.chart) return;
  const old = entry.chart.data.datasets;
  entry.chart.data.datasets = LINES.filter(([key]) => metric[key].length).map(([key, label]) => {
    const name = key.split("_")[0], thin = key === "steps", found = old.find(d => d.key === key);
    const set = found || {key, borderColor: color(name), backgroundColor: color(name), borderWidth: thin ? 1 : 2,
                          tension: 0, pointHitRadius: 8, clip: 6, order: thin ? 1 : 0};
    set.label = thin && metric.steps_each > 1 ? label + " (means of " + metric.steps_each + ")" : label;
    set.pointRadius = thin ? 0 : metric[key].length > 60 ? 0 : 3;
    if (key === "test_epochs") set.pointRadius = 5;
    set.data = metric[key].map(([x, y]) => ({x, y: y === null ? NaN : y}));
    return set;
  });
  const xs = entry.chart.data.datasets.flatMap(d => d.data.map(q => q.x));
  if (xs.length > 1) {
    const from = Math.min(...xs), to = Math.max(...xs);
    Object.assign(entry.chart.options.scales.x, {min: from < to / 5 ? 0 : Math.floor(from), max: Math.ceil(to)});
  }
  entry.chart.update();
}

// --- The rest -------------------------------------------------------------------------------------------------------

function drawHeader() {
  document.title = run.name;
  document.querySelector("h1").textContent = run.name;
  const state = by("state"), p = run.progress;
  const ended = run.end ? run.end.outcome : null;
  state.textContent = ended || (lost ? "not reachable" : token ? "running" : "not ended");
  state.className = "chip " + (ended === "failed" || (!ended && lost) ? "bad" : ended || token ? "good" : "dim");
  by("times").textContent = [p && p.elapsed + " elapsed", p && p.left && !lost && "about " + p.left + " left",
                             p && p.rate && p.rate + " items/s"].filter(Boolean).join(" · ");
  by("asks").hidden = !token || Boolean(run.end) || lost;
  by("ending").hidden = !(run.end && run.end.text);
  if (run.end) by("ending").textContent = run.end.text;
  const bars = by("bars");
  bars.replaceChildren();
  if (!p) { add(bars, "span", "no step yet", "dim"); return; }
  const bar = (label, part, text) => {
    add(bars, "span", label, "dim");
    add(add(bars, "div", null, "bar"), "div").style.width = 100 * Math.min(1, Math.max(0, part)) + "%";
    add(bars, "span", text, "dim");
  };
  const of = (n, all) => all > 0 ? n + " of " + all : String(n);
  if (p.done >= 0) bar("run", p.done, "epoch " + of(p.epoch + 1, run.epochs_wanted));
  if (p.batches > 0 && !run.end) bar(p.split === "train" ? "training" : p.split === "valid" ? "validation" : "test",
                                     p.batch / p.batches, "batch " + of(p.batch, p.batches));
}

function section(title) { add(by("tables"), "h2", title); return add(by("tables"), "div", null, "card scroll"); }

function drawEpochs() {
  if (!run.epochs.length) return;
  const table = add(section("Epochs"), "table"), head = add(add(table, "thead"), "tr"), body = add(table, "tbody");
  const rows = new Map(), columns = [];
  for (const e of run.epochs) {
    if (!rows.has(e.epoch)) rows.set(e.epoch, {});
    rows.get(e.epoch)[e.split] = e;
  }
  for (const split of ["train", "valid", "test"])
    for (const m of run.metrics)
      if (run.epochs.some(e => e.split === split && m.name in e.values)) columns.push([split, m]);
  for (const name of ["epoch", "step", "training time"]) add(head, "th", name);
  for (const [split, m] of columns) add(head, "th", split + " " + m.name + (m.unit ? " (" + m.unit + ")" : ""));
  for (const [epoch, of] of rows) {
    const row = add(body, "tr"), any = of.train || of.valid || of.test;
    for (const text of [epoch + 1, any.step, of.train ? of.train.time : "–"]) add(row, "td", text);
    for (const [split, m] of columns) {
      const best = m.best && m.best.epoch === epoch && m.best.split === split;
      add(row, "td", of[split] && m.name in of[split].values ? of[split].values[m.name] : "–", best ? "best" : "");
    }
  }
}

function drawTables() {
  by("tables").replaceChildren();
  drawEpochs();
  const list = (title, texts) => {
    if (!texts.length) return;
    const ul = add(section(title), "ul");
    for (const text of texts) add(ul, "li", text);
  };
  list("Messages", run.messages);
  list("Checkpoints", run.saved.map(c => c.path + " (" + c.reason + "; epoch " + (c.epoch + 1) + ", step " + c.step + ")"));
  if (run.summary) add(section("Model"), "pre", run.summary);
  if (run.config) add(section("Settings"), "pre", run.config);
  if (run.directory) add(section("Directory"), "pre", run.directory);
}

function draw() {
  drawHeader();
  run.metrics.forEach(drawMetric);
  by("missing").hidden = typeof Chart !== "undefined";
  drawTables();
}
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const entry of charts.values()) if (entry.chart) entry.chart.destroy();
  charts.clear();
  by("charts").replaceChildren();
  draw();
});

// --- Live -----------------------------------------------------------------------------------------------------------

async function update() {
  try {
    const reply = await fetch("/data.json", {cache: "no-store"});
    if (!reply.ok) throw new Error(reply.status);
    run = await reply.json();
    lost = false;
  } catch {
    lost = true;
  }
  draw();
  if (!run.end) setTimeout(update, lost ? 5000 : 1000);
}
async function ask(what) {
  try {
    const reply = await fetch("/" + what, {method: "POST", headers: {"X-Fornax-Token": token}});
    by("answer").textContent = reply.ok ? await reply.text() : "refused";
  } catch {
    by("answer").textContent = "not reachable";
  }
}
if (token) {
  by("save").addEventListener("click", () => ask("save"));
  by("stop").addEventListener("click", () => { if (confirm("Stop the run after this step?")) ask("stop"); });
  if (!run.end) setTimeout(update, 1000);
}
</script>
</body>
</html>
)page";

}  // namespace

std::string fill_page(const PageParts& parts) {
  std::string chart = parts.token.empty() ? "" : "<script src=\"/chart.js\"></script>";
  // A library that closed the element it stands in would spill over the page.
  if (parts.token.empty() && !parts.chart_js.empty() && parts.chart_js.find("</script") == std::string::npos)
    chart = "<script>" + parts.chart_js + "</script>";
  const std::pair<std::string_view, std::string> marks[] = {{"@TITLE@", io::escaped(io::printable(parts.title))},
                                                            {"@CHART@", chart},
                                                            {"@DATA@", io::json_for_script(parts.data)},
                                                            {"@TOKEN@", parts.token}};
  // Looked for in the page alone, one behind the other: what takes their place may hold them too.
  std::string out;
  std::string_view rest = kPage;
  for (const auto& [mark, text] : marks) {
    const std::size_t at = rest.find(mark);
    out.append(rest.substr(0, at)).append(text);
    rest.remove_prefix(at + mark.size());
  }
  return out.append(rest);
}

std::string chart_js() {
  const char* const chosen = std::getenv("FORNAX_CHART_JS");
  try {
    return data::read_text("chart_js", chosen ? chosen : "/usr/share/javascript/chart.js/chart.min.js");
  } catch (const IoError&) {
    return {};
  }
}

}  // namespace fornax::train
