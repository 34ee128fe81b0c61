"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const nodes = data.nodes, LARGE = 300, MOST = 60, W = 172, H = 44;
const $ = id => document.getElementById(id);
const after = nodes.map(() => []), evidence = new Map();
nodes.forEach((n, i) => n.before.forEach(p => after[p].push(i)));
data.edges.forEach(e => evidence.set(e[0] + ">" + e[1], e));
const byId = new Map(nodes.map((n, i) => [n.id, i]).reverse());
const groups = [...new Set(nodes.map(n => n.group).filter(Boolean))];
const text = nodes.map(n => [n.title, n.id, n.group, n.capability, ...n.ideas, ...n.pitfalls, n.task].join("\n").toLowerCase());

// ---- elements; whatever comes from the data becomes text, never markup
function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) if (k === "on") e.addEventListener("click", v); else if (v !== null && v !== undefined) e.setAttribute(k, v);
  e.append(...children.flat().filter(c => c !== null && c !== undefined && c !== ""));
  return e;
}
const say = (name, words, kind) => el(name, {dir: "auto", class: kind}, words);
const hours = m => m >= 90 ? Math.round(m / 6) / 10 + " h" : Math.round(m) + " min";
const many = (n, word) => n + " " + word + (n === 1 ? "" : "s");
const lines = p => p.lines && p.lines[0] ? (p.lines[0] === p.lines[1] ? "line " + p.lines[0] : "lines " + p.lines[0] + "–" + p.lines[1]) : "";
const place = p => [p.location, lines(p)].filter(Boolean).join(", ");
const to = i => el("button", {type: "button", class: "link", dir: "auto", on: () => choose(i, true)}, nodes[i].title);
const marks = n => [n.gaps.length ? "needs an author" : "", n.critical ? "critical path" : "", n.optional ? "optional" : "", n.change, n.findings.some(f => f.severity === "error") ? "error" : n.findings.some(f => f.severity === "warning") ? "warning" : ""].filter(Boolean);

// ---- state, which the address keeps
const fresh = {view: "graph", node: "", q: "", group: "", week: "", critical: "", gaps: "", findings: "", changed: "", focus: nodes.length > LARGE ? "2" : ""};
let state = {...fresh};
function load() {
  const given = new URLSearchParams(location.hash.slice(1));
  state = {...fresh};
  for (const k of Object.keys(fresh)) if (given.has(k)) state[k] = given.get(k);
  if (!(state.view in views)) state.view = "graph";
  if (!["", "1", "2", "3"].includes(state.focus)) state.focus = fresh.focus;
}
function keep() {
  const kept = new URLSearchParams(Object.entries(state).filter(([k, v]) => v !== fresh[k]));
  history.replaceState(null, "", "#" + kept);
}
const chosen = () => byId.has(state.node) ? byId.get(state.node) : -1;
const filters = ["q", "group", "week", "critical", "gaps", "findings", "changed"];
let hits = [];
function matching() {
  const q = state.q.trim().toLowerCase();
  hits = nodes.map((n, i) => (!q || text[i].includes(q)) && (!state.group || n.group === state.group) && (!state.week || String(n.week) === state.week)
    && (!state.critical || n.critical) && (!state.gaps || n.gaps.length > 0) && (!state.findings || n.findings.length > 0) && (!state.changed || n.change !== ""));
  return hits;
}
// What a search most likely means: a title that begins so, one that has it, else the first that speaks of it.
function best() {
  const q = state.q.trim().toLowerCase();
  for (const fits of [t => t.startsWith(q), t => t.includes(q), () => true]) { const i = nodes.findIndex((n, k) => hits[k] && fits(n.title.toLowerCase())); if (i >= 0) return i; }
  return -1;
}
const filtered = () => filters.some(k => state[k]);

// ---- the graph
const canvas = $("canvas"), pen = canvas.getContext("2d");
let view = {x: 0, y: 0, zoom: 1}, shown = [], at = new Map(), queued = false;
function arrange() {
  at = new Map();
  if (!state.focus) {
    shown = nodes.map((_, i) => i);
    nodes.forEach((n, i) => at.set(i, [n.x, n.y]));
    return;
  }
  let start = chosen();
  if (start < 0) start = hits.indexOf(true);
  if (start < 0) start = 0;
  const found = new Set([start]);
  let edge = [start];
  for (let step = 0; step < Number(state.focus) && found.size < MOST; step++) {
    const next = [];
    for (const i of edge) for (const j of [...nodes[i].before, ...after[i]]) if (!found.has(j) && found.size < MOST) { found.add(j); next.push(j); }
    edge = next;
  }
  shown = [...found];
  const layers = new Map();
  for (const i of shown) { const y = nodes[i].y; if (!layers.has(y)) layers.set(y, []); layers.get(y).push(i); }
  let top = 0;
  for (const y of [...layers.keys()].sort((a, b) => a - b)) {
    const layer = layers.get(y).sort((a, b) => nodes[a].x - nodes[b].x);
    for (let k = 0; k < layer.length; k += 8) {
      const row = layer.slice(k, k + 8);
      row.forEach((i, n) => at.set(i, [(n - (row.length - 1) / 2) * 190, top]));
      top += k + 8 < layer.length ? 62 : 104;
    }
  }
}
function fit() {
  if (!shown.length) return;
  const box = canvas.getBoundingClientRect();
  let [l, r, t, b] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of at.values()) { l = Math.min(l, x); r = Math.max(r, x); t = Math.min(t, y); b = Math.max(b, y); }
  view.zoom = Math.min(1.2, box.width / (r - l + W + 60), (box.height - 30) / (b - t + H + 60));
  view.x = (l + r) / 2; view.y = (t + b) / 2 + 12 / view.zoom;
  draw();
}
function draw() { if (!queued) { queued = true; requestAnimationFrame(paint); } }
function wrapped(words, width) {
  const out = [];
  let line = "";
  for (const word of words.split(/\s+/)) {
    const longer = line ? line + " " + word : word;
    if (line && pen.measureText(longer).width > width) { out.push(line); line = word; } else line = longer;
  }
  out.push(line);
  if (out.length > 2) { out[1] += " …"; out.length = 2; }
  return out.map(l => { let s = l; while (s.length > 1 && pen.measureText(s).width > width) s = s.slice(0, -2).trimEnd() + "…"; return s; });
}
const hue = new Map(groups.map((g, i) => [g, (i * 137.508) % 360]));
function paint() {
  queued = false;
  const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  if (!box.width) return;
  if (canvas.width !== Math.round(box.width * ratio) || canvas.height !== Math.round(box.height * ratio)) { canvas.width = Math.round(box.width * ratio); canvas.height = Math.round(box.height * ratio); }
  const style = getComputedStyle(document.documentElement), colour = name => style.getPropertyValue("--" + name).trim();
  const c = Object.fromEntries(["back", "panel", "text", "soft", "line", "edge", "accent", "critical", "gap", "added", "changed"].map(k => [k, colour(k)]));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  pen.translate(box.width / 2, box.height / 2); pen.scale(view.zoom, view.zoom); pen.translate(-view.x, -view.y);
  const w = box.width / 2 / view.zoom + W, h = box.height / 2 / view.zoom + H;
  const seen = ([x, y]) => Math.abs(x - view.x) < w && Math.abs(y - view.y) < h;
  const mine = chosen(), some = filtered();
  for (const near of [false, true]) for (const i of shown) for (const p of nodes[i].before) {
    if (!at.has(p) || (i === mine || p === mine) !== near) continue;
    const a = at.get(p), b = at.get(i);
    if (!seen(a) && !seen(b)) continue;
    const lit = near || (nodes[i].critical && nodes[p].critical);
    pen.globalAlpha = some && !(hits[i] && hits[p]) && !near ? .15 : lit ? 1 : .55;
    pen.strokeStyle = near ? c.accent : lit ? c.critical : c.edge;
    pen.lineWidth = near ? 2.5 : 1.2;
    pen.setLineDash(evidence.has(p + ">" + i) ? [] : [5, 4]);
    const y1 = a[1] + H / 2, y2 = b[1] - H / 2 - 5, bend = Math.max(20, Math.abs(y2 - y1) / 2);
    pen.beginPath(); pen.moveTo(a[0], y1); pen.bezierCurveTo(a[0], y1 + bend, b[0], y2 - bend, b[0], y2); pen.stroke();
    pen.setLineDash([]); pen.fillStyle = pen.strokeStyle;
    pen.beginPath(); pen.moveTo(b[0], y2 + 6); pen.lineTo(b[0] - 4, y2 - 2); pen.lineTo(b[0] + 4, y2 - 2); pen.fill();
  }
  pen.textBaseline = "middle"; pen.textAlign = "center"; pen.font = "13px system-ui, sans-serif";
  for (const i of shown) {
    const p = at.get(i), n = nodes[i];
    if (!seen(p)) continue;
    const [x, y] = p;
    pen.globalAlpha = some && !hits[i] ? .2 : 1;
    pen.fillStyle = c.panel;
    pen.strokeStyle = n.change === "added" ? c.added : n.change ? c.changed : n.critical ? c.critical : c.line;
    pen.lineWidth = n.change || n.critical ? 2 : 1;
    if (i === mine) { pen.strokeStyle = c.accent; pen.lineWidth = 3.5; }
    if (n.optional) pen.setLineDash([4, 3]);
    pen.beginPath(); pen.roundRect(x - W / 2, y - H / 2, W, H, 6); pen.fill(); pen.stroke(); pen.setLineDash([]);
    if (n.group) { pen.fillStyle = "hsl(" + hue.get(n.group) + " 55% 50%)"; pen.fillRect(x - W / 2 + 2, y - H / 2 + 5, 4, H - 10); }
    if (n.gaps.length) { pen.fillStyle = c.gap; pen.beginPath(); pen.arc(x + W / 2 - 8, y - H / 2 + 8, 3.5, 0, 7); pen.fill(); }
    if (view.zoom < .28) continue;
    pen.fillStyle = c.text;
    const said = wrapped(n.title, W - 26);
    said.forEach((l, k) => pen.fillText(l, x, y + (k - (said.length - 1) / 2) * 15));
  }
  pen.globalAlpha = 1;
  canvas.dataset.drawn = shown.length;
}
function under(event) {
  const box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - box.width / 2) / view.zoom + view.x, y = (event.clientY - box.top - box.height / 2) / view.zoom + view.y;
  return shown.find(i => { const p = at.get(i); return Math.abs(p[0] - x) < W / 2 && Math.abs(p[1] - y) < H / 2; });
}
function zoom(by, event) {
  const box = canvas.getBoundingClientRect(), dx = event ? event.clientX - box.left - box.width / 2 : 0, dy = event ? event.clientY - box.top - box.height / 2 : 0;
  const z = Math.min(4, Math.max(.02, view.zoom * by));
  view.x += dx / view.zoom - dx / z; view.y += dy / view.zoom - dy / z; view.zoom = z;
  draw();
}
let drag = null;
canvas.addEventListener("pointerdown", e => { drag = {x: e.clientX, y: e.clientY, far: 0}; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener("pointermove", e => {
  if (!drag) { const i = under(e); canvas.title = i === undefined ? "" : nodes[i].title; return; }
  const dx = e.clientX - drag.x, dy = e.clientY - drag.y;
  drag = {x: e.clientX, y: e.clientY, far: drag.far + Math.abs(dx) + Math.abs(dy)};
  view.x -= dx / view.zoom; view.y -= dy / view.zoom; draw();
});
canvas.addEventListener("pointerup", e => { if (drag && drag.far < 5) { const i = under(e); if (i !== undefined) choose(i, false); } drag = null; });
canvas.addEventListener("pointercancel", () => { drag = null; });
canvas.addEventListener("wheel", e => { e.preventDefault(); zoom(Math.exp(-e.deltaY / 500), e); }, {passive: false});
canvas.addEventListener("keydown", e => {
  const i = chosen(), first = shown.find(k => hits[k]) ?? shown[0];
  const step = (list, otherwise) => choose(list.length ? list[0] : otherwise, true);
  const sideways = by => {
    if (i < 0) return choose(first, true);
    const row = shown.filter(k => at.get(k)[1] === at.get(i)[1]).sort((a, b) => at.get(a)[0] - at.get(b)[0]);
    choose(row[(row.indexOf(i) + by + row.length) % row.length], true);
  };
  const keys = {ArrowUp: () => i < 0 ? choose(first, true) : step(nodes[i].before, i), ArrowDown: () => i < 0 ? choose(first, true) : step(after[i], i),
    ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), "+": () => zoom(1.25), "-": () => zoom(.8), "0": fit,
    f: () => set("focus", state.focus ? "" : "2"), Enter: () => $("detail").focus()};
  if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
  e.preventDefault(); keys[e.key]();
});

// ---- one concept
function detail(i, heading) {
  const n = nodes[i], out = [say(heading, n.title)], part = (name, ...children) => { if (children.flat().length) out.push(el(heading === "h2" ? "h3" : "h4", {}, name), ...children.flat()); };
  out.push(el("p", {class: "soft"}, [n.group, n.week ? "week " + n.week : "", hours(n.minutes), ...marks(n)].filter(Boolean).join(" · ")));
  if (n.capability) out.push(say("p", n.capability));
  const list = items => items.length ? [el("ul", {}, items.map(x => say("li", x)))] : [];
  part("Ideas", list(n.ideas));
  part("Pitfalls", list(n.pitfalls));
  part("Task", n.task ? [say("p", n.task)] : []);
  part("It is done when", n.criteria ? [say("p", n.criteria)] : []);
  part("Needs an author", n.gaps.length ? [el("ul", {class: "gap"}, n.gaps.map(g => say("li", g.field.replaceAll("_", " ") + ": " + g.reason)))] : []);
  const edge = (j, e) => el("li", {}, to(j), e ? e[3].map(p => [p.quote ? el("blockquote", {dir: "auto"}, "“" + p.quote + "”", " ", el("span", {class: "soft"}, place(p))) : say("div", p.note || p.kind, "soft")]).flat() : say("div", "no evidence in the source", "soft"));
  part("Builds on", n.before.length ? [el("ul", {}, n.before.map(p => edge(p, evidence.get(p + ">" + i))))] : []);
  part("Needed for", after[i].length ? [el("ul", {}, after[i].map(d => edge(d, evidence.get(i + ">" + d))))] : []);
  part("Findings", n.findings.length ? [el("ul", {}, n.findings.map(f => el("li", {class: f.severity, dir: "auto"}, f.severity + ", " + f.rule + ": " + f.text)))] : []);
  part("Resources", n.resources.length ? [el("ul", {}, n.resources.map(r => el("li", {dir: "auto"}, /^https?:\/\//i.test(r.url) ? el("a", {href: r.url, rel: "noopener noreferrer", target: "_blank"}, r.title) : r.title, " ", el("span", {class: "soft"}, [r.kind, r.role, r.citation].filter(Boolean).join(", ")))))] : []);
  if (n.source) part("In the source", [el("p", {class: "soft", dir: "auto"}, [place(n.source), n.source.heading_path.join(" › ")].filter(Boolean).join(" · ")), n.source.quote ? el("blockquote", {dir: "auto"}, n.source.quote) : ""].filter(Boolean));
  return out;
}
function choose(i, move) {
  if (i === undefined || i < 0) return;
  state.node = nodes[i].id; keep();
  $("detail").replaceChildren(...detail(i, "h2"));
  $("detail").scrollTop = 0;
  $("live").textContent = nodes[i].title + ". " + many(nodes[i].before.length, "prerequisite") + ".";
  if (state.focus) { arrange(); fit(); } else if (move && at.has(i)) { const [x, y] = at.get(i), box = canvas.getBoundingClientRect();
    if (Math.abs(x - view.x) * view.zoom > box.width / 2 - 60 || Math.abs(y - view.y) * view.zoom > box.height / 2 - 40) { view.x = x; view.y = y; } }
  draw();
}

// ---- the views in words
const row = i => el("li", {class: "row"}, to(i), " ", el("span", {class: "soft"}, [hours(nodes[i].minutes), ...marks(nodes[i])].join(" · ")));
const views = {graph: ["Graph", () => { arrange(); fit(); }], list: ["List", () => {
  const by = state.by === "group" ? n => n.group || "No group" : n => n.week ? "Week " + n.week : data.weeks.length ? "In no week" : "All";
  const parts = new Map();
  nodes.map((_, i) => i).filter(i => hits[i]).sort((a, b) => (nodes[a].week ?? 1e9) - (nodes[b].week ?? 1e9) || a - b).forEach(i => { const k = by(nodes[i]); if (!parts.has(k)) parts.set(k, []); parts.get(k).push(i); });
  $("list").replaceChildren(el("p", {}, "By ", ["week", "group"].map(k => [el("button", {type: "button", "aria-pressed": String((state.by || "week") === k), on: () => { state.by = k; show(); }}, k), " "]).flat()),
    ...[...parts].flatMap(([k, is]) => [say("h2", k), el("ul", {}, is.map(row))]));
}], weeks: ["Weeks", () => $("weeks").replaceChildren(data.weeks.length ? el("table", {}, el("thead", {}, el("tr", {}, ["Week", "Time", "Concepts", "Review"].map(t => el("th", {scope: "col"}, t)))),
  el("tbody", {}, data.weeks.map(w => el("tr", {}, el("th", {scope: "row"}, String(w.week)), el("td", {}, hours(w.minutes)), el("td", {}, el("ul", {}, w.nodes.map(row))), el("td", {}, el("ul", {}, w.review.map(i => el("li", {}, to(i))))))))) : el("p", {}, "There is no current plan."))],
open: ["Gaps and findings", () => {
  const gaps = nodes.map((_, i) => i).filter(i => hits[i] && nodes[i].gaps.length), bad = nodes.map((_, i) => i).filter(i => hits[i] && nodes[i].findings.length);
  const said = f => el("li", {class: f.severity, dir: "auto"}, f.severity + ", " + f.rule + ": " + f.text);
  $("open").replaceChildren(el("h2", {}, "What needs an author"), gaps.length ? el("ul", {}, gaps.map(i => el("li", {}, to(i), el("ul", {}, nodes[i].gaps.map(g => say("li", g.field.replaceAll("_", " ") + ": " + g.reason, "gap")))))) : el("p", {}, "Nothing."),
    el("h2", {}, "Findings"), bad.length || data.findings.length ? el("ul", {}, data.findings.map(said), bad.map(i => el("li", {}, to(i), el("ul", {}, nodes[i].findings.map(said))))) : el("p", {}, "None."),
    ...(data.compared ? [el("h2", {}, "Since the previous curriculum"), el("ul", {}, nodes.map((n, i) => n.change ? el("li", {class: n.change}, to(i), " " + n.change) : null), data.removed.map(id => el("li", {dir: "auto"}, id + " removed")))] : []));
}]};
function show() {
  for (const k of filters.concat("focus")) { const e = $(k); if (e.type === "checkbox") e.checked = state[k] !== ""; else e.value = state[k]; }
  matching();
  for (const k of Object.keys(views)) { $(k).hidden = k !== state.view; $("view-" + k).setAttribute("aria-pressed", String(k === state.view)); }
  views[state.view][1]();
  if (filtered()) $("live").textContent = many(hits.filter(Boolean).length, "concept");
  if (chosen() >= 0) { if (!$("detail").firstChild) choose(chosen(), true); } else $("detail").replaceChildren();
}
function set(key, value) { state[key] = value; keep(); show(); }

// ---- the page
const all = nodes.reduce((t, n) => t + n.minutes, 0), open = nodes.filter(n => n.gaps.length).length;
$("figures").textContent = [many(nodes.length, "concept"), many(nodes.reduce((t, n) => t + n.before.length, 0), "edge"), hours(all), data.weeks.length ? many(data.weeks.length, "week") : "", open ? open + " need an author" : "", data.score === null ? "" : "score " + Math.round(data.score)].filter(Boolean).join(" · ");
const options = (e, pairs) => e.append(...pairs.map(([v, t]) => el("option", {value: v}, t)));
options($("group"), [["", "all"], ...groups.map(g => [g, g])]);
options($("week"), [["", "all"], ...data.weeks.map(w => [String(w.week), String(w.week)])]);
options($("focus"), [["", "off"], ["1", "±1"], ["2", "±2"], ["3", "±3"]]);
$("changed-label").hidden = !data.compared;
for (const k of filters.concat("focus")) { const e = $(k); e.addEventListener(k === "q" ? "input" : "change", () => set(k, e.type === "checkbox" ? (e.checked ? "1" : "") : e.value)); }
$("q").addEventListener("keydown", e => { if (e.key === "Enter") { const i = best(); if (i >= 0) { choose(i, true); if (state.view === "graph") canvas.focus(); } } });
for (const [k, [name]] of Object.entries(views)) $("views").append(el("button", {type: "button", id: "view-" + k, on: () => set("view", k)}, name));
$("in").addEventListener("click", () => zoom(1.25)); $("out").addEventListener("click", () => zoom(.8)); $("fit").addEventListener("click", fit);
canvas.setAttribute("aria-label", "Graph of " + many(nodes.length, "concept"));
document.addEventListener("keydown", e => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
  if (e.key === "/" && !typing) { e.preventDefault(); $("q").focus(); }
  if (e.key === "Escape") { if (typing) canvas.focus(); state.node = ""; keep(); show(); draw(); }
});
window.addEventListener("hashchange", () => { load(); $("detail").replaceChildren(); show(); });
window.addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
window.addEventListener("beforeprint", () => $("print").replaceChildren(...[data.goal, data.audience].filter(Boolean).map(t => say("p", t)),
  ...nodes.map((_, i) => i).sort((a, b) => (nodes[a].week ?? 1e9) - (nodes[b].week ?? 1e9) || a - b).map(i => el("article", {}, detail(i, "h2")))));
window.addEventListener("afterprint", () => $("print").replaceChildren());
load(); show();
})();
