// The page of the program (scripts/web) in a real browser, by both of its builds. Times are
// told, not asserted.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { blank, gguf, go, join, launch, model, out, root, shot } from "./browser.mjs";
import { files, sparse, write } from "./hostile.mjs";
import { serve } from "./server.mjs";

const built = join(root, "target/web");
const isBuilt = existsSync(join(built, "simd_bg.wasm"));
const skip = isBuilt ? false : "scripts/web has not built the page";
const known = { gemma: "gemma-3-270m-q4_k_m.gguf", smollm2: "SmolLM2-135M-Instruct.Q4_1.gguf" };
const BUILDS = ["simd", "plain"];

let browser, server;
before(async () => {
  if (!isBuilt) return;
  [browser, server] = [await launch(), await serve(built)];
});
after(async () => { await browser?.close(); server?.close(); });

// Opens the page.
async function visit({ build = "simd", path = "/", ...options } = {}) {
  const isOwn = (url) => url.startsWith(server.address) || url.startsWith(`blob:${server.address}`) || url === "about:srcdoc";
  const opened = await blank(browser, isOwn, options);
  const { page } = opened;
  const ms = await go(page, server.address + path + (build === "plain" ? "?plain" : ""));
  await page.waitForSelector("html[data-opened=words]", { timeout: 60000 });
  assert.equal(await page.getAttribute("html", "data-build"), build);
  return { ...opened, ms };
}

// The page said nothing on its console, and asked nobody but its own server for its own files.
function quiet({ said, asked }) {
  assert.deepEqual(said, []);
  assert.deepEqual(asked, []);
  const own = readdirSync(built).map((name) => `GET /${name}`).concat("GET /");
  assert.deepEqual(server.asked.filter((line) => !own.includes(line)), []);
}

async function choose(page, path) {
  const start = performance.now();
  const name = path.split("/").pop();
  // Neither is left over from a file before.
  await page.evaluate(() => {
    document.documentElement.dataset.opened = "";
    document.getElementById("wrong").hidden = true;
  });
  await page.setInputFiles("#file", path);
  await page.waitForSelector(`html[data-opened="${name}"], #wrong:not([hidden])`, { timeout: 60000 });
  return Math.round(performance.now() - start);
}

const wrong = (page) => page.$eval("#wrong", (box) => box.hidden ? "" : box.querySelector("p").textContent);
const ask = (page, request) => page.evaluate((request) => globalThis.embcli(request), request);

// What the program answers, without the name of the file.
function native(...words) {
  const options = { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] };
  return JSON.parse(execFileSync(process.env.EMBCLI, [...words, "--format", "json"], options));
}

// Without what the page adds, and the name of the file.
function plain(answer) {
  return JSON.parse(JSON.stringify(answer, (key, value) => key === "shown" || key === "model" ? undefined : value));
}

for (const build of BUILDS) {
  test(`${build}: the built-in words are there at once`, { skip }, async () => {
    const opened = await visit({ build });
    const { page } = opened;
    const own = native("lookup", "words", "--text", "The cat sat on the chair");
    assert.match(await page.textContent("#rows-said"), /^8 tokens in, a matrix \[8, 64\] out/);
    assert.deepEqual(await page.$$eval("#tokens .token", (all) => all.map((it) => it.textContent)), own.rows.map((row) => `"${row.token}"`));
    // A value by the keyboard is that of the program.
    await page.focus("#tokens li:nth-child(3) .strip");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.textContent("#value"), `value 1 of " cat": ${own.rows[2].values[1]}`);
    await page.check("#hot");
    await page.waitForFunction(() => /bit for bit/.test(document.querySelector("#hot-said").textContent), null, { timeout: 60000 });
    const values = 64 * new Set(own.ids).size;
    assert.ok((await page.textContent("#hot-said")).includes(`${values} of ${values} values are those of the lookup`));
    quiet(opened);
    console.log(`${build}: the built-in words are shown after ${opened.ms} ms`);
  });

  for (const [name, file] of Object.entries(known)) {
    test(`${build}: ${name}: rows and scores are the program's`, { skip }, async (t) => {
      const path = model(file);
      if (!path) return t.skip(`${file} is not there`);
      const opened = await visit({ build });
      const { page } = opened;
      const ms = await choose(page, path);
      assert.equal(await wrong(page), "");
      const n = (await ask(page, { command: "info" })).table.shape[0];
      const ids = Array.from({ length: 50 }, (_, i) => String(Math.floor(i * i * 7919 + 37 * i + 11) % n));
      assert.deepEqual(plain(await ask(page, { command: "lookup", tokens: ids })), plain(native("lookup", path, ...ids)));
      const asked = { command: "neighbors", k: 10, metric: "cosine" };
      const found = await ask(page, { ...asked, tokens: ids });
      assert.deepEqual(plain(found), plain(native("neighbors", path, ...ids, "-k", "10")));
      // One query takes another way through the table.
      for (const [tokens, more] of [[[" cat"], {}], [[ids[7]], { metric: "dot" }], [[ids[9]], { metric: "l2" }], [[" king"], { plus: [" woman"], minus: [" man"] }]]) {
        const words = Object.entries(more).flatMap(([name, value]) => [`--${name}`, String(value)]);
        assert.deepEqual(plain(await ask(page, { ...asked, tokens, ...more })), plain(native("neighbors", path, ...tokens, "-k", "10", ...words)));
      }
      const text = "The cat sat on the mat, naïvely: 猫!";
      assert.deepEqual(plain(await ask(page, { command: "lookup", text, add_special: true })), plain(native("lookup", path, "--text", text)));
      assert.deepEqual(plain(await ask(page, { command: "lookup", text, add_special: true, as_input: 0 })), plain(native("lookup", path, "--text", text, "--as-input")));
      for (const command of ["info", "footprint"]) assert.deepEqual(plain(await ask(page, { command })), plain(native(command, path)));
      quiet(opened);
      console.log(`${build}: ${name} is opened and shown after ${ms} ms`);
    });
  }
}

// Vectors of WebAssembly, for every type whose rows are compared as they are stored.
const TYPES = {
  F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q5_0: 6, Q5_1: 7, Q8_0: 8, Q2_K: 10, Q3_K: 11, Q4_K: 12, Q5_K: 13, Q6_K: 14,
  IQ2_XXS: 16, IQ2_XS: 17, IQ3_XXS: 18, IQ1_S: 19, IQ4_NL: 20, IQ3_S: 21, IQ2_S: 22, IQ4_XS: 23, IQ1_M: 29, BF16: 30,
  TQ1_0: 34, TQ2_0: 35, MXFP4: 39,
};
for (const build of BUILDS) {
  test(`${build}: rows and scores of every type`, { skip }, async () => {
    const opened = await visit({ build });
    const { page } = opened;
    let files = 0;
    for (const [folder, width, values] of [["golden", 256, 1024], ["quantise", 768, 48 * 768]]) {
      for (const [name, type] of Object.entries(TYPES)) {
        const of = (kind) => join(root, `fixtures/${folder}/${name}${kind}.blocks`);
        const parts = (folder === "golden" ? [".real", ".rand"] : [""]).map(of).filter(existsSync).map((path) => readFileSync(path));
        if (parts.length === 0) continue;
        const n = parts.length * values / width;
        const tokens = Array.from({ length: n }, (_, i) => ` w${i}`);
        const path = join(out, `${folder}-${name}.gguf`);
        writeFileSync(path, gguf(tokens, { type, width, rows: Buffer.concat(parts) }));
        await choose(page, path);
        assert.equal(await wrong(page), "", path);
        const all = tokens.map((_, id) => String(id));
        assert.deepEqual(plain(await ask(page, { command: "lookup", tokens: all })), plain(native("lookup", path, ...all)), path);
        for (const metric of ["cosine", "dot", "l2"]) {
          for (const id of ["1", "2"]) {
            const found = await ask(page, { command: "neighbors", tokens: [id], k: 5, metric }).catch((error) => error.message);
            const words = ["neighbors", path, id, "-k", "5", "--metric", metric];
            if (typeof found === "string") assert.notEqual(spawnSync(process.env.EMBCLI, words).status, 0, `${path} ${found}`);
            else assert.deepEqual(plain(found), plain(native(...words)), path);
          }
        }
        files++;
      }
    }
    assert.ok(files >= 40, `${files} files`);
    quiet(opened);
  });
}

for (const [name, file] of Object.entries(known)) {
  test(`${name}: each screen`, { skip }, async (t) => {
    const path = model(file);
    if (!path) return t.skip(`${file} is not there`);
    const opened = await visit();
    const { page } = opened;
    await choose(page, path);
    // As you type.
    await page.fill("#text", "one fish two fish");
    await page.waitForFunction(() => document.querySelectorAll("#tokens li").length >= 4 && [...document.querySelectorAll("#tokens .token")].at(-1).textContent === '" fish"');
    assert.match(await page.textContent("#tokens"), /the same row as \d/);
    await page.check("[name=as][value=input]");
    await page.waitForFunction(() => /To the first block/.test(document.querySelector("#rows-said").textContent));
    await shot(page, `web-${name}-rows`);
    // A click on a token shows what is near, and a click there goes on.
    await page.click("#tokens li:last-child .token");
    await page.waitForSelector("#neighbors li", { timeout: 60000 });
    assert.match(await page.textContent("#near-said"), /Nearest to " fish".*Two tokens at random here/);
    await page.fill("#token", " king");
    await page.fill("#plus", " woman");
    await page.fill("#minus", " man");
    await page.click("#ask button");
    await page.waitForFunction(() => /king/.test(document.querySelector("#near-said").textContent), null, { timeout: 60000 });
    assert.match(await page.textContent("#neighbors"), /queen/i);
    await shot(page, `web-${name}-near`);
    await page.click("#neighbors li:first-child .token");
    await page.waitForFunction(() => !/king"/.test(document.querySelector("#near-said").textContent), null, { timeout: 60000 });
    // A check is stopped, and the model is there again.
    await page.click("#tab-cost");
    assert.match(await page.textContent("#footprint"), /stored/);
    await page.click("#run-check");
    await page.click("#stop", { timeout: 60000 });
    await page.waitForSelector("#busy", { state: "hidden" });
    const start = performance.now();
    await page.click("#run-check");
    await page.waitForSelector("#findings .verdict", { timeout: 300000 });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const report = JSON.parse(spawnSync(process.env.EMBCLI, ["check", path, "--format", "json"], { encoding: "utf8", maxBuffer: 1 << 28 }).stdout);
    assert.equal(await page.locator("#findings .finding").count(), report.findings.length);
    for (const { message } of report.findings) assert.ok((await page.textContent("#findings")).includes(message), message);
    await shot(page, `web-${name}-cost`);
    // The tour, and back to the screens.
    await page.click("#tab-tour");
    await page.waitForSelector("#step[data-step='1']", { timeout: 60000 });
    await page.click("#after");
    await page.waitForSelector("#step[data-step='2']", { timeout: 60000 });
    assert.match(await page.textContent("#step"), /A lookup is a row read/);
    await page.click("#see");
    assert.equal(await page.isVisible("#rows"), true);
    // The map of some rows.
    await page.click("#tab-map");
    await page.selectOption("#part", { index: 0 });
    await page.selectOption("#layout", "pca");
    await page.click("#draw button");
    await page.waitForSelector("#map-frame:not([hidden])", { timeout: 120000 });
    await page.frameLocator("#map-frame").locator("html[data-ready]").waitFor({ timeout: 60000 });
    await shot(page, `web-${name}-map`);
    quiet(opened);
    const memory = Number(await page.getAttribute("html", "data-memory")) / 1e6;
    console.log(`${name}: check took ${seconds} s; ${Math.round(memory)} MB at the end`);
  });
}

test("the map of the built-in words is the page of embcli map", { skip }, async () => {
  const opened = await visit();
  const { page } = opened;
  await page.click("#tab-map");
  await page.click("#draw button");
  await page.waitForSelector("#map-frame:not([hidden])", { timeout: 120000 });
  const frame = page.frameLocator("#map-frame");
  await frame.locator("html[data-ready]").waitFor({ timeout: 60000 });
  await frame.locator("#find").fill(" cat");
  await frame.locator("#hits .text").first().waitFor();
  assert.equal(await frame.locator("#hits .text").first().textContent(), '" cat"');
  await shot(page, "web-words-map");
  quiet(opened);
});

test("hostile files get the program's words", { skip }, async () => {
  const folder = join(out, "hostile");
  mkdirSync(folder, { recursive: true });
  write(folder);
  assert.equal(Object.keys(files).length, 40);
  const opened = await visit();
  const { page } = opened;
  let refused = 0;
  for (const name of Object.keys(files)) {
    const path = join(folder, name);
    await page.click("#builtin");
    await page.waitForSelector("html[data-opened=words]");
    await choose(page, path);
    const answer = spawnSync(process.env.EMBCLI, ["lookup", path, "0"], { encoding: "utf8" });
    const words = answer.status === 0 ? "" : answer.stderr.split("\n").find((line) => line.startsWith("error: ")).slice(7).replaceAll(`${folder}/`, "");
    const shown = (await wrong(page)) || (await ask(page, { command: "lookup", tokens: ["0"] }).then(() => "", (error) => error.message.replace(/^page.evaluate: Error: /, "").split("\n")[0]));
    assert.equal(shown, words, name);
    refused += Number(words !== "");
    assert.doesNotMatch(await wrong(page), /embcli stopped/);
  }
  assert.ok(refused >= 35, `${refused} of 40`);
  quiet(opened);
});

test("a file of 20 GB: zeros, and a table at 19 GB", { skip }, async () => {
  const zeros = join(out, "zeros-20GB.gguf"), far = join(out, "far-20GB.gguf");
  sparse(zeros, 20e9, []);
  const tokens = Array.from({ length: 1000 }, (_, i) => ` word${i}`);
  const small = gguf(tokens), rows = small.subarray(small.length - 16 * tokens.length);
  const head = Buffer.from(small.subarray(0, small.length - rows.length));
  const place = 19_000_000_000 - 19_000_000_000 % 32;
  head.writeBigUInt64LE(BigInt(place), head.indexOf("token_embd.weight") + 17 + 4 + 16 + 4);
  sparse(far, 20e9, [[head, 0], [rows, head.length + place]]);
  const opened = await visit();
  const { page } = opened;
  await choose(page, zeros);
  const error = spawnSync(process.env.EMBCLI, ["lookup", zeros, "0"], { encoding: "utf8" }).stderr.slice(7).trim().replaceAll(`${out}/`, "");
  assert.equal(await wrong(page), error);
  const ms = await choose(page, far);
  assert.equal(await wrong(page), "");
  const ids = ["0", "500", "999"];
  const { rows: found } = await ask(page, { command: "lookup", tokens: ids });
  const values = new Float32Array(rows.buffer.slice(rows.byteOffset, rows.byteOffset + rows.length));
  found.forEach(({ id, values: row }) => assert.deepEqual(row, [...values.subarray(4 * id, 4 * id + 4)]));
  assert.deepEqual(plain({ rows: found }).rows, plain(native("lookup", far, ...ids)).rows);
  quiet(opened);
  console.log(`a table at 19 GB is opened and shown after ${ms} ms`);
});

test("the files of a checkpoint are chosen together", { skip }, async (t) => {
  const folder = model("all-MiniLM-L6-v2");
  if (!folder) return t.skip("all-MiniLM-L6-v2 is not there");
  const opened = await visit();
  const { page } = opened;
  await page.setInputFiles("#file", readdirSync(folder).map((name) => join(folder, name)));
  await page.waitForSelector("html[data-opened='model.safetensors'], #wrong:not([hidden])", { timeout: 60000 });
  assert.equal(await wrong(page), "");
  const text = "Embeddings of a sentence";
  assert.deepEqual(plain(await ask(page, { command: "lookup", text, add_special: true })), plain(native("lookup", join(folder, "model.safetensors"), "--text", text)));
  quiet(opened);
});

test("tokens of markup do nothing", { skip }, async () => {
  const opened = await visit();
  const { page } = opened;
  const path = join(out, "evil-web.gguf");
  const tokens = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\u202e\u200b\u0000\n\r\t\u001b[31m", "x".repeat(100000), "", "__proto__", "|a|`b`"];
  writeFileSync(path, gguf(tokens));
  await choose(page, path);
  await page.click("#tab-near");
  for (const id of tokens.keys()) {
    await page.fill("#token", String(id));
    await page.click("#ask button");
    await page.waitForSelector(`html[data-near="${id}"]`);
  }
  const found = await page.textContent("#neighbors");
  assert.ok(found.includes("\\u{202e}\\u{200b}\\x00\\n\\r\\t\\x1b[31m") && found.includes("<img src=x"), found.slice(0, 500));
  assert.equal(await page.locator("img, #neighbors script, #neighbors a").count(), 0);
  quiet(opened);
});

test("nothing leaves: neither the page nor its Worker can ask another server", { skip }, async () => {
  const other = await serve(out, { open: true });
  const { page, asked } = await visit();
  const tried = (address) => fetch(address).then(() => "sent", () => "refused");
  assert.equal(await page.evaluate(tried, `${other.address}/x`), "refused");
  const [worker] = page.workers();
  assert.equal(await worker.evaluate(tried, `${other.address}/x`), "refused");
  assert.equal(await worker.evaluate((address) => { try { const request = new XMLHttpRequest(); request.open("GET", address, false); request.send(); return "sent"; } catch { return "refused"; } }, `${other.address}/x`), "refused");
  assert.equal(await worker.evaluate((address) => import(address).then(() => "sent", () => "refused"), `${other.address}/x.js`), "refused");
  await page.evaluate((address) => { const image = document.createElement("img"); image.src = `${address}/x.png`; document.body.append(image); }, other.address);
  await page.waitForTimeout(300);
  assert.deepEqual(other.asked, []);
  other.close();
  assert.ok(asked.length < 6);
});

test("a Worker that breaks is replaced, and the model is opened again", { skip }, async () => {
  const { page } = await visit();
  const path = join(out, "few.gguf");
  writeFileSync(path, gguf([" a", " b", " c"]));
  await choose(page, path);
  const [worker] = page.workers();
  await worker.evaluate(() => { JSON.stringify = () => { self.host.panicked("made up"); throw new WebAssembly.RuntimeError("unreachable"); }; });
  await page.click("#tab-near");
  await page.waitForSelector("#wrong:not([hidden])");
  assert.match(await wrong(page), /please report it. made up/);
  await page.fill("#token", "1");
  await page.click("#ask button");
  await page.waitForSelector("html[data-near='1']");
  assert.match(await page.textContent("#near-said"), /" b"/);
  assert.equal(await wrong(page), "");
});

test("a model at an address, on the page that may ask", { skip }, async () => {
  const fixtures = join(root, "fixtures");
  const [ranged, whole, closed] = [await serve(fixtures, { ranges: true, open: true }), await serve(fixtures, { open: true }), await serve(fixtures, { ranges: true })];
  const { page } = await visit();
  await page.click("#elsewhere");
  assert.match(await page.textContent("#ask-first"), /can't ask other servers/);
  await page.click("#go");
  await page.waitForSelector("html[data-reach=any][data-opened=words]", { timeout: 60000 });
  const open = async (address) => {
    await page.fill("#address", address);
    await page.click("#address-form button");
    await page.waitForSelector("html[data-opened='toy.gguf'], #wrong:not([hidden])", { timeout: 60000 });
  };
  for (const [address, words] of [[`${whole.address}/toy.gguf`, /does not send ranges/], [`${closed.address}/toy.gguf`, /CORS/], [`${ranged.address}/none.gguf`, /404/], [`${ranged.address}/README.md`, /README.md: not a GGUF file|README.md:/]]) {
    await open(address);
    assert.match(await wrong(page), words);
    await page.click("#wrong button");
  }
  await open(`${ranged.address}/toy.gguf`);
  assert.equal(await wrong(page), "");
  assert.deepEqual(plain(await ask(page, { command: "lookup", tokens: ["7", "791"] })).rows, plain(native("lookup", "toy", "7", "791")).rows);
  assert.ok(ranged.asked.filter((line) => line.startsWith("GET /toy")).every((line) => line.includes("bytes=")));
  for (const server of [ranged, whole, closed]) server.close();
});

test("keys, names and widths from 390 to 1600", { skip }, async () => {
  const screens = ["rows", "near", "cost", "map", "tour"];
  for (const [width, height] of [[390, 844], [768, 1024], [1280, 800], [1600, 900]]) {
    for (const colorScheme of ["light", "dark"]) {
      const opened = await visit({ width, height, colorScheme, reducedMotion: "reduce" });
      const { page } = opened;
      await page.focus("#tab-rows");
      for (const [at, name] of screens.entries()) {
        if (at > 0) await page.keyboard.press("ArrowRight");
        assert.equal(await page.isVisible(`#${name}`), true, name);
        if (name === "near") await page.waitForSelector("#neighbors li", { timeout: 60000 });
        if (name === "tour") await page.waitForSelector("#step[data-step='1']", { timeout: 60000 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${name} is ${wide} wide on ${width}`);
        await shot(page, `web-${name}-${width}-${colorScheme}`);
      }
      // Every control has a name.
      const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, select, textarea, canvas[tabindex], iframe, progress")]
        .filter((it) => !(it.textContent.trim() || it.getAttribute("aria-label") || it.title || it.labels?.length)).map((it) => it.outerHTML.slice(0, 80)));
      assert.deepEqual(nameless, []);
      quiet(opened);
    }
  }
});
