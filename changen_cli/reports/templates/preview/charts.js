// Counts and histograms of the series that the filters leave, drawn anew whenever these change.
const WIDE = 340, HIGH = 150, LEFT = 42, BELOW = 34, ABOVE = 8;

// bins: [{ title, parts: [[colour, count], ...] }], drawn as stacked bars.
function bars(title, along, bins, total) {
  const most = Math.max(1, ...bins.map((bin) => bin.parts.reduce((sum, part) => sum + part[1], 0)));
  const picture = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH + ABOVE + BELOW}`, role: "img", "aria-label": title });
  for (const share of [0, 0.5, 1]) {
    const y = ABOVE + HIGH * (1 - share);
    picture.append(draw("line", { x1: LEFT, x2: WIDE, y1: y, y2: y, stroke: "#e3e3e3" }));
    if (Number.isInteger(most * share)) picture.append(draw("text", { x: LEFT - 5, y: y + 4, "text-anchor": "end" }, number(most * share)));
  }
  const step = (WIDE - LEFT) / bins.length;
  const every = Math.ceil(bins.length / 8);
  bins.forEach((bin, place) => {
    let y = ABOVE + HIGH;
    const sum = bin.parts.reduce((all, part) => all + part[1], 0);
    const stack = draw("g", {}, draw("title", {}, `${bin.title}: ${number(sum)}`));
    for (const [colour, count] of bin.parts) {
      const height = HIGH * count / most;
      y -= height;
      stack.append(draw("rect", { x: LEFT + place * step + 1, y, width: Math.max(1, step - 2), height, fill: colour }));
    }
    picture.append(stack);
    if (place % every === 0) picture.append(draw("text", { x: LEFT + (place + 0.5) * step, y: ABOVE + HIGH + 14, "text-anchor": "middle" }, bin.title));
  });
  picture.append(draw("text", { x: (LEFT + WIDE) / 2, y: ABOVE + HIGH + 29, "text-anchor": "middle" }, along));
  return make("div", {}, make("h3", {}, title), make("span", { class: "hint" }, total), picture);
}

const byEvent = (changes) => EVENTS.filter((event) => filter.events.has(event))
  .map((event) => [index.events[event], changes.filter((change) => change[EVENT] === event).length]);

// A change in two pairs of one series (0 to 2, and 1 to 2) is counted where it is shown: in both.
function perStep(series) {
  const changes = series.flatMap((one) => one.changes.filter(wanted));
  const last = Math.max(1, ...index.series.flatMap((one) => one.times));
  const bins = Array.from({ length: last }, (_, step) => ({ title: String(step + 1), parts: byEvent(changes.filter((change) => change[STEP] === step + 1)) }));
  return bars("Changes by step", "step", bins, `${number(changes.length)} changes`);
}

function perDate(series) {
  const counts = [];
  for (const one of series) {
    for (let place = 1; place < one.times.length; place++) {
      const [first, second] = [one.times[place - 1], one.times[place]];
      counts.push(one.changes.filter((change) => wanted(change) && first < change[STEP] && change[STEP] <= second).length);
    }
  }
  const most = Math.max(1, ...counts), width = Math.max(1, Math.ceil((most + 1) / 16));
  const bins = Array.from({ length: Math.floor(most / width) + 1 }, (_, bin) => ({
    title: width === 1 ? String(bin) : `${bin * width}-${(bin + 1) * width - 1}`,
    parts: [["#7a8b99", counts.filter((count) => Math.floor(count / width) === bin).length]],
  }));
  const mean = counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
  return bars("Changes between two dates", "changes", bins, `${number(counts.length)} times two dates, ${mean.toFixed(1)} changes on average`);
}

function sizes(series) {
  const all = series.flatMap((one) => one.changes.filter(wanted).map((change) => [areaOf(one, change), change])).filter(([area]) => area > 0);
  const logs = all.map(([area]) => Math.log2(area));
  const low = logs.length ? Math.floor(Math.min(...logs)) : 0, high = logs.length ? Math.floor(Math.max(...logs)) : 0;
  const bins = Array.from({ length: high - low + 1 }, (_, bin) => ({
    title: `${number(2 ** (low + bin))}`,
    parts: byEvent(all.filter((_, place) => Math.floor(logs[place]) === low + bin).map(([, change]) => change)),
  }));
  const sorted = all.map(([area]) => area).sort((a, b) => a - b);
  const middle = sorted.length ? `half are below ${number(sorted[sorted.length >> 1])} ${areaUnit}` : "none";
  return bars("Sizes of changed objects", `${areaUnit}, from this to twice this`, bins, middle);
}

function changedArea(series) {
  const shares = series.flatMap((one) => one.changed.map((share) => share * 100));
  const most = Math.max(0.1, ...shares), count = 12;
  const width = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10].find((one) => one * count >= most) || 10;
  const bins = Array.from({ length: Math.max(1, Math.floor(most / width) + 1) }, (_, bin) => ({
    title: String(+(bin * width).toFixed(2)),
    parts: [["#7a8b99", shares.filter((share) => Math.floor(share / width + 1e-9) === bin).length]],
  }));
  const mean = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
  return bars("Changed area between two dates", `% of the valid pixels, from this on`, bins, `${mean.toFixed(2)} % on average, of all events`);
}

watchers.push((series) => $("charts").replaceChildren(perStep(series), perDate(series), sizes(series), changedArea(series)));
