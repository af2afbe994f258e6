// Shows the Markdown that the program writes: headings, paragraphs, tables, lists, code. Texts
// only ever become text nodes.

export function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Code between backticks, and text with its backslashes resolved.
function inline(text) {
  const parts = [];
  let plain = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) {
      plain += text[++at];
      continue;
    }
    const ticks = /^`+/.exec(text.slice(at))?.[0];
    const end = ticks ? text.indexOf(ticks, at + ticks.length) : -1;
    if (end < 0) {
      plain += text[at];
      continue;
    }
    parts.push(plain);
    plain = "";
    const code = text.slice(at + ticks.length, end);
    // A backtick within needs a space at both ends.
    parts.push(make("code", {}, /^ .*[^ ].* $/.test(code) && code.includes("`") ? code.slice(1, -1) : code));
    at = end + ticks.length - 1;
  }
  return [...parts, plain].filter((part) => part !== "");
}

// The cells of a line of a table. A bar within a cell has a backslash.
const cells = (line) => line.replace(/^\|/, "").replace(/\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim());

export function markdown(text) {
  const lines = text.split("\n"), made = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at];
    const heading = /^(#+) (.*)/.exec(line);
    if (line.startsWith("```")) {
      const end = lines.findIndex((other, i) => i > at && other.startsWith("```"));
      made.push(make("pre", {}, lines.slice(at + 1, end).join("\n")));
      at = end + 1;
    } else if (heading) {
      made.push(make("h" + Math.min(6, heading[1].length + 1), {}, ...inline(heading[2])));
      at++;
    } else if (line.startsWith("|")) {
      const right = cells(lines[at + 1]).map((rule) => rule.endsWith(":"));
      const row = (kind, line) => make("tr", {}, ...cells(line).map((cell, i) => make(kind, { className: right[i] ? "number" : "" }, ...inline(cell))));
      const body = make("tbody", {});
      const head = make("thead", {}, row("th", line));
      for (at += 2; lines[at]?.startsWith("|"); at++) body.append(row("td", lines[at]));
      made.push(make("div", { className: "wide" }, make("table", {}, head, body)));
    } else if (/^[-*] /.test(line)) {
      const list = make("ul", { className: "notes" });
      for (; /^[-*] /.test(lines[at] ?? ""); at++) list.append(make("li", {}, ...inline(lines[at].slice(2))));
      made.push(list);
    } else if (line.trim() === "") {
      at++;
    } else {
      const start = at;
      while (at < lines.length && lines[at].trim() !== "" && !/^(\||```|#)/.test(lines[at])) at++;
      made.push(make("p", {}, ...inline(lines.slice(start, at).join(" "))));
    }
  }
  return made;
}
