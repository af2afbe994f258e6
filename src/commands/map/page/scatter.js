"use strict";
// Points in the plane, drawn by WebGL2: a view that moves and zooms, groups of points
// with a colour each, and the points near a place. It knows nothing of tokens.

class Scatter {
  // xy: two 16-bit numbers a point.
  constructor(canvas, xy) {
    this.canvas = canvas;
    this.xy = xy;
    this.n = xy.length / 2;
    this.style = new Uint8Array(2 * this.n); // group and emphasis of each point
    this.palette = new Float32Array(4 * Scatter.GROUPS);
    this.hidden = new Uint8Array(Scatter.GROUPS);
    this.centre = [32768, 32768];
    this.zoom = 1; // pixels for 65536 units, as a multiple of the shorter side
    this.sort();
    this.start();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => { this.start(); this.restyled = true; this.onrestore?.(); });
  }

  start() {
    const gl = this.canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (!gl) throw new Error("this browser has no WebGL2, which draws the map");
    this.gl = gl;
    const shader = (kind, text) => {
      const made = gl.createShader(kind);
      gl.shaderSource(made, "#version 300 es\nprecision highp float;\n" + text);
      gl.compileShader(made);
      gl.attachShader(this.program, made);
    };
    this.program = gl.createProgram();
    shader(gl.VERTEX_SHADER, `
      layout(location = 0) in vec2 place;
      layout(location = 1) in uvec2 style;
      uniform vec2 scale, shift;
      uniform float size, pass;
      uniform vec4 palette[${Scatter.GROUPS}];
      out vec4 ink;
      void main() {
        ink = palette[style.x];
        bool strong = style.y == 2u;
        bool seen = ink.a > 0.0 && strong == (pass == 1.0);
        gl_Position = seen ? vec4((place - shift) * scale, 0.0, 1.0) : vec4(9.0, 9.0, 9.0, 1.0);
        gl_PointSize = strong ? max(size * 1.8, 5.0) : size;
        if (style.y == 1u) ink.a *= 0.12;
        if (strong) ink.a = 1.0;
      }`);
    shader(gl.FRAGMENT_SHADER, `
      in vec4 ink;
      uniform float size;
      out vec4 colour;
      void main() {
        float far = length(gl_PointCoord - 0.5) * 2.0;
        float edge = min(1.0, 2.0 / size);
        float part = ink.a * (1.0 - smoothstep(1.0 - edge, 1.0, far));
        if (size < 2.0) part = ink.a * 0.8;
        colour = vec4(ink.rgb * part, part);
      }`);
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) throw new Error("the map can't be drawn here: " + gl.getProgramInfoLog(this.program));
    gl.useProgram(this.program);
    this.at = (name) => gl.getUniformLocation(this.program, name);
    const buffer = (data, place, bind) => {
      const made = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, made);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      bind(place);
      return made;
    };
    buffer(this.xy, 0, (place) => gl.vertexAttribPointer(place, 2, gl.UNSIGNED_SHORT, false, 0, 0));
    this.styles = buffer(this.style, 1, (place) => gl.vertexAttribIPointer(place, 2, gl.UNSIGNED_BYTE, 0, 0));
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  // The points by cells of a grid, to find those near a place.
  sort() {
    this.side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(this.n / 4))));
    this.cell = 65536 / this.side;
    const starts = new Uint32Array(this.side * this.side + 1);
    const cells = new Uint32Array(this.n);
    for (let i = 0; i < this.n; i++) {
      cells[i] = Math.floor(this.xy[2 * i + 1] / this.cell) * this.side + Math.floor(this.xy[2 * i] / this.cell);
      starts[cells[i] + 1]++;
    }
    for (let c = 0; c < this.side * this.side; c++) starts[c + 1] += starts[c];
    const next = starts.slice();
    this.order = new Uint32Array(this.n);
    for (let i = 0; i < this.n; i++) this.order[next[cells[i]]++] = i;
    this.starts = starts;
  }

  // Calls visit for each point in a rectangle of the map's own units.
  within(left, top, right, bottom, visit) {
    const clamp = (at) => Math.max(0, Math.min(this.side - 1, Math.floor(at / this.cell)));
    for (let row = clamp(top); row <= clamp(bottom); row++) {
      const from = this.starts[row * this.side + clamp(left)];
      const to = this.starts[row * this.side + clamp(right) + 1];
      for (let at = from; at < to; at++) {
        const i = this.order[at], x = this.xy[2 * i], y = this.xy[2 * i + 1];
        if (x >= left && x <= right && y >= top && y <= bottom) visit(i);
      }
    }
  }

  // The k points nearest to a point on the map.
  around(point, k) {
    const x = this.xy[2 * point], y = this.xy[2 * point + 1];
    for (let reach = 2 * this.cell; ; reach *= 2) {
      const found = [];
      this.within(x - reach, y - reach, x + reach, y + reach, (i) => {
        const far = Math.hypot(this.xy[2 * i] - x, this.xy[2 * i + 1] - y);
        if (i !== point && far <= reach) found.push([far, i]);
      });
      if (found.length >= k || reach > 131072) return found.sort((a, b) => a[0] - b[0]).slice(0, k).map((it) => it[1]);
    }
  }

  resize() {
    this.dpr = Math.min(window.devicePixelRatio || 1, 2);
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.max(1, Math.round(this.width * this.dpr));
    this.canvas.height = Math.max(1, Math.round(this.height * this.dpr));
  }

  // Pixels of the screen for one unit of the map.
  get scale() { return Math.min(this.width, this.height) * 0.94 * this.zoom / 65536; }

  toScreen(i) {
    return [
      (this.xy[2 * i] - this.centre[0]) * this.scale + this.width / 2,
      this.height / 2 - (this.xy[2 * i + 1] - this.centre[1]) * this.scale,
    ];
  }

  toMap(x, y) {
    return [(x - this.width / 2) / this.scale + this.centre[0], (this.height / 2 - y) / this.scale + this.centre[1]];
  }

  isSeen(i) { return !this.hidden[this.style[2 * i]]; }

  // The visible point nearest to a place on the screen; -1 if there is none within reach.
  pick(x, y, reach) {
    const [u, v] = this.toMap(x, y), far = reach / this.scale;
    let best = -1, least = far;
    this.within(u - far, v - far, u + far, v + far, (i) => {
      const apart = Math.hypot(this.xy[2 * i] - u, this.xy[2 * i + 1] - v);
      if (apart < least && this.isSeen(i)) [best, least] = [i, apart];
    });
    return best;
  }

  // The visible points inside a polygon on the screen.
  inside(corners) {
    const polygon = corners.map(([x, y]) => this.toMap(x, y)), found = [];
    const xs = polygon.map((it) => it[0]), ys = polygon.map((it) => it[1]);
    this.within(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
      const x = this.xy[2 * i], y = this.xy[2 * i + 1];
      let odd = false;
      for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
        const [xa, ya] = polygon[a], [xb, yb] = polygon[b];
        if (ya > y !== yb > y && x < (xb - xa) * (y - ya) / (yb - ya) + xa) odd = !odd;
      }
      if (odd && this.isSeen(i)) found.push(i);
    });
    return found.sort((a, b) => a - b);
  }

  // Zooms so that a place on the screen stays where it is.
  zoomAt(x, y, factor) {
    const [u, v] = this.toMap(x, y);
    this.zoom = Math.max(0.5, Math.min(4000, this.zoom * factor));
    const [a, b] = this.toMap(x, y);
    this.centre = [this.centre[0] + u - a, this.centre[1] + v - b];
  }

  // colours: [red, green, blue] from 0 to 1 of each group.
  colour(groups, colours) {
    for (let i = 0; i < this.n; i++) this.style[2 * i] = groups[i];
    this.colours = colours;
    this.hidden.fill(0);
    this.restyled = true;
  }

  // marks: null, or 0 plain, 1 faint, 2 strong for each point.
  mark(marks) {
    for (let i = 0; i < this.n; i++) this.style[2 * i + 1] = marks ? marks[i] : 0;
    this.restyled = true;
  }

  draw() {
    const gl = this.gl;
    if (gl.isContextLost()) return;
    if (this.restyled) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.styles);
      gl.bufferData(gl.ARRAY_BUFFER, this.style, gl.STATIC_DRAW);
      this.restyled = false;
    }
    this.colours.forEach((rgb, group) => this.palette.set([...rgb, this.hidden[group] ? 0 : 0.8], 4 * group));
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const size = Math.min(this.width, this.height) * 0.5 / Math.sqrt(this.n) * Math.sqrt(this.zoom);
    gl.uniform1f(this.at("size"), Math.max(1.2, Math.min(9, size)) * this.dpr);
    gl.uniform2f(this.at("shift"), ...this.centre);
    gl.uniform2f(this.at("scale"), 2 * this.scale / this.width, 2 * this.scale / this.height);
    gl.uniform4fv(this.at("palette"), this.palette);
    for (const pass of [0, 1]) {
      gl.uniform1f(this.at("pass"), pass);
      gl.drawArrays(gl.POINTS, 0, this.n);
    }
  }
}
Scatter.GROUPS = 32;
