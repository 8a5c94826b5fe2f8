// What the page knows, and who wants to know when the filters change.
const $ = (id) => document.getElementById(id);
const index = JSON.parse($("index").textContent);
const EVENTS = Object.keys(index.events);
const STEP = 0, EVENT = 1, UID = 2, CLASS = 3, OLD = 4, NEW = 5, X = 6, Y = 7; // fields of a change
const number = (value) => value.toLocaleString("en-GB", { maximumFractionDigits: value < 10 ? 1 : 0 });

index.series.forEach((one, place) => { one.number = place; });

// The pictures of a series are read from the page when they are first wanted, and the last few are kept.
const kept = new Map();
function pictures(number) {
  let found = kept.get(number);
  if (found) kept.delete(number);
  else found = JSON.parse($("pictures-" + number).textContent);
  kept.set(number, found);
  if (kept.size > 60) kept.delete(kept.keys().next().value);
  return found;
}

function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
function draw(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
const dot = (event) => make("span", { class: "dot", style: "background:" + index.events[event] });

const areaOf = (series, change) => Math.max(change[OLD], change[NEW]) * (series.pixel || 1);
const inMetres = index.series.length > 0 && index.series.every((one) => one.pixel);
const areaUnit = inMetres ? "m²" : "pixels";
if (!inMetres) index.series.forEach((one) => { one.pixel = null; }); // one unit on all of a page

// Filters: the events and splits that are ticked, and what is typed.
const filter = { events: new Set(EVENTS), splits: new Set(), text: "", order: "stored" };
const wanted = (change) => filter.events.has(change[EVENT]);
const watchers = [];
let shown = [];
function refresh() {
  const all = filter.events.size === EVENTS.length;
  const text = filter.text.toLowerCase();
  shown = index.series.filter((one) => filter.splits.has(one.split)
    && (!text || one.id.toLowerCase().includes(text) || one.scene.toLowerCase().includes(text))
    && (all || one.changes.some(wanted)));
  const rank = { changes: (one) => -one.changes.filter(wanted).length, area: (one) => -Math.max(0, ...one.changed) }[filter.order];
  if (rank) shown.sort((a, b) => rank(a) - rank(b) || a.number - b.number);
  watchers.forEach((watch) => watch(shown));
}
