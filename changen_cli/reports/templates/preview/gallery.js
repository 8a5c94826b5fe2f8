// Cards of the series; a card has pictures only while it is near to what is seen. The filters; and where the page starts.
const FRAME = { root: null, rootMargin: "600px" };
const cards = index.series.map(card);

function card(series) {
  const counts = EVENTS.map((event) => [event, series.changes.filter((change) => change[EVENT] === event).length]).filter(([, count]) => count);
  const say = make("span", { class: "say" }, series.id, make("br"), make("i", {}, series.split + " "));
  for (const [event, count] of counts) say.append(dot(event), String(count), " ");
  const frame = make("span", { class: "frame", style: `aspect-ratio:${index.size[1]} / ${index.size[0]}` });
  const made = make("button", { class: "card", type: "button", title: series.id }, frame, say);
  made.onclick = () => open_(series);
  made.series = series;
  // moving over a card leafs through its dates
  frame.onpointermove = (event) => leaf(made, Math.floor(event.offsetX / frame.clientWidth * series.times.length));
  frame.onpointerleave = () => leaf(made, series.times.length - 1);
  return made;
}

function leaf(made, time) {
  const { series } = made, picture = made.querySelector("img");
  const date = Math.min(series.times.length - 1, Math.max(0, time));
  if (!picture || picture.date === date) return;
  picture.date = date;
  picture.src = pictures(series.number).images[date];
  made.querySelector(".frame span").textContent = "I" + series.times[date];
}

const lazily = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const frame = target.querySelector(".frame");
    if (isIntersecting && !frame.firstChild) {
      frame.append(make("img", { alt: target.series.id, decoding: "async" }), make("span"));
      leaf(target, target.series.times.length - 1);
    } else if (!isIntersecting) frame.replaceChildren();
  }
}, FRAME);
cards.forEach((made) => lazily.observe(made));

watchers.push((series) => {
  $("gallery").replaceChildren(...series.map((one) => cards[one.number]));
  $("count").textContent = `${number(series.length)} of ${number(index.series.length)} shown`;
  $("none").hidden = series.length > 0;
});

function boxes(place, values, chosen, mark) {
  const counted = values.length > 1 ? values : [];
  for (const value of counted) {
    const box = make("input", { type: "checkbox", checked: true, value });
    box.onchange = () => { if (box.checked) chosen.add(value); else chosen.delete(value); refresh(); };
    $(place).append(make("label", {}, box, ...mark(value), value));
  }
  if (!counted.length) $(place).append(...values.flatMap((value) => [...mark(value), value]));
}
const SPLITS = ["train", "val", "test"].filter((split) => index.series.some((one) => one.split === split));
SPLITS.forEach((split) => filter.splits.add(split));
boxes("events", EVENTS, filter.events, (event) => [dot(event)]);
boxes("splits", SPLITS, filter.splits, () => []);
$("find").oninput = () => { filter.text = $("find").value; refresh(); };
$("order").onchange = () => { filter.order = $("order").value; refresh(); };

refresh();
const asked = decodeURIComponent(location.hash.slice(1));
const found = index.series.find((one) => one.id === asked);
if (found) open_(found);
