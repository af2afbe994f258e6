// Runs embcli beside the page: it reads the chosen files by ranges, and answers requests one
// after the other. It is made from a blob, so that the policy of the page holds for it too.
// The page ends it to stop a long request.

const BLOCK = 4 << 20;
const BUDGET = 256 << 20;
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

let base, module, memory;
const files = []; // { name, length, slice(start, end) -> ArrayBuffer }
const blocks = new Map(); // "file:block" -> Uint8Array, the one used last at the end
let held = 0;
const reads = { bytes: 0, requests: 0 };
let told = 0;

// Tells at most ten times a second.
function tell(message) {
  const now = performance.now();
  if (now - told < 100) return;
  told = now;
  postMessage(message);
}

function block(file, at) {
  const key = `${file}:${at}`;
  let bytes = blocks.get(key);
  if (bytes) {
    blocks.delete(key);
  } else {
    const start = at * BLOCK;
    bytes = new Uint8Array(files[file].slice(start, Math.min(start + BLOCK, files[file].length)));
    reads.bytes += bytes.length;
    reads.requests++;
    held += bytes.length;
    for (const [old, { length }] of blocks) {
      if (held <= BUDGET) break;
      blocks.delete(old);
      held -= length;
    }
  }
  blocks.set(key, bytes);
  return bytes;
}

// What the module calls.
self.host = {
  find: (name) => files.findIndex((file) => file.name === name),
  length: (file) => files[file].length,
  read(file, at, into) {
    try {
      for (let done = 0; done < into.length;) {
        const from = at + done;
        const bytes = block(file, Math.floor(from / BLOCK));
        const part = bytes.subarray(from % BLOCK, from % BLOCK + into.length - done);
        if (part.length === 0) throw new Error("the file became shorter while it was read");
        into.set(part, done);
        done += part.length;
      }
    } catch (error) {
      throw String(error.message || error);
    }
    tell({ at: at + into.length, of: files[file].length });
  },
  microseconds: () => performance.now() * 1000,
  progress: (what, done, total) => tell({ what, done, total }),
  panicked: (message) => postMessage({ panic: message }),
};

const onDisk = new FileReaderSync();
const chosen = (file) => ({
  name: file.name,
  length: file.size,
  slice(start, end) {
    try {
      return onDisk.readAsArrayBuffer(file.slice(start, end));
    } catch (error) {
      throw new Error(`the browser can't read ${file.name} any more (${error.name}): was it moved or changed?`);
    }
  },
});

// A file at an address. The first request tells its length and whether it can be read by ranges.
async function remote(address) {
  const name = decodeURIComponent(new URL(address).pathname.split("/").pop() || "model");
  const stop = new AbortController();
  let reply;
  try {
    reply = await fetch(address, { headers: { Range: "bytes=0-0" }, signal: stop.signal, credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new Error(`${address}: the server can't be reached, or does not let pages of others read its files (CORS): download the file and choose it here`);
  }
  const total = /^bytes 0-0\/(\d+)$/.exec(reply.headers.get("Content-Range") ?? "");
  stop.abort();
  if (reply.status !== 206 && !reply.ok) throw new Error(`${address}: the server says ${reply.status} ${reply.statusText}`);
  if (reply.status !== 206 || !total) throw new Error(`${address}: the server does not send ranges of this file, so a page would have to load all of it: download the file and choose it here`);
  return {
    name,
    length: Number(total[1]),
    slice(start, end) {
      const request = new XMLHttpRequest();
      request.open("GET", address, false);
      request.responseType = "arraybuffer";
      request.setRequestHeader("Range", `bytes=${start}-${end - 1}`);
      try {
        request.send();
      } catch {
        throw new Error(`${address}: the connection broke`);
      }
      if (request.status !== 206 || request.response.byteLength !== end - start) {
        throw new Error(`${address}: the server says ${request.status} to a request for bytes ${start} to ${end - 1}`);
      }
      return request.response;
    },
  };
}

const jobs = {
  async start({ from, plain }) {
    base = from;
    const name = !plain && WebAssembly.validate(SIMD) ? "simd" : "plain";
    module = await import(new URL(`${name}.js`, base));
    ({ memory } = await module.default({ module_or_path: new URL(`${name}_bg.wasm`, base) }));
    module.start();
    return name;
  },
  async open({ chosen: list, address, name }) {
    files.length = 0;
    blocks.clear();
    held = 0;
    if (address) files.push(await remote(address));
    else files.push(...list.map(chosen));
    name ??= files[0].name;
    module.open(name);
    return name;
  },
  answer({ request }) {
    const answer = module.answer(JSON.stringify(request));
    return answer.startsWith("{") ? show(JSON.parse(answer)) : answer;
  },
};

// Adds to every token how the program shows it.
function show(value) {
  if (Array.isArray(value)) {
    if (typeof value[0] === "object") value.forEach(show);
  } else if (value !== null && typeof value === "object") {
    if ("token" in value) value.shown = module.shown(value.token ?? undefined, value.token_hex);
    Object.values(value).forEach((inner) => typeof inner === "object" && show(inner));
  }
  return value;
}

// One job after the other: an answer waits for a file that is being opened.
let last = Promise.resolve();
self.onmessage = ({ data: { id, job, ...given } }) => {
  last = last.then(async () => {
    const start = performance.now();
    try {
      const answer = await jobs[job](given);
      const ms = performance.now() - start;
      postMessage({ id, answer, ms, memory: (memory?.buffer.byteLength ?? 0) + held, reads: { ...reads } });
    } catch (error) {
      // The module tells an error as a text. Anything else has broken it.
      if (typeof error === "string") postMessage({ id, error });
      else if (job === "open" && !(error instanceof WebAssembly.RuntimeError)) postMessage({ id, error: error.message });
      else postMessage({ id, broken: String(error?.message ?? error) });
    }
  });
};
