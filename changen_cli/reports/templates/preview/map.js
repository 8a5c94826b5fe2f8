// Tiles and changes on the Earth, a place at a time, in metres from its middle; there is no map behind them.
const DEGREE = 111320; // metres of a degree of latitude
const map = { place: 0, box: null };

if (index.places.length) {
  $("map-part").hidden = false;
  index.places.forEach((name, place) => $("place").append(make("option", { value: String(place) }, name)));
  $("place").parentNode.hidden = index.places.length < 2;
  $("place").onchange = () => { map.place = Number($("place").value); map.box = null; drawMap(shown); };
  $("map-images").onchange = () => drawMap(shown);
  $("map-part").ontoggle = () => drawMap(shown);
  watchers.push(drawMap);
}

function project(tiles) {
  const all = tiles.flatMap((one) => one.corners);
  const middle = (axis) => (Math.min(...all.map((point) => point[axis])) + Math.max(...all.map((point) => point[axis]))) / 2;
  const lon = middle(0), lat = middle(1), along = DEGREE * Math.cos(lat * Math.PI / 180);
  return ([x, y]) => [(x - lon) * along, (lat - y) * DEGREE];
}

function drawMap(series) {
  if (!$("map-part").open) return;
  const here = index.series.filter((one) => one.place === map.place && one.corners);
  const to = project(here), seen = new Set(series);
  const points = here.flatMap((one) => one.corners.map(to));
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const wide = Math.max(...xs) - Math.min(...xs), high = Math.max(...ys) - Math.min(...ys), edge = 0.06 * Math.max(wide, high);
  map.box = map.box || [Math.min(...xs) - edge, Math.min(...ys) - edge, wide + 2 * edge, high + 2 * edge];
  const picture = draw("svg", { viewBox: map.box.join(" "), role: "img", "aria-label": "map" });
  const dots = draw("g");
  for (const one of here) {
    if (!seen.has(one)) continue;
    const [a, b, c, d] = one.corners.map(to);
    if ($("map-images").checked) picture.append(image(one, a, b, d));
    const tile = draw("polygon", { points: [a, b, c, d].map((point) => point.join(",")).join(" "), class: "tile", "data-id": one.id },
      draw("title", {}, `${one.id}: ${one.changes.filter(wanted).length} changes`));
    tile.onclick = () => { if (!map.moved) open_(one); };
    picture.append(tile);
    for (const change of one.changes.filter(wanted)) {
      const at = [0, 1].map((axis) => a[axis] + change[X] * (b[axis] - a[axis]) + change[Y] * (d[axis] - a[axis]));
      const radius = Math.sqrt(Math.max(change[OLD], change[NEW]) / Math.PI) * Math.hypot(b[0] - a[0], b[1] - a[1]) / index.size[1];
      dots.append(draw("circle", { cx: at[0], cy: at[1], r: Math.max(radius, 0.003 * Math.max(wide, high)), fill: index.events[change[EVENT]], class: "change" }));
    }
  }
  picture.append(dots);
  $("map").replaceChildren(picture);
  picture.after(scale(picture)); // how many metres a pixel is shows once the map stands on the page
  zoomable(picture);
}

// A tile's last image, turned and stretched to where its corners lie.
function image(one, a, b, d) {
  const from = pictures(one.number), { width, height } = from;
  const matrix = [(b[0] - a[0]) / width, (b[1] - a[1]) / width, (d[0] - a[0]) / height, (d[1] - a[1]) / height, a[0], a[1]];
  return draw("image", { href: from.images[from.images.length - 1], width, height, transform: `matrix(${matrix.join(" ")})`, preserveAspectRatio: "none" });
}

function scale(picture) {
  const metres = metresPerPixel(picture) * 120;
  const round = 10 ** Math.floor(Math.log10(metres)), long = round * (metres / round >= 5 ? 5 : metres / round >= 2 ? 2 : 1);
  const bar = draw("svg", { width: 200, height: 24, style: "width:200px;height:24px;background:none;border:0;cursor:default" });
  const wide = long / metresPerPixel(picture);
  bar.append(draw("path", { d: `M4 6v6h${wide}v-6`, fill: "none", stroke: "#333", "stroke-width": 1.5 }),
    draw("text", { x: wide + 12, y: 14 }, long >= 1000 ? `${long / 1000} km` : `${long} m`));
  return bar;
}
const metresPerPixel = (picture) => {
  const box = picture.getBoundingClientRect();
  return Math.max(map.box[2] / Math.max(1, box.width), map.box[3] / Math.max(1, box.height));
};

function zoomable(picture) {
  const put = () => {
    picture.setAttribute("viewBox", map.box.join(" "));
    picture.nextSibling.replaceWith(scale(picture));
  };
  picture.onwheel = (event) => {
    event.preventDefault();
    const by = event.deltaY > 0 ? 1.25 : 0.8;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    map.box = [at.x - (at.x - map.box[0]) * by, at.y - (at.y - map.box[1]) * by, map.box[2] * by, map.box[3] * by];
    put();
  };
  picture.onpointerdown = () => { map.moved = false; };
  picture.onpointermove = (event) => {
    if (!(event.buttons & 1)) return;
    if (Math.abs(event.movementX) + Math.abs(event.movementY) > 1) map.moved = true;
    const metres = metresPerPixel(picture);
    map.box = [map.box[0] - event.movementX * metres, map.box[1] - event.movementY * metres, map.box[2], map.box[3]];
    put();
  };
}
