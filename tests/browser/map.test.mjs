// The page of a map in a real browser. Times are told, not asserted.
import assert from "node:assert/strict";
import { writeFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { find, gguf, join, launch, map, model, nearest, open, out, shot } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

// The page said nothing on its console, and asked for nothing.
function quiet({ said, asked }) {
  assert.deepEqual(said, []);
  assert.deepEqual(asked, []);
}

test("the built-in words: search, choose, filter, lasso, keys", async () => {
  const file = map("words", "words");
  const opened = await open(browser, file);
  const { page } = opened;
  assert.match(await page.textContent("#truth"), /of the 10 nearest rows are among/);
  assert.equal((await find(page, " cat"))[0], '" cat"');
  await page.press("#find", "Enter");
  assert.match(await page.textContent("#token"), /ID2,533/);
  const near = await nearest(page);
  assert.equal(near.length, 10);
  assert.ok(near.includes('" kitten"') && near.includes('" dog"'), near.join());
  // A regex, an ID, a regex that can't be read.
  assert.deepEqual((await find(page, "/^ (cat|dog)s$/")).sort(), ['" cats"', '" dogs"']);
  assert.equal((await find(page, "2533"))[0], '" cat"');
  assert.equal((await find(page, "/(/")).length, 0);
  assert.match(await page.textContent("#found"), /can't be read/);
  // The nearest of the nearest, by the keyboard alone.
  await find(page, " cat");
  await page.press("#find", "Enter");
  await page.focus("#near button");
  await page.keyboard.press("Enter");
  assert.match(await page.textContent("#token h2"), /cats/);
  // Escape leads back; colours; a click on the legend hides a group.
  await page.focus("#over");
  await page.keyboard.press("Escape");
  assert.equal(await page.isVisible("#token"), false);
  await page.selectOption("#by", { label: "ID" });
  const first = page.locator("#legend button").first();
  await first.click();
  assert.equal(await first.getAttribute("aria-pressed"), "false");
  await page.waitForTimeout(400);
  await first.click();
  // A lasso around everything, and its list.
  await page.keyboard.press("0");
  await page.click("#lasso");
  const corners = [[70, 20], [900, 20], [900, 780], [70, 780], [70, 20]];
  await page.mouse.move(...corners[0]);
  await page.mouse.down();
  for (const corner of corners) await page.mouse.move(...corner, { steps: 3 });
  await page.mouse.up();
  assert.match(await page.textContent("#listed"), /^4,\d\d\d tokens in the lasso$/);
  assert.match(await page.inputValue("#texts"), / cat\n/);
  await shot(page, "words-lasso");
  quiet(opened);
});

test("a click on the map chooses a token, and the pointer names one", async () => {
  const opened = await open(browser, map("some", "words", "0..40"));
  const { page } = opened;
  let isNamed = false;
  for (let x = 60; x < 900 && !isNamed; x += 12) {
    for (let y = 40; y < 780 && !isNamed; y += 12) {
      await page.mouse.move(x, y);
      if (isNamed = await page.isVisible("#tip")) await page.mouse.click(x, y);
    }
  }
  assert.ok(isNamed);
  assert.equal(await page.isVisible("#token"), true);
  quiet(opened);
});

test("the tokens of a text are joined", async () => {
  const opened = await open(browser, map("path", "toy", "0..2000", "--text", "The cat sat"));
  await opened.page.waitForTimeout(500);
  await shot(opened.page, "path");
  quiet(opened);
});

test("fingers move and choose on a small screen", async () => {
  const opened = await open(browser, join(out, "words.html"), { width: 390, height: 844, colorScheme: "dark", hasTouch: true, isMobile: true });
  const { page } = opened;
  await page.touchscreen.tap(200, 200);
  await find(page, " cat");
  await page.tap("#hits button");
  await page.waitForTimeout(600);
  assert.equal((await nearest(page)).length, 10);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(wide, 390);
  await shot(page, "words-390-dark");
  quiet(opened);
});

test("tokens of markup do nothing", async () => {
  const tokens = [
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</textarea><b>", "{{DATA}}",
    "\u202e\u200b\u0000\n\r\t\u001b[31m", "x".repeat(100000), "", "javascript:alert(1)", "$&$'$`", "__proto__",
  ];
  const file = join(out, "evil.gguf");
  writeFileSync(file, gguf(tokens));
  const opened = await open(browser, map("evil", file));
  const { page } = opened;
  for (const typed of ["<", "x", "alert", "/./", "\\u{202e}", "0"]) {
    const found = await find(page, typed);
    assert.ok(found.length > 0, typed);
    await page.press("#find", "Enter");
  }
  assert.equal(await page.locator("img, b, iframe, #hits script").count(), 0);
  assert.equal(await page.locator("script").count(), 2);
  await shot(page, "evil");
  quiet(opened);
});

test("a script that is not the page's own does not run", async () => {
  const { page, said } = await open(browser, join(out, "words.html"));
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'run'";
    document.body.append(script);
    const image = document.createElement("img");
    image.src = "https://example.com/x.png";
    document.body.append(image);
  });
  assert.notEqual(await page.title(), "run");
  assert.ok(said.some((line) => /Content Security Policy/.test(line)), said.join());
});

// The whole vocabulary of a model: what is found, how large, how fast.
async function real(t, name, file, expected, untrained, ...words) {
  const path = model(file);
  if (!path) return t.skip(`${file} is not there`);
  const page = map(name, path, "--text", "The cat sat", ...words);
  const opened = await open(browser, page);
  assert.equal((await find(opened.page, " cat"))[0], '" cat"');
  await opened.page.press("#find", "Enter");
  const near = await nearest(opened.page);
  for (const text of expected) assert.ok(near.includes(text), `${text} in ${near.join()}`);
  await opened.page.waitForTimeout(800);
  await shot(opened.page, `${name}-cat`);
  await find(opened.page, "");
  await opened.page.focus("#over");
  await opened.page.keyboard.press("Escape");
  await opened.page.keyboard.press("0");
  const frames = await panned(opened.page);
  await shot(opened.page, `${name}-1280-light`);
  // A token that training hardly touched.
  await opened.page.selectOption("#by", { label: "under-trained" });
  assert.match(await opened.page.textContent("#about"), /unused tokens/);
  assert.ok(await opened.page.locator("#legend li:not([hidden])").count() >= 5);
  await find(opened.page, untrained);
  await opened.page.press("#find", "Enter");
  assert.match(await opened.page.textContent("#token"), /like unused rows0.8 to 1/);
  await find(opened.page, "");
  await opened.page.focus("#over");
  await opened.page.keyboard.press("0");
  await opened.page.waitForTimeout(500);
  await shot(opened.page, `${name}-untrained`);
  quiet(opened);
  await opened.page.close();
  for (const [width, height, colorScheme] of [[1280, 800, "dark"], [390, 844, "light"], [390, 844, "dark"]]) {
    const other = await open(browser, page, { width, height, colorScheme });
    await other.page.focus("#over");
    await other.page.keyboard.press("0");
    await other.page.waitForTimeout(500);
    await shot(other.page, `${name}-${width}-${colorScheme}`);
    quiet(other);
    await other.page.close();
  }
  const size = (statSync(page).size / 1e6).toFixed(2);
  console.log(`${name}: ${size} MB, shown after ${opened.ms} ms, ${frames} frames a second while it moves`);
}

// Frames a second while the map is dragged.
async function panned(page) {
  await page.mouse.move(500, 400);
  await page.mouse.down();
  await page.evaluate(() => {
    window.frames_ = 0;
    const count = () => { window.frames_++; window.request_ = requestAnimationFrame(count); };
    count();
  });
  const start = Date.now();
  for (let step = 0; step < 60; step++) await page.mouse.move(500 + 100 * Math.sin(step / 8), 400 + 60 * Math.cos(step / 8));
  const frames = await page.evaluate(() => { cancelAnimationFrame(window.request_); return window.frames_; });
  await page.mouse.up();
  return Math.round(frames * 1000 / (Date.now() - start));
}

// Laid out by PCA: t-SNE takes minutes, and the page is the same.
test("Gemma", (t) => real(t, "gemma", "gemma-3-270m-q4_k_m.gguf", ['" Cat"', '" cats"', '" dog"'], " SrvGroup", "--method", "pca", "--neighbors", "4"));
test("SmolLM2", (t) => real(t, "smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", ['" cats"', '" dog"'], " InstancePreprocess"));
