// A server of files for the tests, on this machine only. It sends ranges if it is asked to, and
// keeps what it was asked for.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const kinds = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm" };

export async function serve(folder, { ranges = false, open = false } = {}) {
  const asked = [];
  const server = createServer((request, reply) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    const file = join(folder, path === "/" ? "index.html" : path);
    const headers = { "Content-Type": kinds[extname(file)] ?? "application/octet-stream", "Cache-Control": "no-store" };
    if (open) Object.assign(headers, { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Range", "Access-Control-Expose-Headers": "Content-Range" });
    asked.push(`${request.method} ${path} ${request.headers.range ?? ""}`.trim());
    if (request.method === "OPTIONS") return reply.writeHead(204, headers).end();
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) return reply.writeHead(404, headers).end();
    const { size } = statSync(file), range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (ranges && range) {
      const [start, end] = [Number(range[1]), Math.min(Number(range[2]), size - 1)];
      reply.writeHead(206, { ...headers, "Content-Range": `bytes ${start}-${end}/${size}`, "Content-Length": end - start + 1 });
      return createReadStream(file, { start, end }).pipe(reply);
    }
    reply.writeHead(200, { ...headers, "Content-Length": size });
    createReadStream(file).pipe(reply);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  return { address: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}
