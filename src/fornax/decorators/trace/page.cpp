// Names come from users: the script writes them with textContent alone, never as markup.

#include <fornax/decorators/trace/page.hpp>

namespace fornax::trace {

const char* const kPage = R"page(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>@TITLE@</title>
<style>
  * { box-sizing: border-box; }
  body { margin: 0; font: 13px/1.45 system-ui, sans-serif; display: flex; height: 100vh; color: #222; }
  #tree, #details { flex: none; overflow: auto; padding: 10px 12px; background: #fafafa; }
  #tree { width: 220px; border-right: 1px solid #ddd; }
  #details { width: 320px; border-left: 1px solid #ddd; overflow-wrap: anywhere; }
  #view { flex: 1; min-width: 0; cursor: grab; background: #fff; }
  h1 { font-size: 14px; margin: 0 0 8px; } h2 { font-size: 13px; margin: 12px 0 4px; }
  button { font: inherit; margin: 0 4px 8px 0; cursor: pointer; }
  .scope { display: block; width: 100%; margin: 0; padding: 1px 4px; border: 0; background: none; text-align: left;
           white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .scope:hover { background: #e8eef7; }
  table { border-collapse: collapse; width: 100%; } td { padding: 1px 4px 1px 0; vertical-align: top; }
  td:first-child { color: #666; white-space: nowrap; width: 70px; }
  .link { color: #1a5fb4; cursor: pointer; text-decoration: underline; }
  .muted { color: #777; }
  .box { cursor: pointer; } .box rect { stroke: #667; }
  .operation rect { fill: #dae8fc; } .backward rect { fill: #f8d9c4; } .input rect { fill: #d5e8d4; }
  .constant rect { fill: #f0f0f0; stroke-dasharray: 3 2; } .output rect { fill: #fff2cc; }
  .group rect { fill: #e6dff2; stroke-width: 2; } .group.backward rect { fill: #fbe8db; }
  .faulty rect { fill: #f7b9b9; stroke: #c01c28; stroke-width: 3; } .warning { color: #a51d2d; }
  .chosen rect { stroke: #1a5fb4; stroke-width: 3; }
  .line { fill: none; stroke: #aab; } .line.near { stroke: #1a5fb4; stroke-width: 2; }
  text { font: 11px system-ui, sans-serif; text-anchor: middle; pointer-events: none; } .title { font-weight: 600; }
</style>
</head>
<body>
<div id="tree"><h1></h1><button id="fold">fold all</button><button id="unfold">unfold all</button>
<div id="scopes"></div></div>
<svg id="view" role="img" aria-label="graph of the program"></svg>
<div id="details"></div>
<script type="application/json" id="data">@DATA@</script>
<script>
"use strict";
const program = JSON.parse(document.getElementById("data").textContent);
const view = document.getElementById("view"), details = document.getElementById("details");
const SVG = "http://www.w3.org/2000/svg", ROW = 66, HEIGHT = 36, GAP = 18;
document.querySelector("h1").textContent = document.title;

function element(tag, attributes, text) {
  const e = document.createElementNS(SVG, tag);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  if (text !== undefined) e.textContent = text;
  return e;
}
function html(parent, tag, text, className) {
  const e = parent.appendChild(document.createElement(tag));
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

// Items that may be drawn: nodes, then outputs.
const items = program.nodes.map(n => ({...n, from: n.inputs.map(v => program.values[v].node)}));
program.outputs.forEach((v, i) => items.push({kind: "output", name: "output " + i, settings: "", scope: [], outputs: [],
                                              inputs: [v], from: [program.values[v].node]}));

// Scopes by their path, which is a JSON text: names may hold any character.
const scopes = new Map();
items.forEach((item, i) => {
  for (let depth = 1; depth <= item.scope.length; ++depth) {
    const key = JSON.stringify(item.scope.slice(0, depth));
    if (!scopes.has(key)) scopes.set(key, {key, path: item.scope.slice(0, depth), members: []});
    scopes.get(key).members.push(i);
  }
});
const folded = new Set();
if (items.length > 120) scopes.forEach(s => { if (s.path.length === 1) folded.add(s.key); });

// What stands for an item: its outermost folded scope, or itself.
function shownAs(item, i) {
  for (let depth = 1; depth <= item.scope.length; ++depth) {
    const key = JSON.stringify(item.scope.slice(0, depth));
    if (folded.has(key)) return key;
  }
  return i;
}

function allFinite(v) { return !v.statistics || (v.statistics.NaN === 0 && v.statistics.inf === 0); }
// A node that made what is not finite from what is.
function isFaulty(item) {
  const finite = ids => ids.every(v => allFinite(program.values[v]));
  return item.kind === "operation" && !finite(item.outputs) && finite(item.inputs);
}

function visibleGraph() {
  const boxes = new Map();
  items.forEach((item, i) => {
    const id = shownAs(item, i);
    const faulty = isFaulty(item);
    if (boxes.has(id)) {
      if (faulty) boxes.get(id).faulty = true;
      return;
    }
    const box = {id, above: [], below: [], row: 0, x: 0, order: boxes.size, faulty};
    if (typeof id === "string") {
      const scope = scopes.get(id);
      box.title = scope.path[scope.path.length - 1];
      box.type = scope.members.length + " nodes";
      box.kind = "group" + (scope.path[0] === "backward" ? " backward" : "");
    } else {
      box.title = item.name;
      box.type = item.kind === "output" ? program.values[item.inputs[0]].type
               : item.outputs.length ? program.values[item.outputs[0]].type + (item.outputs.length > 1 ? ", ..." : "") : "";
      box.kind = item.kind + (item.kind === "operation" && item.scope[0] === "backward" ? " backward" : "");
    }
    if (box.title.length > 28) box.title = box.title.slice(0, 27) + "\u2026";
    box.width = 16 + 6.8 * Math.max(box.title.length, box.type.length, 6);
    boxes.set(id, box);
  });
  const edges = new Map();
  items.forEach((item, i) => item.from.forEach(f => {
    const a = shownAs(items[f], f), b = shownAs(item, i);
    if (a !== b) edges.set(JSON.stringify([a, b]), {a: boxes.get(a), b: boxes.get(b)});
  }));
  return {boxes: [...boxes.values()], edges: [...edges.values()]};
}

// Rows by longest path, order by barycentres (Sugiyama, Tagawa, Toda 1981). Folding can close a cycle: lines that would
// close one point upwards.
function layOut(graph) {
  const out = new Map(graph.boxes.map(b => [b, []])), state = new Map(), topological = [];
  for (const e of graph.edges) out.get(e.a).push(e);
  for (const root of graph.boxes) {
    const stack = state.has(root) ? [] : [[root, 0]];
    if (stack.length) state.set(root, 1);
    while (stack.length) {
      const top = stack[stack.length - 1], e = out.get(top[0])[top[1]++];
      if (!e) { state.set(top[0], 2); topological.push(top[0]); stack.pop(); }
      else if (state.get(e.b) === 1) e.upward = true;
      else if (!state.has(e.b)) { state.set(e.b, 1); stack.push([e.b, 0]); }
    }
  }
  topological.reverse();
  for (const a of topological) for (const e of out.get(a)) if (!e.upward) e.b.row = Math.max(e.b.row, a.row + 1);
  // As low as possible where that makes no lines longer: weights stand beside what uses them, not at the top.
  const into = new Map(graph.boxes.map(b => [b, 0]));
  for (const e of graph.edges) if (!e.upward) into.set(e.b, into.get(e.b) + 1);
  for (const a of [...topological].reverse()) {
    const down = out.get(a).filter(e => !e.upward);
    if (down.length && into.get(a) <= down.length) a.row = Math.min(...down.map(e => e.b.row)) - 1;
  }
  const all = [...graph.boxes];
  for (const e of graph.edges) {
    const [top, bottom] = e.a.row <= e.b.row ? [e.a, e.b] : [e.b, e.a];
    e.chain = [top];
    for (let row = top.row + 1; row < bottom.row; ++row) {
      const point = {row, x: 0, width: 2, above: [], below: [], order: top.order};
      all.push(point);
      e.chain.push(point);
    }
    e.chain.push(bottom);
    for (let i = 0; i + 1 < e.chain.length; ++i) {
      e.chain[i].below.push(e.chain[i + 1]);
      e.chain[i + 1].above.push(e.chain[i]);
    }
  }
  const rows = [];
  for (const b of all) (rows[b.row] = rows[b.row] || []).push(b);
  for (let r = 0; r < rows.length; ++r) rows[r] = rows[r] || [];
  // Side by side in this order, with the least sum of squared distances from where each wants to be. Less the room that
  // those to the left need, positions must not fall: neighbours that do are pooled at their mean (isotonic regression).
  const place = (row, wanted) => {
    const pools = [];
    let room = 0;
    row.forEach((b, i) => {
      if (i > 0) room += (row[i - 1].width + b.width) / 2 + GAP;
      pools.push({sum: wanted[i] - room, members: [[b, room]]});
      while (pools.length > 1) {
        const [p, q] = pools.slice(-2);
        if (p.sum / p.members.length <= q.sum / q.members.length) break;
        p.sum += q.sum;
        p.members.push(...q.members);
        pools.pop();
      }
    });
    for (const p of pools) for (const [b, at] of p.members) b.x = p.sum / p.members.length + at;
  };
  for (const row of rows) { row.sort((a, b) => a.order - b.order); place(row, row.map(() => 0)); }
  const mean = (near, otherwise) => near.length ? near.reduce((s, n) => s + n.x, 0) / near.length : otherwise;
  const sweep = (down, reorder) => {
    for (const row of down ? rows : [...rows].reverse()) {
      for (const b of row) {
        b.wanted = mean(down ? b.above : b.below, b.x);
        if (!reorder) b.wanted = (b.wanted + mean(down ? b.below : b.above, b.wanted)) / 2;
      }
      if (reorder) row.sort((a, b) => a.wanted - b.wanted);
      place(row, row.map(b => b.wanted));
    }
  };
  for (let i = 0; i < 6; ++i) { sweep(true, true); sweep(false, true); }
  for (let i = 0; i < 20; ++i) { sweep(true, false); sweep(false, false); }
  for (const b of all) b.y = (b.row + 0.5) * ROW;
  graph.left = Math.min(...all.map(b => b.x - b.width / 2)) - GAP;
  graph.right = Math.max(...all.map(b => b.x + b.width / 2)) + GAP;
}

let chosen = null, frame = null, graph = null;
function setFrame(f) { frame = f; view.setAttribute("viewBox", f.join(" ")); }

function draw(refit) {
  graph = visibleGraph();
  layOut(graph);
  view.replaceChildren();
  for (const e of graph.edges) {
    let [x, y] = [e.chain[0].x, e.chain[0].y + HEIGHT / 2], d = "M" + x + " " + y;
    e.chain.slice(1).forEach((p, i) => {
      const to = i + 2 === e.chain.length ? p.y - HEIGHT / 2 : p.y, m = (y + to) / 2;
      d += " C" + [x, m, p.x, m, p.x, to].join(" ");
      [x, y] = [p.x, to];
    });
    e.line = view.appendChild(element("path", {class: "line", d}));
    const up = e.chain[0] !== e.a, [tipX, tipY] = up ? [e.chain[0].x, e.chain[0].y + HEIGHT / 2] : [x, y];
    view.appendChild(element("path", {fill: "#99a", d: "M" + tipX + " " + tipY + (up ? " l-3 6 h6 z" : " l-3 -6 h6 z")}));
  }
  for (const b of graph.boxes) {
    b.shape = view.appendChild(element("g", {class: "box " + b.kind + (b.faulty ? " faulty" : "")}));
    b.shape.append(element("rect", {x: b.x - b.width / 2, y: b.y - HEIGHT / 2, width: b.width, height: HEIGHT, rx: 6}),
                   element("text", {x: b.x, y: b.y - 3, class: "title"}, b.title),
                   element("text", {x: b.x, y: b.y + 12, fill: "#444"}, b.type));
    b.shape.addEventListener("click", () => { if (!moved) choose(b.id); });
    if (typeof b.id === "string") b.shape.addEventListener("dblclick", () => toggle(b.id));
  }
  if (refit) fit();
  mark();
  drawTree();
}

function fit() {
  const {left, right} = graph;
  const bottom = Math.max(...graph.boxes.map(b => b.y)) + ROW / 2;
  // Not larger than life, and a long program begins at its top.
  const w = view.clientWidth, h = view.clientHeight, scale = Math.max(1, Math.min((right - left) / w, 2.5));
  const [fw, fh] = [w * scale, h * scale];
  setFrame([(left + right - fw) / 2, bottom < fh ? (bottom - fh) / 2 : 0, fw, fh]);
}

function mark() {
  for (const b of graph.boxes) b.shape.classList.toggle("chosen", b.id === chosen);
  for (const e of graph.edges) e.line.classList.toggle("near", e.a.id === chosen || e.b.id === chosen);
}

function toggle(key) {
  if (!folded.delete(key)) folded.add(key);
  draw(true);
  if (typeof chosen === "string") choose(chosen);
}

function drawTree() {
  const list = document.getElementById("scopes");
  list.replaceChildren();
  if (!scopes.size) html(list, "p", "No scopes: fornax::Scope names parts of a program.", "muted");
  const keys = [...scopes.keys()], children = new Map([["[]", []]]);
  for (const key of keys) children.set(key, []);
  for (const key of keys) children.get(JSON.stringify(scopes.get(key).path.slice(0, -1))).push(key);
  const add = key => {
    const s = scopes.get(key);
    const b = html(list, "button", (folded.has(key) ? "\u25b8 " : "\u25be ") + s.path[s.path.length - 1], "scope");
    b.style.paddingLeft = 4 + 14 * (s.path.length - 1) + "px";
    b.title = s.path.join("/") + ": " + s.members.length + " nodes";
    b.addEventListener("click", () => toggle(key));
    if (!folded.has(key)) children.get(key).forEach(add);
  };
  children.get("[]").forEach(add);
}

function show(v) { return typeof v === "number" ? String(Number(v.toPrecision(6))) : v; }

function reveal(i) {
  const item = items[i];
  for (let depth = 1; depth <= item.scope.length; ++depth) folded.delete(JSON.stringify(item.scope.slice(0, depth)));
  draw(true);
  choose(i);
  const b = graph.boxes.find(box => box.id === i);
  setFrame([b.x - frame[2] / 2, b.y - frame[3] / 2, frame[2], frame[3]]);
}

function listValue(parent, v, linked) {
  const value = program.values[v], line = html(parent, "div");
  const label = html(line, "span", linked ? program.nodes[value.node].name : "%" + v, linked ? "link" : "");
  if (linked) label.addEventListener("click", () => reveal(value.node));
  html(line, "span", " " + value.type);
  const table = html(parent, "table");
  for (const k of value.statistics ? ["min", "max", "mean", "NaN", "inf", "zeros"] : []) {
    if (["NaN", "inf", "zeros"].includes(k) && value.statistics[k] === 0) continue;
    const row = html(table, "tr");
    html(row, "td", k);
    html(row, "td", show(value.statistics[k]));
  }
  if (value.elements.length) {
    const row = html(table, "tr");
    html(row, "td", "values");
    html(row, "td", value.elements.map(show).join(", "));
  }
}

function choose(id) {
  chosen = id;
  mark();
  details.replaceChildren();
  if (id === null) {
    html(details, "h1", "Nothing chosen");
    html(details, "p", "Click a box to see it. Double-click a group to unfold it. Drag moves the picture, the wheel zooms.", "muted");
    html(details, "p", program.nodes.length + " nodes, " + program.values.length + " arrays", "muted");
    return;
  }
  if (typeof id === "string") {
    const s = scopes.get(id), counts = new Map();
    html(details, "h1", s.path.join("/"));
    const b = html(details, "button", folded.has(id) ? "unfold" : "fold");
    b.addEventListener("click", () => toggle(id));
    for (const i of s.members) counts.set(items[i].name, (counts.get(items[i].name) || 0) + 1);
    const table = html(details, "table");
    for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1])) {
      const row = html(table, "tr");
      html(row, "td", count + " \u00d7");
      html(row, "td", name);
    }
    return;
  }
  const item = items[id];
  html(details, "h1", item.name);
  if (isFaulty(item)) html(details, "p", "Made NaN or an infinity from finite inputs.", "warning");
  const table = html(details, "table");
  for (const [k, v] of [["kind", item.kind], ["settings", item.settings], ["scope", item.scope.join("/")],
                        ["gradient of", item.gradient_of]]) {
    if (!v) continue;
    const row = html(table, "tr");
    html(row, "td", k);
    html(row, "td", v);
  }
  if (item.outputs.length) html(details, "h2", "Results");
  for (const v of item.outputs) listValue(details, v, false);
  if (item.inputs.length) html(details, "h2", "Inputs");
  for (const v of item.inputs) listValue(details, v, true);
  const readers = items.map((r, i) => [r, i]).filter(([r]) => r.inputs.some(v => item.outputs.includes(v)));
  if (readers.length && item.kind !== "output") html(details, "h2", "Read by");
  if (item.kind !== "output")
    for (const [r, i] of readers) html(html(details, "div"), "span", r.name, "link").addEventListener("click", () => reveal(i));
}

document.getElementById("fold").addEventListener("click", () => {
  scopes.forEach(s => folded.add(s.key));
  draw(true);
});
document.getElementById("unfold").addEventListener("click", () => { folded.clear(); draw(true); });

let held = null, moved = false;
view.addEventListener("pointerdown", e => { held = [e.clientX, e.clientY]; moved = false; });
window.addEventListener("pointerup", () => { held = null; });
window.addEventListener("pointermove", e => {
  if (!held) return;
  const scale = frame[2] / view.clientWidth, dx = e.clientX - held[0], dy = e.clientY - held[1];
  if (Math.abs(dx) + Math.abs(dy) < 3 && !moved) return;
  moved = true;
  held = [e.clientX, e.clientY];
  setFrame([frame[0] - dx * scale, frame[1] - dy * scale, frame[2], frame[3]]);
});
view.addEventListener("wheel", e => {
  e.preventDefault();
  const k = Math.exp(e.deltaY * 0.001), r = view.getBoundingClientRect();
  const x = frame[0] + frame[2] * (e.clientX - r.left) / r.width, y = frame[1] + frame[3] * (e.clientY - r.top) / r.height;
  setFrame([x + (frame[0] - x) * k, y + (frame[1] - y) * k, frame[2] * k, frame[3] * k]);
}, {passive: false});

draw(true);
choose(null);
// "#node=3" opens a page at a node.
const wanted = /^#node=(\d+)$/.exec(location.hash);
if (wanted && Number(wanted[1]) < items.length) reveal(Number(wanted[1]));
</script>
</body>
</html>
)page";

}  // namespace fornax::trace
