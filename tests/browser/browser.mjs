// A headless browser for the tests, and a page of a map in it. Whatever the page says on
// its console or asks of a network is kept.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

export const root = resolve(import.meta.dirname, "../..");
const out = join(root, "target/browser");
mkdirSync(out, { recursive: true });

const args = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
  // WebGL without a graphics card.
  "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args });

// Writes a map with the program; the name of the file.
export function map(name, ...words) {
  const file = join(out, `${name}.html`);
  execFileSync(process.env.EMBCLI, ["map", ...words, "--force", "-o", file], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  return file;
}

export const model = (file) => {
  const path = join(process.env.EMBCLI_MODELS ?? join(root, "models"), file);
  return existsSync(path) ? path : null;
};

// An empty page; `said` has its complaints, `asked` its requests but for its own files.
export async function blank(browser, isOwn, { width = 1280, height = 800, colorScheme = "light", ...more } = {}) {
  // One page at a time: others would go on drawing.
  for (const context of browser.contexts()) await context.close();
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, ...more });
  const said = [], asked = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("dialog", (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!isOwn(request.url())) asked.push(request.url()); });
  return { page, said, asked };
}

// Goes to an address; the milliseconds until the page is ready.
export async function go(page, address) {
  const start = performance.now();
  await page.goto(address);
  await page.waitForSelector("html[data-ready]", { timeout: 60000 });
  return Math.round(performance.now() - start);
}

// Opens the page of a map.
export async function open(browser, file, options) {
  const address = `file://${file}`;
  const opened = await blank(browser, (url) => url === address, options);
  return { ...opened, ms: await go(opened.page, address) };
}

export const shot = (page, name) => page.screenshot({ path: join(out, `${name}.png`) });

// Types into the search; the texts that are found.
export async function find(page, text) {
  await page.fill("#find", text);
  await page.waitForTimeout(500);
  return page.$$eval("#hits .text", (all) => all.map((it) => it.textContent));
}

export const nearest = (page) => page.$$eval("#near .text", (all) => all.map((it) => it.textContent));

// A file with these tokens and a row each: of four values, or as it is stored in a type.
export function gguf(tokens, { type = 0, width = 4, rows = null } = {}) {
  const parts = [];
  const number = (size, value) => { const bytes = Buffer.alloc(size); size === 8 ? bytes.writeBigUInt64LE(BigInt(value)) : bytes.writeUInt32LE(value); parts.push(bytes); };
  const text = (value) => { const bytes = Buffer.from(value); number(8, bytes.length); parts.push(bytes); };
  parts.push(Buffer.from("GGUF"));
  number(4, 3); number(8, 1); number(8, 2);
  text("tokenizer.ggml.model"); number(4, 8); text("llama");
  text("tokenizer.ggml.tokens"); number(4, 9); number(4, 8); number(8, tokens.length);
  tokens.forEach(text);
  text("token_embd.weight"); number(4, 2); number(8, width); number(8, tokens.length); number(4, type); number(8, 0);
  const length = Buffer.concat(parts).length;
  parts.push(Buffer.alloc((32 - length % 32) % 32));
  const values = Float32Array.from({ length: 4 * tokens.length }, (_, i) => (i * i * 7 + 3) % 11 - 5);
  return Buffer.concat([...parts, rows ?? Buffer.from(values.buffer)]);
}

export { join, out };
