// Times the page in a browser, by both of its builds, beside the program:
//
//     scripts/web && CHROMIUM=$(command -v chromium) EMBCLI=target/release/embcli node tests/browser/reach.mjs models/*.gguf
//
// A time is the Worker's, from a request to its answer: the median of five, or of one for the
// first search, which reads the file, and for a check.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { blank, go, join, launch, root } from "./browser.mjs";
import { serve } from "./server.mjs";

const built = join(root, "target/web");
const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
const show = (name, value) => console.log(`${name.padEnd(44)} ${value}`);

const filesOf = (build) => readdirSync(built).filter((name) => !name.startsWith(build === "simd" ? "plain" : "simd") && name !== "address.html");
for (const build of ["simd", "plain"]) {
  const bytes = filesOf(build).map((name) => brotliCompressSync(readFileSync(join(built, name))).length);
  show(`${build}: download, brotli`, `${bytes.reduce((a, b) => a + b)} bytes`);
}

const [browser, server] = [await launch(), await serve(built)];
for (const path of process.argv.slice(2)) {
  console.log(`\n${path.split("/").pop()}`);
  for (const build of ["simd", "plain"]) {
    const { page } = await blank(browser, () => true);
    await go(page, server.address + (build === "plain" ? "?plain" : ""));
    await page.waitForSelector("html[data-opened=words]");
    const open = [];
    for (let i = 0; i < 5; i++) {
      await page.evaluate(() => { document.documentElement.dataset.opened = ""; });
      await page.setInputFiles("#file", path);
      await page.waitForSelector(`html[data-opened="${path.split("/").pop()}"]`);
      open.push(Number(await page.getAttribute("html", "data-open-ms")));
    }
    show(`${build}: open`, `${median(open).toFixed(1)} ms`);
    const timed = (request) => page.evaluate(async (request) => {
      await globalThis.embcli(request);
      return Number(document.documentElement.dataset.ms);
    }, request);
    const several = async (requests) => {
      const all = [];
      for (const request of requests) all.push(await timed(request));
      return median(all).toFixed(1);
    };
    const near = (id) => ({ command: "neighbors", tokens: [String(id)], k: 10, metric: "cosine" });
    show(`${build}: neighbours, the first time`, `${await several([near(1000)])} ms`);
    show(`${build}: neighbours, again`, `${await several([1001, 1002, 1003, 1004, 1005].map(near))} ms`);
    show(`${build}: 3 rows`, `${await several([7, 77, 777, 7777, 27777].map((id) => ({ command: "lookup", tokens: [id, id + 1, id + 2].map(String) })))} ms`);
    show(`${build}: check`, `${await several([{ command: "check" }])} ms`);
    show(`${build}: memory`, `${Math.round(Number(await page.getAttribute("html", "data-memory")) / 1e6)} MB`);
  }
  const start = performance.now();
  const { status } = spawnSync(process.env.EMBCLI, ["check", path], { stdio: "ignore" });
  // 1 is a check that found something.
  if (status !== 0 && status !== 1) throw new Error(`${process.env.EMBCLI} ended with ${status}`);
  show("the program: check", `${(performance.now() - start).toFixed(1)} ms`);
}
await browser.close();
server.close();
