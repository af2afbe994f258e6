"use strict";
// The page of a map: reads the data in it, and lets a person search, look and choose.
// Texts of tokens only ever become text nodes.

const $ = (id) => document.getElementById(id);

// An element with properties and children; a string is a text node.
function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Five letters are four bytes: `#` to `w`, but `x` for `<`.
function bytesOf(text) {
  const bytes = new Uint8Array(Math.ceil(text.length / 5) * 4), view = new DataView(bytes.buffer);
  const digit = (at) => { const code = at < text.length ? text.charCodeAt(at) : 119; return (code === 120 ? 60 : code) - 35; };
  for (let at = 0, to = 0; at < text.length; at += 5, to += 4) {
    let number = 0;
    for (let i = 0; i < 5; i++) number = number * 85 + digit(at + i);
    view.setUint32(to, number);
  }
  return bytes.subarray(0, bytes.length - (5 - text.length % 5) % 5);
}

// Unpacks what the program packed: a length, a header as JSON, and columns of bytes.
async function unpack(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const decode = (part) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part);
  const header = JSON.parse(decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const next = (size) => bytes.subarray(at, at += size);
  const { n } = header;
  // Numbers are kept as all their low bytes, then all the next ones.
  const planes = (count, width) => {
    const numbers = new Uint32Array(count), part = next(count * width);
    for (let plane = 0; plane < width; plane++) {
      for (let i = 0; i < count; i++) numbers[i] |= part[plane * count + i] << 8 * plane;
    }
    return numbers;
  };
  const xs = planes(n, 2), ys = planes(n, 2);
  const xy = new Uint16Array(2 * n);
  for (let i = 0; i < n; i++) { xy[2 * i] = xs[i]; xy[2 * i + 1] = ys[i]; }
  const ids = planes(n, 4);
  for (let i = 1; i < n; i++) ids[i] += ids[i - 1];
  // All else is in the order of a curve through the map.
  const order = curve(xy, n);
  const sorted = (column, into) => { for (let at = 0; at < n; at++) into[order[at]] = column[at]; return into; };
  const norms = sorted(planes(n, 2), new Uint32Array(n));
  const groups = header.groups.map(() => sorted(next(n), new Uint8Array(n)));
  const counts = next(n), own = sorted(counts, new Uint8Array(n));
  const starts = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) starts[i + 1] = starts[i] + own[i];
  const edges = starts[n];
  const firsts = next(n), drops = next(edges - counts.reduce((sum, count) => sum + Math.min(1, count), 0));
  const lengths = next(edges), bits = next(Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / 8));
  const near = new Uint32Array(edges), cosines = new Float32Array(edges);
  for (let rank = 0, e = 0, drop = 0, bit = 0; rank < n; rank++) {
    const start = starts[order[rank]];
    for (let nth = 0, level = firsts[rank]; nth < counts[rank]; nth++, e++) {
      let step = 1 << lengths[e];
      for (let i = 0; i < lengths[e]; i++, bit++) step |= (bits[bit >> 3] >> (bit & 7) & 1) << i;
      near[start + nth] = order[rank + (step >>> 1 ^ -(step & 1))];
      if (nth > 0) level -= drops[drop++];
      cosines[start + nth] = level / 100 - 1;
    }
  }
  const texts = sorted(decode(bytes.subarray(at)).split("\n"), new Array(n));
  return { ...header, xy, ids, norms, groupOf: groups, starts, near, cosines, texts };
}

// The points along Hilbert's curve, which fills the plane.
function curve(xy, n) {
  const keys = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = xy[2 * i], y = xy[2 * i + 1], far = 0;
    for (let bit = 15; bit >= 0; bit--) {
      const right = x >> bit & 1, up = y >> bit & 1;
      far = far * 4 + (3 * right ^ up);
      if (!up) [x, y] = right ? [65535 - y, 65535 - x] : [y, x];
    }
    keys[i] = far * 2097152 + i;
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => key % 2097152);
}

function show(map) {
  const scatter = new Scatter($("points"), map.xy);
  const over = $("over"), pen = over.getContext("2d");
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const number = (n) => n.toLocaleString("en-US");
  const quoted = (i) => map.kinds[i] === "none" ? "(no token)" : `"${map.texts[i]}"`;
  const short = (i, most = 28) => {
    const letters = [...quoted(i)];
    return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : letters.join("");
  };
  let flight = 0; // a person who moves the map ends a flight
  let chosen = -1, hovered = -1, listed = [], hits = [], asked = false, lasso = null;

  // Drawing.
  function refresh() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; scatter.draw(); overlay(); });
  }
  scatter.onrestore = refresh;

  function overlay() {
    const look = getComputedStyle(document.documentElement);
    const [ink, ground, soft, accent] = ["--ink", "--ground", "--soft", "--accent"].map((name) => look.getPropertyValue(name).trim());
    const dpr = scatter.dpr, boxes = [];
    over.width = scatter.canvas.width;
    over.height = scatter.canvas.height;
    pen.scale(dpr, dpr);
    pen.font = "13px " + getComputedStyle(document.body).fontFamily;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const line = (from, to, width, colour) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(...scatter.toScreen(from));
      pen.lineTo(...scatter.toScreen(to));
      pen.stroke();
    };
    const ring = (i, radius, colour) => {
      pen.strokeStyle = colour;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(...scatter.toScreen(i), radius, 0, 7);
      pen.stroke();
    };
    // Writes a label right or left of its point, unless another is there.
    const label = (i, text, colour, isForced) => {
      const [x, y] = scatter.toScreen(i), wide = pen.measureText(text).width;
      if (x < -wide || x > scatter.width + wide || y < 0 || y > scatter.height) return false;
      for (const left of [x + 8, x - 8 - wide]) {
        const box = [left - 3, y - 9, left + wide + 3, y + 9];
        const isFree = boxes.every((b) => box[0] >= b[2] || b[0] >= box[2] || box[1] >= b[3] || b[1] >= box[3]);
        if (!isFree && !(isForced && left < x)) continue;
        boxes.push(box);
        pen.strokeStyle = ground;
        pen.lineWidth = 4;
        pen.strokeText(text, left, y);
        pen.fillStyle = colour;
        pen.fillText(text, left, y);
        return true;
      }
      return false;
    };
    for (let at = 1; at < map.path.length; at++) line(map.path[at - 1], map.path[at], 2.5, accent);
    if (chosen >= 0) {
      for (const [i] of nearest(chosen)) line(chosen, i, 1.5, soft);
      ring(chosen, 7, accent);
      label(chosen, short(chosen), accent, true);
      for (const [i, cosine] of nearest(chosen)) {
        ring(i, 4, soft);
        label(i, `${short(i)} ${cosine.toFixed(2)}`, ink, false);
      }
    }
    map.path.forEach((i, at) => { ring(i, 5, accent); label(i, `${at + 1} ${short(i)}`, accent, false); });
    map.labels.forEach((i) => { ring(i, 4, ink); label(i, short(i), ink, false); });
    if (hovered >= 0) ring(hovered, 6, ink);
    if (chosen < 0 && !lasso) landmarks((i) => label(i, short(i, 20), ink, false));
    if (lasso) {
      pen.strokeStyle = accent;
      pen.lineWidth = 1.5;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      lasso.forEach(([x, y]) => pen.lineTo(x, y));
      pen.closePath();
      pen.stroke();
    }
  }

  // Names some tokens in view: those with the lowest IDs, which are often the commonest.
  function landmarks(write) {
    const [left, top] = scatter.toMap(0, scatter.height), [right, bottom] = scatter.toMap(scatter.width, 0);
    const area = scatter.width * scatter.height, most = Math.ceil(area / 22000);
    let some = [];
    const share = Math.min(1, (right - left) / 65536) * Math.min(1, (bottom - top) / 65536);
    if (share * map.n > 30000) {
      some = Array.from({ length: Math.min(map.n, 30000) }, (_, i) => i);
    } else {
      scatter.within(left, top, right, bottom, (i) => some.push(i));
      some.sort((a, b) => a - b);
    }
    const taken = new Set();
    const onlyWords = some.length > 1500;
    let written = 0;
    for (const i of some) {
      if (written >= most) break;
      if (!scatter.isSeen(i) || scatter.style[2 * i + 1] === 1) continue;
      if (onlyWords && (map.kinds[i] !== "word" || map.texts[i].length < 4 && map.texts[i] < "\x7f")) continue;
      const [x, y] = scatter.toScreen(i), cell = Math.floor(x / 130) * 1000 + Math.floor(y / 60);
      if (x < 0 || y < 0 || x > scatter.width - 40 || y > scatter.height || taken.has(cell)) continue;
      if (write(i)) { taken.add(cell); written++; }
    }
  }

  function* nearest(i) {
    for (let e = map.starts[i]; e < map.starts[i + 1]; e++) yield [map.near[e], map.cosines[e]];
  }

  // Moves the view to some points.
  function fly(points, zoom) {
    const xs = points.map((i) => map.xy[2 * i]), ys = points.map((i) => map.xy[2 * i + 1]);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const to = [(left + right) / 2, (top + bottom) / 2];
    const span = Math.max(right - left, bottom - top, 1);
    const [from, was] = [scatter.centre, scatter.zoom];
    const will = zoom ?? Math.min(40, 0.7 * 65536 / span);
    const start = performance.now(), time = isCalm.matches ? 0 : 350;
    const own = ++flight;
    const step = (now) => {
      if (own !== flight) return;
      const t = time ? Math.min(1, Math.max(0, (now - start) / time)) : 1, s = t * t * (3 - 2 * t);
      scatter.centre = [0, 1].map((axis) => from[axis] + (to[axis] - from[axis]) * s);
      scatter.zoom = was * Math.pow(will / was, s);
      refresh();
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  function whole() {
    flight++;
    scatter.centre = [32768, 32768];
    scatter.zoom = 1;
    refresh();
  }

  // Choosing a token.
  function item(i, right, onclick) {
    const button = make("button", { type: "button", className: "item", title: quoted(i) },
      make("span", { className: "text" }, short(i, 60)), ...right);
    button.addEventListener("click", onclick);
    return make("li", {}, button);
  }

  function choose(i, isFar) {
    chosen = i;
    const box = $("token");
    box.hidden = i < 0;
    box.replaceChildren();
    if (i >= 0) {
      const all = [...nearest(i)];
      const close = make("button", { type: "button", ariaLabel: "Close", title: "Close (Esc)" }, "×");
      close.addEventListener("click", () => choose(-1));
      box.append(make("div", { className: "row" }, make("h2", { className: "text" }, short(i, 200)), close));
      const facts = [["ID", number(map.ids[i])], ["type", map.types[i]], ["kind", map.kinds[i]], ["script", map.scripts[i]], ["norm", String(map.lengths[map.norms[i]])]];
      const untrained = modes.find((it) => it.by === "under-trained");
      if (untrained) facts.push(["like unused rows", untrained.names[untrained.of[i]]]);
      box.append(make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
      if (all.length) {
        const around = new Set(scatter.around(i, all.length));
        const kept = all.filter(([near]) => around.has(near)).length;
        box.append(make("p", { className: "soft" }, `Nearest rows in the table, by cosine. ${kept} of ${all.length} are among the ${all.length} nearest points here.`));
        box.append(make("ul", { id: "near" }, ...all.map(([near, cosine]) => item(near, [
          make("meter", { min: 0, max: 1, value: Math.max(0, cosine) }),
          make("span", { className: "soft" }, cosine.toFixed(2)),
        ], () => choose(near, true)))));
      } else {
        box.append(make("p", { className: "soft" }, "This map holds no nearest rows of it."));
      }
      box.scrollIntoView({ block: "nearest" });
      if (isFar) {
        // Most of the nearest rows in view: a few may be anywhere.
        const far = (near) => Math.hypot(map.xy[2 * near] - map.xy[2 * i], map.xy[2 * near + 1] - map.xy[2 * i + 1]);
        const some = all.map((it) => it[0]).sort((a, b) => far(a) - far(b)).slice(0, Math.ceil(all.length * 0.6));
        const reach = Math.max(200, ...some.map(far));
        fly([i], Math.max(1, 0.35 * 65536 / reach));
      }
    }
    refresh();
  }

  // Searching.
  function search() {
    const typed = $("find").value;
    const found = find(typed);
    hits = found.hits;
    $("found").textContent = found.said;
    $("hits").replaceChildren(...hits.slice(0, 60).map((i) => item(i, [make("span", { className: "soft" }, String(map.ids[i]))], () => choose(i, true))));
    if (typed === "" || !hits.length) {
      scatter.mark(null);
    } else {
      const marks = new Uint8Array(map.n).fill(1);
      hits.forEach((i) => { marks[i] = 2; });
      scatter.mark(marks);
    }
    refresh();
  }

  function find(typed) {
    if (typed === "") return { hits: [], said: "" };
    const told = (hits) => ({ hits, said: hits.length > 60 ? `${number(hits.length)} tokens, the first 60:` : `${number(hits.length)} token${hits.length === 1 ? "" : "s"}` });
    const pattern = /^\/(.+)\/(i?)$/.exec(typed);
    if (pattern) {
      try {
        const regex = new RegExp(pattern[1], pattern[2] + "u");
        return told(map.texts.flatMap((text, i) => regex.test(text) ? [i] : []));
      } catch (error) {
        return { hits: [], said: "This regex can't be read." };
      }
    }
    const id = /^#?(\d+)$/.exec(typed), low = typed.toLowerCase(), ranked = [];
    map.texts.forEach((text, i) => {
      const own = map.low[i], at = own.indexOf(low);
      if (id && map.ids[i] === Number(id[1])) ranked.push([-1, 0, i]);
      else if (at >= 0) ranked.push([text === typed ? 0 : text === " " + typed ? 1 : own.trim() === low.trim() ? 2 : at === 0 ? 3 : 4, text.length, i]);
    });
    ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    return told(ranked.map((it) => it[2]));
  }

  // Colours and the legend.
  const modes = map.groups.map((mode, at) => ({ by: mode.by, names: mode.names, of: map.groupOf[at], colours: mode.colours }));
  const ramp = [["#440154", "#6b3fa0"], ["#46327e", "#6a6ee0"], ["#365c8d", "#5b9bd5"], ["#277f8e", "#3fb8c6"], ["#1fa187", "#35d0a8"], ["#4ac16d", "#6ee787"], ["#8fb31f", "#b5e34c"], ["#c9a800", "#fde725"]];
  const inParts = (by, values, told) => {
    const sorted = Float64Array.from(values).sort();
    const edges = ramp.map((_, at) => sorted[Math.floor(at * map.n / ramp.length)]).filter((edge, at, all) => at === 0 || edge > all[at - 1]);
    const of = Uint8Array.from(values, (value) => { let at = 0; while (at + 1 < edges.length && value >= edges[at + 1]) at++; return at; });
    const names = edges.map((edge, at) => `${told(edge)} to ${told(at + 1 < edges.length ? edges[at + 1] : sorted[map.n - 1])}`);
    return { by, names, of, colours: ramp };
  };
  modes.push(inParts("norm", Float64Array.from(map.norms, (at) => map.lengths[at]), String));
  modes.push(inParts("ID", map.ids, number));
  // The first that tells points apart.
  let mode = modes.find((it) => it.names.length > 1) ?? modes[0];
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

  function colour() {
    scatter.colour(mode.of, mode.colours.map((pair) => rgb(pair[isDark.matches ? 1 : 0])));
    legend();
    refresh();
  }

  function legend() {
    const counts = new Uint32Array(Scatter.GROUPS);
    mode.of.forEach((group) => { counts[group]++; });
    $("legend").replaceChildren(...mode.names.map((name, group) => {
      const dot = make("span", { className: "dot" });
      dot.style.background = mode.colours[group][isDark.matches ? 1 : 0];
      const button = make("button", { type: "button", className: "item", ariaPressed: String(!scatter.hidden[group]) },
        dot, make("span", { className: "text" }, name), make("span", { className: "soft" }, number(counts[group])));
      button.addEventListener("click", (event) => {
        const isAlone = event.detail > 1 || event.altKey;
        if (isAlone) scatter.hidden.fill(1).fill(0, group, group + 1);
        else scatter.hidden[group] ^= 1;
        [...$("legend").querySelectorAll("button")].forEach((other, at) => { other.ariaPressed = String(!scatter.hidden[at]); });
        refresh();
      });
      return make("li", { hidden: !counts[group] }, button);
    }));
    $("about").textContent = mode.by === "under-trained"
      ? "The cosine of a row, less the mean row, with the rows of unused tokens. Near 1, training hardly touched it." : "";
  }

  // The list of the lasso.
  function list(points) {
    listed = points;
    $("list").hidden = !points.length;
    $("listed").textContent = `${number(points.length)} token${points.length === 1 ? "" : "s"} in the lasso`;
    $("texts").value = points.map((i) => map.texts[i]).join("\n");
    if (points.length) {
      const marks = new Uint8Array(map.n).fill(1);
      points.forEach((i) => { marks[i] = 2; });
      scatter.mark(marks);
    } else {
      scatter.mark(null);
    }
    refresh();
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      $("texts").value = text;
      $("texts").select();
      document.execCommand("copy");
    }
  }

  // Pointers: one moves or draws, two zoom.
  const pointers = new Map();
  let moved = 0;
  const place = (event) => { const box = over.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const isDrawing = (event) => event.shiftKey || $("lasso").ariaPressed === "true";
  over.addEventListener("pointerdown", (event) => {
    flight++;
    over.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = 0;
    if (pointers.size === 1 && isDrawing(event)) lasso = [place(event)];
    else { lasso = null; over.classList.add("moving"); }
  });
  over.addEventListener("pointermove", (event) => {
    const now = place(event), was = pointers.get(event.pointerId);
    if (!was) return hover(now);
    moved += Math.hypot(now[0] - was[0], now[1] - was[1]);
    if (lasso) {
      lasso.push(now);
    } else if (pointers.size === 1) {
      if (moved < 4) return;
      scatter.centre = [scatter.centre[0] - (now[0] - was[0]) / scatter.scale, scatter.centre[1] + (now[1] - was[1]) / scatter.scale];
    } else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
      scatter.zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, apart(now) / Math.max(1, apart(was)));
    }
    pointers.set(event.pointerId, now);
    $("tip").hidden = true;
    refresh();
  });
  const up = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    over.classList.remove("moving");
    if (lasso) {
      const points = lasso.length > 2 ? scatter.inside(lasso) : [];
      lasso = null;
      setLasso(false);
      list(points);
    } else if (moved < 4 && !pointers.size && event.type === "pointerup") {
      choose(scatter.pick(...place(event), event.pointerType === "mouse" ? 10 : 22));
    }
  };
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  over.addEventListener("pointerleave", () => hover(null));
  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    flight++;
    const pixels = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
    scatter.zoomAt(...place(event), Math.exp(-Math.max(-200, Math.min(200, pixels)) / 250));
    refresh();
  }, { passive: false });
  over.addEventListener("dblclick", (event) => { scatter.zoomAt(...place(event), 2); refresh(); });

  function hover(at) {
    const i = at ? scatter.pick(...at, 10) : -1, tip = $("tip");
    if (i !== hovered) {
      hovered = i;
      tip.hidden = i < 0;
      if (i >= 0) {
        tip.replaceChildren(make("div", { className: "text" }, short(i, 80)),
          make("div", { className: "soft" }, `ID ${number(map.ids[i])} · ${map.types[i]} · norm ${map.lengths[map.norms[i]]}`));
      }
      refresh();
    }
    if (i >= 0) {
      const x = Math.min(at[0] + 14, scatter.width - tip.offsetWidth - 4), y = Math.min(at[1] + 14, scatter.height - tip.offsetHeight - 4);
      tip.style.transform = `translate(${Math.max(4, x)}px, ${Math.max(4, y)}px)`;
    }
  }

  function setLasso(is) {
    $("lasso").ariaPressed = String(is);
    over.classList.toggle("drawing", is);
  }

  function middle(factor) {
    flight++;
    scatter.zoomAt(scatter.width / 2, scatter.height / 2, factor);
    refresh();
  }
  const move = (dx, dy) => { flight++; scatter.centre = [scatter.centre[0] + dx * 60 / scatter.scale, scatter.centre[1] + dy * 60 / scatter.scale]; refresh(); };
  const keys = {
    ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0), ArrowUp: () => move(0, 1), ArrowDown: () => move(0, -1),
    "+": () => middle(1.5), "=": () => middle(1.5), "-": () => middle(1 / 1.5), 0: whole,
    l: () => setLasso($("lasso").ariaPressed !== "true"), "/": () => $("find").select(),
    Escape: () => { if (listed.length) list([]); else if (chosen >= 0) choose(-1); else { $("find").value = ""; search(); } },
  };
  addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === $("find") && event.key === "Enter" && hits.length) return choose(hits[0], true);
    if (isTyping && event.key !== "Escape") return;
    const act = keys[event.key];
    if (!act || event.target.closest("ul") && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    act();
  });

  let waiting = 0;
  $("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 60); });
  $("in").addEventListener("click", () => middle(1.5));
  $("out").addEventListener("click", () => middle(1 / 1.5));
  $("fit").addEventListener("click", whole);
  $("lasso").addEventListener("click", keys.l);
  $("copy-texts").addEventListener("click", () => copy(listed.map((i) => map.texts[i]).join("\n")));
  $("copy-ids").addEventListener("click", () => copy(listed.map((i) => map.ids[i]).join(",")));
  $("drop").addEventListener("click", () => list([]));
  const at = modes.indexOf(mode);
  $("by").append(...modes.map((it, at) => make("option", { value: at }, it.by)));
  $("by").value = at;
  $("by").addEventListener("change", () => { mode = modes[$("by").value]; colour(); });
  isDark.addEventListener("change", () => { const hidden = scatter.hidden.slice(); colour(); scatter.hidden.set(hidden); legend(); });
  new ResizeObserver(() => { scatter.resize(); refresh(); }).observe(over);

  $("title").textContent = map.title;
  $("truth").textContent = map.truth.join(" ");
  $("help").textContent = "Drag to move, scroll or pinch to zoom, click a token for its true nearest rows. Keys: / search, + and - zoom, 0 all, L lasso, Esc back.";
  scatter.resize();
  colour();
  if (map.path.length > 1) fly(map.path);
}

(async () => {
  const start = performance.now();
  try {
    const map = await unpack($("data").textContent);
    $("data").remove();
    const named = (by) => { const at = map.groups.findIndex((mode) => mode.by === by); return Array.from(map.groupOf[at], (group) => map.groups[at].names[group]); };
    Object.assign(map, { kinds: named("kind"), scripts: named("script"), types: named("type"), low: map.texts.map((text) => text.toLowerCase()) });
    show(map);
    document.documentElement.dataset.ready = Math.round(performance.now() - start);
  } catch (error) {
    $("title").textContent = "This map can't be shown: " + error.message;
    console.error(error);
  }
})();
