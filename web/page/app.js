// The page: it asks the Worker, and shows what the program answers. Figures are the program's;
// here they are only rounded and drawn.
import { make, markdown } from "./markdown.js";

const $ = (id) => document.getElementById(id);
const reach = document.documentElement.dataset.reach;
const isDark = matchMedia("(prefers-color-scheme: dark)");
const settings = new URLSearchParams(location.search);

// Numbers and texts as people read them.
const grouped = (n) => n.toLocaleString("en-US");
const rounded = (x, digits = 4) => x === null ? "NaN" : Number(x).toPrecision(digits).replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
const size = (bytes) => {
  if (bytes < 1e3) return `${bytes} bytes`;
  const [unit, by] = bytes < 1e6 ? ["kB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${rounded(bytes / by, 3)} ${unit}`;
};
const clip = (text, most = 60) => { const letters = [...text]; return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : text; };
const quoted = (token) => token.token === null && !token.token_hex ? "(no token)" : `"${clip(token.shown)}"`;
const fill = (list, notes) => list.replaceChildren(...(notes ?? []).map((note) => make("li", {}, note)));

// The Worker. When it breaks or is stopped, a fresh one opens the model again.

let worker, jobs = new Map(), next = 0, panic = null, source;
const model = { name: "words", given: null, info: null };

async function hire() {
  worker?.terminate();
  for (const { fail } of jobs.values()) fail(new Error("stopped"));
  jobs = new Map();
  panic = null;
  source ??= URL.createObjectURL(new Blob([await (await fetch("worker.js")).text()], { type: "text/javascript" }));
  const own = worker = new Worker(source, { type: "module" });
  own.onmessage = ({ data }) => { if (own === worker) hear(data); };
  own.onerror = (event) => { event.preventDefault(); if (own === worker) broke(event.message || "the Worker could not start"); };
  return ask("start", { from: new URL(".", location.href).href, plain: settings.has("plain") });
}

// Settled once a fresh Worker has opened the model again: requests wait for that.
let ready = Promise.resolve();

async function ask(job, given = {}) {
  if (job === "answer") await ready;
  const id = next++;
  return new Promise((done, fail) => {
    jobs.set(id, { job, done, fail });
    worker.postMessage({ id, job, ...given });
  });
}

function hear(message) {
  if (message.panic) { panic = message.panic; return; }
  if (message.id === undefined) { progress(message); return; }
  const job = jobs.get(message.id);
  jobs.delete(message.id);
  if (message.broken) { broke(message.broken, job); return; }
  if (message.error !== undefined) { job.fail(new Error(message.error)); return; }
  Object.assign(document.documentElement.dataset, { memory: message.memory, ms: message.ms });
  $("cost-said").textContent = `Memory: ${size(message.memory)}. Read from the file: ${size(message.reads.bytes)}. Last answer: ${message.ms < 100 ? rounded(message.ms, 2) : grouped(Math.round(message.ms))} ms, ${document.documentElement.dataset.build === "simd" ? "with vectors" : "without vectors"}.`;
  job.done(Object.assign(message, { reads: message.reads }));
}

// Whatever broke: the message is shown, and a fresh Worker opens the model again.
async function broke(what, job) {
  const said = panic ? `embcli stopped, which is an error in embcli: please report it. ${panic}` : `embcli stopped: ${what}`;
  // A page whose module can't start must not try for ever.
  const isHopeless = job ? job.job === "start" : [...jobs.values()].some((it) => it.job === "start");
  job?.fail(new Error("stopped"));
  if (isHopeless) return wrong(said);
  await again(said).catch(() => wrong(said));
}

async function again(said) {
  const fresh = hire().then(() => model.given && ask("open", { ...model.given, name: model.name }));
  ready = fresh.catch(() => {});
  await fresh.catch((error) => { said = [said, error.message].filter(Boolean).join(" "); });
  if (said) wrong(said);
}

function wrong(message) {
  $("wrong").querySelector("p").textContent = message;
  $("wrong").hidden = !message;
}
$("wrong").querySelector("button").onclick = () => wrong("");

// A request that a person waits for: shows progress after a moment, and an error in any case.
let waits = null, pass = 1, reached = 0;
async function wait(what, work) {
  const own = waits = { what };
  [pass, reached] = [1, 0];
  $("bar").removeAttribute("value");
  $("doing").textContent = `${what}…`;
  const timer = setTimeout(() => { $("busy").hidden = false; }, 300);
  try {
    const found = await work();
    wrong("");
    return found;
  } catch (error) {
    if (error.message !== "stopped") wrong(error.message);
    return null;
  } finally {
    clearTimeout(timer);
    if (waits === own) { waits = null; $("busy").hidden = true; }
  }
}

function progress({ at, what, done, total }) {
  if (!waits) return;
  const table = model.info?.table;
  if (what) {
    $("bar").max = total;
    $("bar").value = done;
    $("doing").textContent = `${waits.what}: ${grouped(done)} of ${grouped(total)} ${what}`;
  } else if (table && table.end && at > table.start) {
    const far = Math.min(1, (at - table.start) / (table.end - table.start));
    if (far < reached - 0.5) pass++;
    reached = far;
    $("bar").max = 1;
    $("bar").value = far;
    $("doing").textContent = `${waits.what}: pass ${pass} through the table`;
  }
}

$("stop").onclick = () => again("");

// The model.

async function open(given, name) {
  const before = { ...model };
  const opened = await wait(`Opening ${name ?? given?.address ?? "the built-in words"}`, async () => {
    const own = given ? (await ask("open", { ...given, name })).answer : "words";
    document.documentElement.dataset.openMs = document.documentElement.dataset.ms;
    Object.assign(model, { name: own, given, info: null });
    return own;
  });
  if (opened === null) {
    // The Worker has forgotten the files of the model before.
    if (before.given) await ask("open", { ...before.given, name: before.name }).catch(() => {});
    Object.assign(model, before);
    return false;
  }
  await describe();
  return true;
}

async function describe() {
  const { name, given } = model;
  $("model").replaceChildren(make("strong", {}, given ? name : "Built-in: 4,000 common words"), " ");
  for (const id of ["findings", "footprint", "info", "neighbors", "near-said", "near-notes", "step", "hot-said"]) $(id).replaceChildren();
  $("map-frame").hidden = true;
  $("map-said").textContent = "";
  step = 0;
  if (!typed) $("text").value = "The cat sat on the chair";
  const rowed = rows();
  const info = await ask("answer", { request: { command: "info", model: name } }).then((it) => it.answer, (error) => { wrong(error.message); return null; });
  if (info) {
    const { table } = info;
    if (table) $("model").append(make("span", { className: "soft" }, `${table.shape.map(grouped).join(" × ")} ${table.type}, ${size(table.bytes)} of ${size(info.file_bytes)}`));
    model.info = { table: { start: 0, end: 0 } };
    about(info);
    const cost = await ask("answer", { request: { command: "footprint", model: name } }).then((it) => it.answer, () => null);
    if (cost) footprint(cost);
    parts(table?.shape[0] ?? 0);
  }
  const head = await rowed;
  if (head) model.info = { table: { start: head.table.offset, end: head.table.offset + head.table.bytes } };
  document.documentElement.dataset.opened = name;
  if (!$("near").hidden) near();
  if (!$("tour").hidden) tour(0);
}

const order = (file) => ["gguf", "index.json", "safetensors"].findIndex((end) => file.name.toLowerCase().endsWith(end)) >>> 0;
const choose = (files) => {
  const list = [...files].sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
  if (list.length) open({ chosen: list }, list[0].name);
};
$("file").onchange = () => { choose($("file").files); $("file").value = ""; };
$("builtin").onclick = () => open(null);
addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
addEventListener("drop", (event) => { event.preventDefault(); document.body.classList.remove("over"); choose(event.dataTransfer.files); });
$("elsewhere").onclick = () => $("ask-first").showModal();
$("stay").onclick = () => $("ask-first").close();
$("go").onclick = () => { location.href = "address.html"; };
$("address-form").onsubmit = (event) => { event.preventDefault(); open({ address: $("address").value.trim() }); };

// The screens, as tabs.

const tabs = [...document.querySelectorAll("[role=tab]")];
function turn(name, isFocused) {
  for (const tab of tabs) {
    const is = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", is);
    tab.tabIndex = is ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !is;
    if (is && isFocused) tab.focus();
    if (is) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  if (name === "near" && !$("neighbors").firstChild) near();
  if (name === "tour") tour(step);
}
tabs.forEach((tab, at) => {
  tab.onclick = () => turn(tab.id.slice(4));
  tab.onkeydown = (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    turn(tabs[(to + tabs.length) % tabs.length].id.slice(4), true);
  };
});

// 1. A text becomes rows.

let typed = false, asked = 0;
const isInput = () => document.querySelector("[name=as]:checked").value === "input";
function lookup() {
  const text = $("text").value, request = { command: "lookup", model: model.name };
  if (isInput()) request.as_input = 0;
  return { ...request, text, add_special: $("special").checked };
}

async function rows() {
  const own = ++asked;
  await new Promise((done) => setTimeout(done, typed ? 60 : 0));
  if (own !== asked) return null;
  const request = lookup();
  if (request.text === "") {
    for (const id of ["tokens", "rows-notes", "hot-said"]) $(id).replaceChildren();
    $("rows-said").textContent = "Type a text: its tokens and their rows appear here.";
    return null;
  }
  const found = await ask("answer", { request }).catch((error) => error);
  if (own !== asked) return null;
  document.documentElement.dataset.ready = "";
  if (found instanceof Error) {
    if (found.message !== "stopped") {
      $("rows-said").textContent = found.message;
      for (const id of ["tokens", "rows-notes", "hot-said"]) $(id).replaceChildren();
    }
    return null;
  }
  const { answer } = found;
  drawRows(answer);
  fill($("rows-notes"), answer.notes);
  product(answer);
  return answer;
}

function drawRows(answer) {
  const [n, width] = answer.shape;
  const steps = (answer.steps ?? []).map((step) => step.text).join("; then ");
  $("rows-said").textContent = `${grouped(n)} ${n === 1 ? "token" : "tokens"} in, a matrix [${n}, ${width}] out; ${grouped(answer.bytes_read)} of the table's ${grouped(answer.table.bytes)} bytes were read.${steps ? ` To the first block: ${steps}.` : ""}`;
  // A few values are far larger than all others: the largest hundredth has the full colour.
  const sizes = answer.rows.flatMap((row) => row.values).map(Math.abs).filter(Number.isFinite).sort((a, b) => a - b);
  const most = sizes[Math.floor(0.99 * (sizes.length - 1))] || sizes.at(-1) || 0;
  $("tokens").replaceChildren(...answer.rows.map((row) => {
    const button = make("button", { type: "button", className: "token", title: "What is near this row?" }, quoted(row));
    button.setAttribute("aria-label", `Token ${quoted(row)}, ID ${row.id}: show what is near`);
    button.onclick = () => { $("token").value = String(row.id); turn("near"); near(); };
    const again = row.repeats === undefined ? "" : `, the same row as ${row.repeats}`;
    return make("li", {}, make("div", { className: "label" }, button, make("span", { className: "soft" }, `ID ${row.id} · norm ${rounded(row.norm)}${again}`)), strip(row, most));
  }));
}

// Blue below zero, red above, as strong as the value.
function strip(row, most) {
  const { values } = row;
  const canvas = make("canvas", { className: "strip", width: values.length, height: 1, tabIndex: 0 });
  const paint = () => {
    const pen = canvas.getContext("2d"), image = pen.createImageData(values.length, 1);
    const [ground, low, high] = isDark.matches ? [[15, 20, 27], [96, 165, 250], [248, 113, 113]] : [[255, 255, 255], [29, 78, 216], [200, 30, 40]];
    values.forEach((value, i) => {
      const part = most > 0 ? Math.min(1, Math.abs(value ?? 0) / most) ** 0.7 : 0, end = value < 0 ? low : high;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = ground[c] + (end[c] - ground[c]) * part;
      image.data[4 * i + 3] = 255;
    });
    pen.putImageData(image, 0, 0);
  };
  paint();
  canvas.paint = paint;
  canvas.setAttribute("role", "slider");
  canvas.setAttribute("aria-label", `Row of ${quoted(row)}, ${values.length} values`);
  canvas.setAttribute("aria-valuemin", 0);
  canvas.setAttribute("aria-valuemax", values.length - 1);
  let at = 0;
  const tell = (to) => {
    at = Math.max(0, Math.min(values.length - 1, to));
    const said = `value ${at} of ${quoted(row)}: ${values[at] ?? "not a number"}`;
    $("value").textContent = said;
    canvas.setAttribute("aria-valuenow", at);
    canvas.setAttribute("aria-valuetext", said);
  };
  canvas.setAttribute("aria-valuenow", 0);
  canvas.onpointermove = (event) => tell(Math.floor(event.offsetX / canvas.clientWidth * values.length));
  canvas.onpointerdown = canvas.onpointermove;
  canvas.onfocus = () => tell(at);
  canvas.onkeydown = (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, PageUp: at + 10, PageDown: at - 10, Home: 0, End: values.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); tell(to); }
  };
  return canvas;
}
isDark.addEventListener("change", () => document.querySelectorAll(".strip").forEach((canvas) => canvas.paint()));

async function product(answer) {
  const box = $("hot-said"), own = asked;
  box.hidden = !$("hot").checked;
  if (box.hidden) return;
  const ids = [...new Set(answer.ids)].slice(0, 8), n = answer.table.n_vocab;
  const vectors = ids.map((id) => {
    const token = answer.rows.find((row) => row.id === id);
    const line = make("div", { className: "hot", role: "img", ariaLabel: `One-hot vector of ${quoted(token)}: ${grouped(n - 1)} zeros, and a one at ${id}` });
    const one = make("span", {});
    one.style.left = `${100 * id / n}%`;
    line.append(one);
    return make("div", { className: "hot-row" }, make("span", { className: "text" }, quoted(token)), line);
  });
  const said = make("p", {}, "Multiplying…");
  box.replaceChildren(make("h2", {}, `One-hot vectors, [${ids.length}, ${grouped(n)}], times the table`), ...vectors, said);
  const found = await wait("Multiplying", () => ask("answer", { request: { command: "one_hot", model: model.name, ids } }));
  if (!found || own !== asked) { if (!found) said.textContent = ""; return; }
  const of = found.answer;
  said.textContent = `[${of.shape.map(grouped).join(", ")}] × [${grouped(of.shape[1])}, ${grouped(of.d_model)}]: ${grouped(of.multiplications)} multiplications and ${grouped(of.bytes)} bytes of the table, where a lookup multiplies nothing and reads ${grouped(of.bytes_of_lookup)} bytes. ${grouped(of.identical)} of ${grouped(of.values)} values are those of the lookup, bit for bit.${of.left_out ? ` ${grouped(of.left_out)} rows with NaN or infinity were left out.` : ""}`;
}

$("text").oninput = () => { typed = true; rows(); };
for (const id of ["special", "hot"]) $(id).onchange = rows;
document.querySelectorAll("[name=as]").forEach((radio) => { radio.onchange = rows; });

// 2. What is near a row.

const listed = (text) => text.split(",").filter((part) => part.trim() !== "");
async function near() {
  if (!$("token").value) $("token").value = " cat";
  const request = {
    command: "neighbors", model: model.name, tokens: [$("token").value],
    plus: listed($("plus").value), minus: listed($("minus").value),
    k: Number($("k").value) || 15, metric: $("metric").value, centre: $("centre").checked, no_variants: $("variants").checked,
  };
  const found = await wait("Comparing with every row", () => ask("answer", { request }));
  if (!found) return;
  const { answer } = found, [query] = answer.queries;
  document.documentElement.dataset.near = `${query.id}`;
  const terms = [...(answer.plus ?? []).map((term) => ` + ${quoted(term)}`), ...(answer.minus ?? []).map((term) => ` − ${quoted(term)}`)].join("");
  const random = answer.at_random;
  $("near-said").replaceChildren(
    make("strong", {}, `Nearest to ${quoted(query)}${terms}`), ` (ID ${query.id}), of ${grouped(answer.table.n_vocab)} rows, by ${answer.metric}: exact.`,
    random ? make("span", { className: "random" }, ` Two tokens at random here: ${answer.metric === "cosine" ? random.score.toFixed(2) : rounded(random.score)} (estimated from ${grouped(random.pairs)} pairs).`) : "");
  const most = Math.max(answer.metric === "cosine" ? 1 : 0, ...query.neighbors.map((it) => Math.abs(it.score)));
  $("neighbors").replaceChildren(...query.neighbors.map((it) => {
    const token = make("button", { type: "button", className: "token", title: "What is near this one?" }, quoted(it));
    token.setAttribute("aria-label", `${quoted(it)}, ID ${it.id}, ${answer.metric} ${rounded(it.score)}: show what is near`);
    token.onclick = () => { $("token").value = String(it.id); near(); };
    const bar = make("span", { className: "bar" }), full = make("span", { className: "full" });
    full.style.width = `${100 * Math.max(0, it.score) / most}%`;
    bar.append(full);
    if (random && answer.metric !== "l2") {
      const mark = make("span", { className: "mark" });
      mark.style.left = `${100 * Math.max(0, Math.min(1, random.score / most))}%`;
      bar.append(mark);
    }
    const add = (sign, id, name) => {
      const button = make("button", { type: "button", className: "sign", ariaLabel: `${name} ${quoted(it)}` }, sign);
      button.onclick = () => { $(id).value = [...listed($(id).value), it.id].join(","); near(); };
      return button;
    };
    return make("li", {}, token, make("span", { className: "soft id" }, `${it.id}`), bar, make("span", { className: "score" }, answer.metric === "cosine" ? it.score.toFixed(4) : rounded(it.score, 5)), add("+", "plus", "Add"), add("−", "minus", "Subtract"));
  }));
  fill($("near-notes"), answer.notes);
}
$("ask").onsubmit = (event) => { event.preventDefault(); near(); };
for (const id of ["metric", "centre", "variants", "k"]) $(id).onchange = near;

// 3. What it costs, and whether it can be trusted.

function table(heads, lines) {
  const cell = (kind) => (value) => value instanceof Node ? make(kind, {}, value) : make(kind, { className: typeof value === "number" ? "number" : "" }, typeof value === "number" ? grouped(value) : value ?? "");
  return make("div", { className: "wide" }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))),
    make("tbody", {}, ...lines.map((line) => make("tr", {}, ...line.map(cell("td")))))));
}

function footprint(cost) {
  const { actual } = cost, most = Math.max(...cost.precisions.map((it) => it.bytes ?? 0));
  const said = actual ? `${actual.tensor}, [${grouped(cost.n_vocab)}, ${grouped(cost.d_model)}], is stored as ${actual.type}: ${size(actual.bytes)}${actual.share == null ? "" : `, ${rounded(100 * actual.share, 3)} % of the file`}. ${actual.tied === true ? "It is the output head too." : actual.tied === false ? `The output head is separate${actual.output ? ` (${actual.output.type})` : ""}.` : ""}` : "";
  const lines = cost.precisions.filter((it) => it.storable).map((it) => {
    const bar = make("span", { className: "bar" }), full = make("span", { className: "full" });
    full.style.width = `${100 * it.bytes / most}%`;
    bar.append(full);
    const name = it.type === actual?.type ? make("strong", {}, `${it.type} (stored)`) : it.type;
    return [name, rounded(it.bits_per_weight, 6), size(it.bytes), bar];
  });
  $("footprint").replaceChildren(make("p", {}, said), table(["type", "bits a weight", "size", ""], lines), make("ul", { className: "notes" }, ...(cost.notes ?? []).map((note) => make("li", {}, note))));
}

function about(info) {
  const { table: of, tokenizer } = info;
  const facts = {
    name: info.name, architecture: info.architecture, "file": `${info.format}${info.version ? ` ${info.version}` : ""}, ${size(info.file_bytes)}`,
    parameters: info.parameters && grouped(info.parameters), tensors: info.n_tensors && grouped(info.n_tensors),
    "file type": info.file_type?.name, types: info.types?.map((it) => `${it.type} × ${grouped(it.tensors)}`).join(", "),
    table: of && `${of.name} [${of.shape.map(grouped).join(", ")}] ${of.type}, ${size(of.bytes)}`,
    "output head": info.output_head, tokenizer: tokenizer && [tokenizer.model, tokenizer.pre].filter(Boolean).join(", "),
    tokens: tokenizer?.n_tokens && `${grouped(tokenizer.n_tokens)}${tokenizer.types ? `: ${tokenizer.types.map((it) => `${grouped(it.tokens)} ${it.type}`).join(", ")}` : ""}`,
    "special tokens": tokenizer?.special?.map((it) => `${it.role ?? it.name ?? ""} ${it.id}${it.shown === undefined ? "" : ` "${clip(it.shown, 30)}"`}`).join(", "),
    "context length": info.context_length && grouped(info.context_length),
    "missing parts": info.missing_parts?.join(", "),
  };
  const list = make("dl", {});
  for (const [name, value] of Object.entries(facts)) if (value) list.append(make("dt", {}, name), make("dd", {}, String(value)));
  $("info").replaceChildren(list, make("ul", { className: "notes" }, ...info.oddities.map((it) => make("li", {}, it))));
}

async function check() {
  $("findings").replaceChildren();
  const found = await wait("Checking", () => ask("answer", { request: { command: "check", model: model.name } }));
  if (!found) return;
  const { answer } = found;
  const verdict = { ok: "ok: nothing speaks against this table", problems: "problems", unknown: "unknown: no problem, but the order of the rows can't be judged" }[answer.verdict];
  const made = [make("p", { className: `verdict ${answer.verdict}` }, verdict)];
  for (const it of answer.findings) {
    const tokens = it.tokens?.length ? make("p", { className: "soft text" }, it.tokens.map((token) => `${token.id} ${quoted(token)}`).join(", ") + (it.n_ids > it.tokens.length ? ` and ${grouped(it.n_ids - it.tokens.length)} more` : "")) : "";
    made.push(make("div", { className: `finding ${it.severity}` }, make("p", {}, make("strong", {}, it.severity), " ", make("code", {}, it.code)), make("p", {}, it.message), tokens, make("p", { className: "soft" }, it.next)));
  }
  if (answer.order) made.push(make("p", {}, `Order: ${grouped(answer.order.judged)} tokens were judged by their spelling (sum of squared correlations ${rounded(answer.order.sum_r2, 3)}). ${grouped(answer.order.smallest)} wrong rows side by side would have shown, nine times in ten.`));
  if (answer.norms) made.push(make("p", {}, `Norms: least ${rounded(answer.norms.least)}, median ${rounded(answer.norms.median)}, most ${rounded(answer.norms.most)}.`));
  $("findings").replaceChildren(...made);
}
$("run-check").onclick = check;

// The map: the page that `embcli map` writes, in a frame.

function parts(n) {
  const sizes = [1000, 4000, 16000].filter((part) => part < n);
  const options = [...sizes.map((part) => [`0..${part}`, `the first ${grouped(part)}`]), ["", `all ${grouped(n)}`]];
  $("part").replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  $("part").value = n <= 8000 ? "" : options[Math.min(1, options.length - 1)][0];
}

async function draw() {
  $("map-said").textContent = "";
  const tokens = $("part").value ? [$("part").value] : [];
  const request = { command: "map", model: model.name, tokens, layout: $("layout").value };
  const found = await wait("Laying rows out", () => ask("answer", { request }));
  if (!found) return;
  $("map-frame").srcdoc = found.answer;
  $("map-frame").hidden = false;
  $("map-said").textContent = `Drawn in ${rounded(found.ms / 1000, 3)} s, as embcli map does.`;
}
$("draw").onsubmit = (event) => { event.preventDefault(); draw(); };

// The tour: a step of the program's, and where to try it on the screens.

let titles = null, step = 0;
const tries = {
  labels: ["rows", {}], row_read: ["rows", {}], one_hot: ["rows", { hot: true }], why_not_one_hot: ["near", {}], why_not_random: ["near", {}],
  geometry: ["near", {}], twice: ["rows", { twice: true }], width: ["cost", {}], storing: ["cost", {}], start: ["rows", { input: true }],
};
async function tour(to) {
  titles ??= (await ask("answer", { request: { command: "tour_titles" } })).answer.steps;
  step = Math.max(0, Math.min(titles.length - 1, to));
  $("steps").replaceChildren(...titles.map(({ title }, at) => {
    const button = make("button", { type: "button" }, title);
    if (at === step) button.setAttribute("aria-current", "step");
    button.onclick = () => tour(at);
    return make("li", {}, button);
  }));
  $("before").disabled = step === 0;
  $("after").disabled = step === titles.length - 1;
  const own = step;
  const found = await wait(`Step ${own + 1} of the tour`, () => ask("answer", { request: { command: "tour", model: model.name, step: own + 1 } }));
  if (found && own === step) {
    $("step").replaceChildren(...markdown(found.answer));
    $("step").dataset.step = own + 1;
  }
}
$("before").onclick = () => tour(step - 1);
$("after").onclick = () => tour(step + 1);
$("see").onclick = () => {
  const [screen, { hot, twice, input }] = tries[titles[step].slug];
  $("hot").checked = Boolean(hot);
  document.querySelector(`[name=as][value=${input ? "input" : "raw"}]`).checked = true;
  if (twice) $("text").value = "a cat and a cat";
  turn(screen, true);
  if (screen === "rows") rows();
};

// For whoever tries requests in the console, and for tests.
globalThis.embcli = async (request) => (await ask("answer", { request: { model: model.name, ...request } })).answer;

// Opens with the built-in words, so that it shows something at once.
turn("rows");
hire().then(({ answer }) => {
  document.documentElement.dataset.build = answer;
  return describe();
}).catch((error) => { if (error.message !== "stopped") wrong(error.message); });
const linked = reach === "any" && decodeURIComponent(location.hash.slice(1));
if (linked) $("address").value = linked;
