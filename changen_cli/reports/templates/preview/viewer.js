// One series at a time: its dates, two of them with a swipe between, what lies over them, and its events.
const view = { series: null, time: 0, chosen: null, playing: null };

function open_(series) {
  view.series = series;
  view.chosen = null;
  view.time = series.times.length - 1;
  $("time").max = series.times.length - 1;
  $("masks").disabled = !pictures(series.number).masks;
  $("masks").parentNode.title = $("masks").disabled ? "this format stores no masks" : "m";
  if (!$("viewer").open) $("viewer").showModal();
  show();
}

function close_() {
  stop();
  view.series = null;
  if ($("viewer").open) $("viewer").close();
  history.replaceState(null, "", location.pathname + location.search);
}

const isSwipe = () => $("swipe").checked && view.time > 0;
const before = () => ($("from").value === "first" ? 0 : view.time - 1);

// The place before the date shown from which changes are drawn: they are those of the step that led here.
const since = () => (isSwipe() ? before() : Math.max(0, view.time - 1));

function show() {
  const { series, time } = view, from = pictures(series.number);
  const stage = $("stage"), strength = $("strength").value / 100;
  stage.style.aspectRatio = `${from.width} / ${from.height}`;
  layer($("after"), from, time, strength);
  $("before").hidden = $("handle").hidden = $("date-before").hidden = !isSwipe();
  $("edge").disabled = $("from").disabled = !$("swipe").checked;
  if (isSwipe()) layer($("before"), from, before(), strength);
  $("over").replaceChildren();
  if ($("changed").checked) {
    for (let place = since(); place < time; place++) $("over").append(make("img", { src: from.changed[place], class: "label", alt: "what changed", style: `opacity:${strength}` }));
  }
  if ($("outlines").checked) $("over").append(outlines(from));
  $("time").value = time;
  $("date").textContent = `date ${series.times[time]} of ${series.times[series.times.length - 1]}`;
  $("date-after").textContent = "I" + series.times[time] + (series.times[time] === 0 ? ", real" : "");
  if (isSwipe()) $("date-before").textContent = "I" + series.times[before()] + (series.times[before()] === 0 ? ", real" : "");
  $("name").textContent = series.id;
  $("where").textContent = `${series.split}, ${shown.indexOf(series) + 1} of ${shown.length}`;
  list();
  swipeTo(Number($("edge").value));
  history.replaceState(null, "", "#" + encodeURIComponent(series.id));
}

function layer(place, from, time, strength) {
  place.replaceChildren(make("img", { src: from.images[time], alt: "I" + view.series.times[time] }));
  if ($("masks").checked && from.masks) place.append(make("img", { src: from.masks[time], class: "label", alt: "mask", style: `opacity:${strength}` }));
}

// Changes between the dates that are looked at, and their places in the series.
function lately() {
  const { series, time } = view, first = series.times[since()], last = series.times[time];
  return series.changes.map((change, place) => [change, place]).filter(([change]) => first < change[STEP] && change[STEP] <= last);
}

function outlines(from) {
  const over = draw("svg", { viewBox: `0 0 ${from.width} ${from.height}`, preserveAspectRatio: "none" });
  for (const [change, place] of lately()) {
    if (!wanted(change)) continue;
    const colour = index.events[change[EVENT]], [old, now] = from.shapes[place];
    const chosen = view.chosen === place ? " chosen" : "";
    if (old) over.append(draw("path", { d: old, class: "old" + chosen, stroke: colour, fill: now ? "none" : colour, "fill-rule": "evenodd" }));
    if (now) over.append(draw("path", { d: now, class: "new" + chosen, stroke: colour, fill: colour, "fill-rule": "evenodd" }));
  }
  return over;
}

function list() {
  const now = new Set(lately().map(([, place]) => place));
  let step = 0;
  $("list").replaceChildren();
  view.series.changes.forEach((change, place) => {
    if (change[STEP] !== step) $("list").append(make("li", { class: "step" }, `step ${(step = change[STEP])}`));
    const area = number(areaOf(view.series, change)) + " " + areaUnit;
    const line = make("li", { class: (now.has(place) ? "" : "past") + (view.chosen === place ? " chosen" : ""), tabindex: "0" },
      dot(change[EVENT]), `${change[EVENT]} ${change[UID]}, ${area}`);
    line.onclick = () => choose(place);
    line.onkeydown = (event) => { if (event.key === "Enter") choose(place); };
    $("list").append(line);
  });
  if (!view.series.changes.length) $("list").append(make("li", { class: "past" }, "nothing changed"));
}

// Shows an event at the date that it led to.
function choose(place) {
  const { series } = view;
  view.chosen = view.chosen === place ? null : place;
  const date = series.times.findIndex((time) => time >= series.changes[place][STEP]);
  if (date > 0) view.time = date;
  show();
}

function swipeTo(share) {
  $("edge").value = share;
  $("after").style.clipPath = isSwipe() ? `inset(0 0 0 ${share}%)` : "none";
  $("handle").style.left = share + "%";
}

function go(by) {
  const last = view.series.times.length - 1;
  view.time = Math.min(last, Math.max(0, view.time + by));
  view.chosen = null;
  show();
}
function turn(by) {
  const place = shown.indexOf(view.series) + by;
  if (shown[place]) open_(shown[place]);
}
function play() {
  if (view.playing) { stop(); return; }
  $("play").textContent = "⏸";
  view.playing = setInterval(() => { view.time = (view.time + 1) % view.series.times.length; show(); }, 900);
}
function stop() {
  clearInterval(view.playing);
  view.playing = null;
  $("play").textContent = "▶";
}

$("time").oninput = () => { view.time = Number($("time").value); view.chosen = null; show(); };
$("edge").oninput = () => swipeTo(Number($("edge").value));
for (const id of ["swipe", "from", "masks", "changed", "outlines", "strength"]) $(id).oninput = show;
$("play").onclick = play;
$("previous").onclick = () => turn(-1);
$("next").onclick = () => turn(1);
$("close").onclick = close_;
$("viewer").onclose = close_;
$("viewer").onclick = (event) => { if (event.target === $("viewer")) close_(); };
const drag = (event) => {
  if (!isSwipe() || !(event.buttons & 1)) return;
  const box = $("stage").getBoundingClientRect();
  swipeTo(Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width)));
};
$("stage").onpointerdown = (event) => { if (isSwipe()) $("stage").setPointerCapture(event.pointerId); drag(event); };
$("stage").onpointermove = drag;
$("stage").ondragstart = () => false;

const tick = (id) => () => { if (!$(id).disabled) { $(id).checked = !$(id).checked; show(); } };
const slide = (by) => () => { if (isSwipe()) swipeTo(Math.min(100, Math.max(0, Number($("edge").value) + by))); };
const KEYS = {
  ArrowLeft: () => go(-1), ArrowRight: () => go(1), ArrowUp: () => turn(-1), ArrowDown: () => turn(1), k: () => turn(-1), j: () => turn(1),
  " ": play, s: tick("swipe"), m: tick("masks"), c: tick("changed"), o: tick("outlines"), "[": slide(-5), "]": slide(5),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input[type=search], select");
  if (!$("viewer").open) { // Escape shuts it before its close event comes
    if (event.key === "/" && !typing) { event.preventDefault(); $("find").focus(); }
    return;
  }
  // a slider that has the focus keeps the arrows that move it
  if (typing || (event.target.type === "range" && event.target.id !== "time" && event.key.startsWith("Arrow"))) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});
