// clock.js
const BASE_RATE = 60; // steps a second at speed 1
const LOOP_PAUSE = 0.7; // seconds shown at the end before a loop starts again

class Clock {
  constructor() {
    this.step = 0;
    this.numSteps = 0;
    this.perStep = 1; // length of a step where the axis has another unit
    this.speed = 1;
    this.loop = false;
    this.playing = false;
    this.live = false;
    this.waited = 0;
  }

  resize(numSteps, live, perStep = 1) {
    const follows = (live || this.live) && this.step >= this.numSteps - 1e-9;
    this.perStep = perStep;
    this.numSteps = Math.max(0, numSteps);
    this.live = live;
    this.step = follows ? this.numSteps : Math.min(this.step, this.numSteps);
    if (this.playing && this.step >= this.numSteps && !this.loop && !live) this.playing = false;
  }

  seek(step) {
    this.step = Math.max(0, Math.min(this.numSteps, step));
    this.waited = 0;
  }

  play() {
    if (this.numSteps <= 0) return;
    if (this.step >= this.numSteps && !this.live) this.step = 0;
    this.waited = 0;
    this.playing = true;
  }

  pause() {
    this.playing = false;
  }

  advance(seconds) {
    if (!this.playing) return false;
    const before = this.step;
    if (this.step >= this.numSteps && this.loop) {
      this.waited += seconds;
      if (this.waited >= LOOP_PAUSE) this.seek(0);
      return this.step !== before;
    }
    const moved = Math.min(seconds, 0.1) * BASE_RATE * this.speed * this.perStep;
    this.step = Math.min(this.numSteps, this.step + moved);
    if (this.step >= this.numSteps && !this.loop) this.playing = false;
    return this.step !== before;
  }
}

// controls.js
const FILL = 'fill="currentColor"';
const PATHS = {
  play:
    '<path d="M7 4.6v14.8c0 .8.9 1.3 1.6.9l11.6-7.4c.6-.4.6-1.4 0-1.8' +
    `L8.6 3.7C7.9 3.3 7 3.8 7 4.6z" ${FILL}/>`,
  pause:
    `<rect x="5.5" y="4" width="4.5" height="16" rx="1.3" ${FILL}/>` +
    `<rect x="14" y="4" width="4.5" height="16" rx="1.3" ${FILL}/>`,
  back: `<path d="M18 5.5v13L8.5 12z" ${FILL}/><path d="M6 5.5v13"/>`,
  forward: `<path d="M6 5.5v13l9.5-6.5z" ${FILL}/><path d="M18 5.5v13"/>`,
  loop:
    '<path d="M17 2.8 20.2 6 17 9.2"/><path d="M4 11.5V10a4 4 0 0 1 4-4h12"/>' +
    '<path d="M7 21.2 3.8 18 7 14.8"/><path d="M20 12.5V14a4 4 0 0 1-4 4H4"/>',
  full: '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
  reset: '<path d="M4.5 12a7.5 7.5 0 1 0 2.4-5.5"/><path d="M4 3.5v4.4h4.4"/>',
};
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

function icon(name) {
  return (
    '<svg viewBox="0 0 24 24" width="1.25em" height="1.25em" fill="none" stroke="currentColor" ' +
    'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
    `${PATHS[name]}</svg>`
  );
}

function button(name, glyph, tip, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "ov-button";
  element.setAttribute("aria-label", name);
  element.title = tip;
  element.innerHTML = icon(glyph);
  element.addEventListener("mousedown", (event) => event.preventDefault());
  element.addEventListener("click", act);
  return element;
}

class Controls {
  constructor(actions) {
    this.element = document.createElement("div");
    this.element.className = "ov-controls";
    this.playButton = button("Play", "play", "Play (space)", actions.toggle);
    this.playButton.classList.add("ov-play");
    const step = (name, glyph, key, by) =>
      button(name, glyph, `${name} (${key}, ten with shift)`, () => actions.nudge(by));
    const back = step("Step back", "back", "←", -1);
    const forward = step("Step forward", "forward", "→", 1);
    this.loopButton = button("Loop", "loop", "Start again at the end", actions.loop);
    this.loopButton.setAttribute("aria-pressed", "false");
    const reset = button("Reset view", "reset", "Reset view (double click)", actions.reset);
    this.resetButton = reset;
    const full = button("Full screen", "full", "Full screen (f)", actions.full);

    this.scrubber = document.createElement("input");
    Object.assign(this.scrubber, { type: "range", min: "0", max: "1", step: "any", value: "0" });
    this.scrubber.className = "ov-scrub";
    this.scrubber.setAttribute("aria-label", "Step");
    this.scrubber.addEventListener("input", () =>
      actions.seek(this.scrubber.valueAsNumber),
    );

    this.count = document.createElement("output");
    this.count.className = "ov-count";
    this.now = document.createElement("b");
    this.total = document.createElement("span");
    this.count.append(this.now, this.total);
    this.count.setAttribute("aria-live", "off");

    const speed = document.createElement("select");
    speed.className = "ov-speed";
    speed.setAttribute("aria-label", "Speed");
    speed.title = `Speed: 1× is ${BASE_RATE} steps a second`;
    for (const factor of SPEEDS) {
      const text = `${factor}× (${factor * BASE_RATE}/s)`;
      speed.append(new Option(text, String(factor), factor === 1, factor === 1));
    }
    speed.addEventListener("change", () => {
      actions.speed(Number(speed.value));
      speed.title = `Speed: ${Number(speed.value) * BASE_RATE} steps a second`;
    });
    this.speed = speed;
    const line = document.createElement("div");
    line.className = "ov-line";
    line.append(this.scrubber, this.count);
    this.element.append(back, this.playButton, forward, line, speed, this.loopButton, reset, full);
  }

  update(clock, axis, now) {
    if (clock.playing && this.playing && now - this.updated < 30) return;
    this.updated = now;
    if (this.playing !== clock.playing) {
      this.playing = clock.playing;
      this.playButton.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
      this.playButton.title = clock.playing ? "Pause (space)" : "Play (space)";
      this.playButton.innerHTML = icon(clock.playing ? "pause" : "play");
    }
    if (this.length !== clock.numSteps || this.axisName !== axis.name) {
      this.length = clock.numSteps;
      this.axisName = axis.name;
      const total = axis.number(clock.numSteps);
      this.scrubber.max = String(clock.numSteps);
      this.scrubber.setAttribute("aria-label", axis.name.replace(/s$/, ""));
      this.total.textContent = ` / ${total}`;
      this.count.style.minWidth = `${2 * total.length + 3}ch`;
    }
    const place = axis.number(clock.step);
    if (this.place !== place) {
      this.place = place;
      this.now.textContent = place;
      const words = `${axis.words(clock.step)} of ${axis.number(clock.numSteps)}`;
      this.scrubber.setAttribute("aria-valuetext", words);
    }
    this.scrubber.value = String(clock.step);
    const share = clock.numSteps ? (100 * clock.step) / clock.numSteps : 0;
    this.scrubber.style.setProperty("--ov-share", `${share.toFixed(2)}%`);
  }

  setLoop(on) {
    this.loopButton.setAttribute("aria-pressed", String(on));
  }

  setZoomed(on) {
    this.resetButton.classList.toggle("ov-idle", !on);
  }
}

// marks.js
function polygon(ctx, x, y, radius, corners, turn, inner = 0) {
  const steps = inner ? corners * 2 : corners;
  for (let i = 0; i < steps; i++) {
    const r = inner && i % 2 ? radius * inner : radius;
    const angle = turn + (i * 2 * Math.PI) / steps;
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.closePath();
}

function cross(ctx, x, y, r, turn) {
  const arm = r * 0.36;
  const corners = [
    [-arm, -r], [arm, -r], [arm, -arm], [r, -arm], [r, arm], [arm, arm],
    [arm, r], [-arm, r], [-arm, arm], [-r, arm], [-r, -arm], [-arm, -arm],
  ];
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  for (const [a, b] of corners) ctx.lineTo(x + a * c - b * s, y + a * s + b * c);
  ctx.closePath();
}

const UP = -Math.PI / 2;
const SHAPES = {
  circle: (ctx, x, y, r) => ctx.arc(x, y, r, 0, 2 * Math.PI),
  square: (ctx, x, y, r) => ctx.rect(x - r * 0.86, y - r * 0.86, r * 1.72, r * 1.72),
  diamond: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.18, 4, UP),
  triangle: (ctx, x, y, r) => polygon(ctx, x, y + r * 0.15, r * 1.22, 3, UP),
  "triangle-down": (ctx, x, y, r) => polygon(ctx, x, y - r * 0.15, r * 1.22, 3, -UP),
  pentagon: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.08, 5, UP),
  hexagon: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.06, 6, 0),
  star: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.35, 5, UP, 0.5),
  plus: (ctx, x, y, r) => cross(ctx, x, y, r * 1.12, 0),
  cross: (ctx, x, y, r) => cross(ctx, x, y, r * 1.12, Math.PI / 4),
};

function markerPath(ctx, shape, x, y, radius) {
  ctx.beginPath();
  (SHAPES[shape] || SHAPES.circle)(ctx, x, y, radius);
}

function drawMarker(ctx, shape, x, y, radius, fill, rim, rimWidth) {
  markerPath(ctx, shape, x, y, radius);
  ctx.lineJoin = "round";
  if (rimWidth > 0) {
    ctx.lineWidth = rimWidth * 2;
    ctx.strokeStyle = rim;
    ctx.stroke();
  }
  ctx.fillStyle = fill;
  ctx.fill();
}

function drawTick(ctx, tick, x, y, size, family, align = "left") {
  ctx.font = `${size}px ${family}`;
  const width = tickWidth(ctx, tick, size, family);
  const left = align === "right" ? x - width : align === "center" ? x - width / 2 : x;
  ctx.textAlign = "left";
  ctx.font = `${size}px ${family}`;
  ctx.fillText(tick.text, left, y);
  if (tick.raised) {
    const base = ctx.measureText(tick.text).width;
    ctx.font = `${size * 0.74}px ${family}`;
    ctx.fillText(tick.raised, left + base + 0.5, y - size * 0.36);
  }
  return width;
}

function tickWidth(ctx, tick, size, family) {
  ctx.font = `${size}px ${family}`;
  let width = ctx.measureText(tick.text).width;
  if (tick.raised) {
    ctx.font = `${size * 0.74}px ${family}`;
    width += ctx.measureText(tick.raised).width + 0.5;
  }
  return width;
}

function roomFor(ctx, ticks, size, family) {
  return Math.ceil(Math.max(0, ...ticks.map((tick) => tickWidth(ctx, tick, size, family)))) + 12;
}

function drawStar(ctx, x, y, radius, fill) {
  ctx.beginPath();
  polygon(ctx, x, y, radius, 5, UP, 0.45);
  ctx.lineJoin = "round";
  ctx.lineWidth = 2.5;
  ctx.strokeStyle = "rgba(20,24,34,.9)";
  ctx.stroke();
  ctx.fillStyle = fill;
  ctx.fill();
}

function drawSaddle(ctx, x, y, radius, ink, halo) {
  for (const [color, width] of [[halo, 4.5], [ink, 1.8]]) {
    ctx.beginPath();
    for (const [a, b] of [[-1, -1], [-1, 1]]) {
      ctx.moveTo(x + a * radius, y + b * radius);
      ctx.lineTo(x - a * radius, y - b * radius);
    }
    ctx.lineCap = "round";
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.stroke();
  }
}

function drawRing(ctx, x, y, radius, ink, halo) {
  for (const [color, width] of [[halo, 5], [ink, 2]]) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.stroke();
  }
}

// scales.js
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function clamp(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

function niceStep(span, count) {
  if (!(span > 0)) return 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return power * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10);
}

function makeScale(kind, lo, hi, from, to) {
  const log = kind === "log";
  const forward = log ? (v) => Math.log10(v > 0 ? v : lo) : (v) => v;
  const a = forward(lo);
  const b = forward(hi);
  const k = b === a ? 0 : (to - from) / (b - a);
  return {
    kind,
    lo,
    hi,
    from,
    to,
    px: log
      ? (v) => from + ((v > lo ? Math.log10(v) : v <= lo ? a : NaN) - a) * k
      : (v) => from + (v - a) * k,
    value: (px) => {
      const u = k === 0 ? a : a + (px - from) / k;
      return log ? 10 ** u : u;
    },
  };
}

function makeTicks(scale, count, whole = false) {
  if (scale.kind === "log") return logTicks(scale.lo, scale.hi, count);
  let step = niceStep(scale.hi - scale.lo, count);
  if (whole) step = Math.max(1, Math.round(step));
  const ticks = [];
  const first = Math.ceil(scale.lo / step - 1e-9);
  const last = Math.floor(scale.hi / step + 1e-9);
  const biggest = Math.max(Math.abs(first), Math.abs(last)) * step;
  for (let i = first; i <= last && ticks.length < 50; i++)
    ticks.push({ value: i * step, ...tickText(i * step, step, biggest) });
  return ticks;
}

function tickText(value, step, biggest) {
  if (value === 0) return { text: "0", raised: "" };
  if (biggest >= 1e5 || biggest < 1e-2) {
    const power = Math.floor(Math.log10(step) + 1e-9);
    return { text: `${minus((value / 10 ** power).toFixed(0))}·10`, raised: minus(String(power)) };
  }
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { text: minus(value.toFixed(digits)), raised: "" };
}

function logTicks(lo, hi, count) {
  const first = Math.ceil(Math.log10(lo) - 1e-9);
  const last = Math.floor(Math.log10(hi) + 1e-9);
  const ticks = [];
  if (last - first >= 1) {
    const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(2, count)));
    const aligned = Math.ceil(first / every) * every;
    for (let k = aligned; k <= last; k += every) ticks.push(powerTick(k));
    if (ticks.length >= 2) return ticks;
  }
  ticks.length = 0;
  for (let k = first - 1; k <= last; k++)
    for (const lead of [1, 2, 5]) {
      const value = lead * 10 ** k;
      if (value < lo * 0.9999 || value > hi * 1.0001) continue;
      ticks.push({ value, ...plainOrPower(lead, k) });
    }
  if (ticks.length >= 2) return ticks;
  return makeTicks({ kind: "linear", lo, hi }, Math.max(2, count - 1));
}

function powerTick(k) {
  if (k === 0 || k === 1) return { value: 10 ** k, text: String(10 ** k), raised: "" };
  return { value: 10 ** k, text: "10", raised: minus(String(k)) };
}

function plainOrPower(lead, k) {
  if (k >= -3 && k <= 4) return { text: (lead * 10 ** k).toFixed(Math.max(0, -k)), raised: "" };
  return { text: lead === 1 ? "10" : `${lead}·10`, raised: minus(String(k)) };
}

function minus(text) {
  return text.replace("-", "−");
}

function formatNumber(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) {
    const text = Number(value.toPrecision(digits)).toString();
    return minus(text);
  }
  const [lead, power] = value.toExponential(Math.max(0, digits - 2)).split("e");
  const raised = String(Number(power)).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : RAISED[c]));
  return `${minus(lead)}·10${raised}`;
}

// labels.js
const TONE = {
  converged: ["#067647", "#6ce9a6"],
  left: ["#93370d", "#fdb022"],
  running: ["#475467", "#98a2b3"],
  stationary: ["#175cd3", "#84caff"],
  diverged: ["#c4320a", "#ff9c7a"],
  escaped: ["#5925dc", "#c3b5fd"],
};
const SIDES = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]];
const NEAR = 30; // pixels within which outcomes of one kind share a label

function drawGlyph(ctx, kind, x, y, r) {
  const lines = {
    converged: [[-0.8, 0.05], [-0.2, 0.65], [0.85, -0.6]],
    left: [[-0.8, -0.6], [-0.2, 0.65], [0.6, -0.5], null, [0, -0.6], [0.65, -0.6], [0.65, 0.1]],
    running: [[-0.8, 0], [0.7, 0], null, [0.15, -0.55], [0.75, 0], [0.15, 0.55]],
    stationary: [[-0.35, -0.65], [-0.35, 0.65], null, [0.35, -0.65], [0.35, 0.65]],
    diverged: [[-0.65, -0.65], [0.65, 0.65], null, [0.65, -0.65], [-0.65, 0.65]],
    escaped: [[-0.65, 0.65], [0.6, -0.6], null, [-0.15, -0.65], [0.65, -0.65], [0.65, 0.15]],
  }[kind];
  ctx.beginPath();
  let open = false;
  for (const point of lines) {
    if (point) ctx[open ? "lineTo" : "moveTo"](x + point[0] * r, y + point[1] * r);
    open = Boolean(point);
  }
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.stroke();
}

function groupEvents(events) {
  const groups = [];
  for (const event of events) {
    const home = groups.find(
      (g) => g.kind === event.kind && Math.hypot(g.x - event.x, g.y - event.y) < NEAR,
    );
    if (home) home.members.push(event);
    else groups.push({ kind: event.kind, x: event.x, y: event.y, members: [event] });
  }
  return groups;
}

function placeBoxes(boxes, rect) {
  const placed = [];
  return boxes.map((box) => {
    let best = null;
    for (const gap of [14, 30, 52, 80])
      for (const [sx, sy] of SIDES) {
        const left = box.x + sx * gap + ((sx - 1) / 2) * box.w;
        const top = box.y + sy * gap + ((sy - 1) / 2) * box.h;
        const x = clamp(left, rect.x + 4, rect.x + rect.w - box.w - 4);
        const y = clamp(top, rect.y + 4, rect.y + rect.h - box.h - 4);
        let cost = gap * 0.4;
        for (const other of placed) cost += overlap(x, y, box, other) * 4;
        for (const other of boxes)
          cost += overlap(x, y, box, { x: other.x - 9, y: other.y - 9, w: 18, h: 18 });
        if (!best || cost < best.cost) best = { x, y, w: box.w, h: box.h, cost };
      }
    placed.push(best);
    return { x: best.x, y: best.y };
  });
}

function overlap(x, y, { w, h }, other) {
  const wide = Math.min(x + w, other.x + other.w) - Math.max(x, other.x);
  const high = Math.min(y + h, other.y + other.h) - Math.max(y, other.y);
  return wide > -3 && high > -3 ? (wide + 3) * (high + 3) : 0;
}

function labelText(group, runs) {
  const [first] = group.members;
  const { label, word, told } = runs[first.run];
  return group.members.length > 1 ? `${group.members.length} ${word}` : `${label} ${told}`;
}

function layOutLabels(ctx, events, runs, rect, theme, scale) {
  const size = 12 * scale;
  ctx.font = `600 ${size}px ${theme.font}`;
  const groups = groupEvents(events);
  for (const group of groups) {
    group.text = labelText(group, runs);
    group.dots = group.members.length > 1 ? Math.min(group.members.length, 12) : 0;
    group.h = 22 * scale;
    const dots = group.dots ? group.dots * 11 + 5 : 0;
    group.w = ctx.measureText(group.text).width + (29 + dots) * scale;
  }
  const corners = placeBoxes(groups, rect);
  return groups.map((group, i) => ({ ...group, box: corners[i] }));
}

function drawLabels(ctx, labels, runs, theme, scale) {
  const size = 12 * scale;
  for (const label of labels) {
    const { box, w, h } = label;
    const tone = TONE[label.kind][theme.dark ? 1 : 0];
    const middle = box.y + h / 2;
    ctx.strokeStyle = theme.dark ? "rgba(232,240,255,.65)" : "rgba(20,30,45,.6)";
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(label.x, label.y);
    ctx.lineTo(clamp(label.x, box.x, box.x + w), clamp(label.y, box.y, box.y + h));
    ctx.stroke();
    ctx.beginPath();
    ctx.roundRect(box.x, box.y, w, h, h / 2);
    ctx.fillStyle = theme.dark ? "rgba(14,17,23,.92)" : "rgba(255,255,255,.94)";
    ctx.fill();
    ctx.strokeStyle = tone;
    ctx.stroke();
    ctx.lineWidth = 1.9 * scale;
    drawGlyph(ctx, label.kind, box.x + 13 * scale, middle, 4.6 * scale);
    let x = box.x + 28 * scale;
    for (const member of label.members.slice(0, label.dots)) {
      const run = runs[member.run];
      drawMarker(ctx, run.marker, x, middle, 3.6 * scale, run.ink, theme.halo, 0);
      x += 11 * scale;
    }
    ctx.fillStyle = theme.text;
    ctx.font = `600 ${size}px ${theme.font}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(label.text, label.dots ? x - 1 : x - 6 * scale, middle + 0.5);
  }
}

// legend.js
class Legend {
  constructor(actions) {
    this.actions = actions;
    this.element = document.createElement("div");
    this.element.className = "ov-legend";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Runs");
    this.chips = [];
  }

  set(runs, theme) {
    const labels = runs.map((run) => run.label);
    if (this.chips.map((chip) => chip.label).join("\n") !== labels.join("\n")) this.build(labels);
    runs.forEach((run, i) => {
      const chip = this.chips[i];
      chip.button.setAttribute("aria-pressed", String(run.visible));
      chip.run = run;
      chip.name.textContent = run.seeds > 1 ? `${run.label} (${run.seeds} seeds)` : run.label;
      paintSample(chip.sample, run, theme);
      const told = run.told ? `${run.label}: ${run.told}` : run.label;
      chip.button.title = `${told} (click: show or hide; Alt-click: alone)`;
      chip.badges.textContent = "";
      for (const [kind, note] of signs(run)) chip.badges.append(badge(kind, note));
      chip.badges.hidden = !chip.badges.childElementCount;
      for (const element of chip.badges.children) paintGlyph(element);
      chip.reached = null;
    });
  }

  update(place) {
    for (const chip of this.chips) {
      const reached = place >= chip.run.outcome_at;
      if (reached === chip.reached) continue;
      chip.reached = reached;
      for (const element of chip.badges.children) element.classList.toggle("ov-reached", reached);
    }
  }

  build(labels) {
    this.element.textContent = "";
    this.chips = labels.map((label, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "ov-chip";
      const sample = document.createElement("canvas");
      sample.setAttribute("aria-hidden", "true");
      const name = document.createElement("span");
      name.className = "ov-name";
      const badges = document.createElement("span");
      badges.className = "ov-badges";
      badges.setAttribute("aria-hidden", "true");
      button.append(sample, name, badges);
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", (event) =>
        event.altKey ? this.actions.isolate(label) : this.actions.toggle(label),
      );
      button.addEventListener("dblclick", () => this.actions.isolate(label));
      button.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "mouse") this.actions.highlight(i);
      });
      button.addEventListener("pointerleave", () => this.actions.highlight(-1));
      this.element.append(button);
      return { label, button, sample, name, badges, run: null, reached: null };
    });
  }
}

function signs({ outcome, note, counts }) {
  if (counts) return counts.map(([kind, count]) => [kind, String(count)]);
  return outcome && outcome !== "running" ? [[outcome, String(note ?? "")]] : [];
}

function sized(canvas, width, height) {
  const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width / 16}em`;
  canvas.style.height = `${height / 16}em`;
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  return ctx;
}

function paintSample(canvas, run, theme) {
  const ctx = sized(canvas, 34, 16);
  ctx.strokeStyle = run.ink;
  ctx.lineWidth = 2.4;
  ctx.setLineDash(run.dash);
  ctx.beginPath();
  ctx.moveTo(1, 8);
  ctx.lineTo(33, 8);
  ctx.stroke();
  ctx.setLineDash([]);
  drawMarker(ctx, run.marker, 17, 8, 5, run.ink, theme.background, 1.5);
}

function badge(kind, note) {
  const element = document.createElement("span");
  element.className = `ov-badge ov-${kind}`;
  element.style.color = `light-dark(${TONE[kind].join(", ")})`;
  element.dataset.kind = kind;
  const text = document.createElement("span");
  text.textContent = note;
  element.append(document.createElement("canvas"), text);
  return element;
}

function paintGlyph(element) {
  const ctx = sized(element.firstChild, 12, 12);
  ctx.strokeStyle = getComputedStyle(element).color;
  ctx.lineWidth = 1.9;
  drawGlyph(ctx, element.dataset.kind, 6, 6, 4.2);
}

// readout.js
class Readout {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "ov-readout";
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true");
  }

  show(head, rows, x, y) {
    const { element } = this;
    element.textContent = "";
    const title = document.createElement("div");
    title.className = "ov-readout-head";
    title.textContent = head;
    element.append(title);
    for (const { color, label, text, near } of rows) {
      const row = document.createElement("div");
      row.className = near ? "ov-row ov-near" : "ov-row";
      const dot = document.createElement("i");
      dot.style.background = color;
      const name = document.createElement("span");
      name.textContent = label;
      const value = document.createElement("b");
      value.textContent = text;
      row.append(dot, name, value);
      element.append(row);
    }
    element.hidden = false;
    const box = element.offsetParent || element.parentElement;
    const [width, height] = [element.offsetWidth, element.offsetHeight];
    const right = x + 18 + width < box.clientWidth - 4;
    element.style.left = `${Math.max(4, right ? x + 18 : x - width - 18)}px`;
    element.style.top = `${Math.max(4, Math.min(y - height / 2, box.clientHeight - height - 4))}px`;
  }

  hide() {
    this.element.hidden = true;
  }
}

function mapRows(panel, x, y) {
  return [
    { color: "transparent", label: "x", text: formatNumber(x) },
    { color: "transparent", label: "y", text: formatNumber(y) },
    { color: "transparent", label: "loss", text: formatNumber(panel.lossAt(x, y)) },
  ];
}

const MOST_ROWS = 12;

function curveRows(panel, step, frame) {
  const height = ({ value }) => (Number.isFinite(value) ? value : -Number.MAX_VALUE);
  const rows = panel
    .readAt(step, frame)
    .sort((a, b) => height(b) - height(a))
    .map(({ run, name, value, color, near }) => ({
      color,
      near,
      label: name ? `${frame.runs[run].label} ${name}` : frame.runs[run].label,
      text: panel.panel.worst && Math.abs(value) === Infinity ? "diverged" : formatNumber(value),
    }));
  const near = rows.findIndex((row) => row.near);
  if (near < 0 || rows.length <= MOST_ROWS) return rows;
  const first = Math.min(Math.max(0, near - MOST_ROWS / 2), rows.length - MOST_ROWS);
  return rows.slice(first, first + MOST_ROWS);
}

function summary(header, panels, frame) {
  const { axis } = frame;
  const step = axis.kind === "step" ? Math.floor(frame.step + 1e-9) : frame.step;
  const place = `${axis.words(step)} of ${axis.number(axis.span)}`;
  const parts = [`${header.title || "Race"}: ${place}.`];
  const curves = panels.find((panel) => panel.kind === "curves");
  if (curves) {
    const rows = curveRows(curves, step, frame).map((row) => `${row.label} ${row.text}`);
    parts.push(`${rows.join(", ")}.`);
  }
  for (const run of frame.runs)
    if (run.visible && run.told && step >= run.outcome_at)
      parts.push(`${run.label} ${run.told}.`);
  return parts.join(" ");
}

// build.js
function buildParts(player) {
  const make = (name, className) => Object.assign(document.createElement(name), { className });
  player.root = make("div", "optviz-player");
  player.root.tabIndex = 0;
  player.root.setAttribute("role", "region");
  player.grid = make("div", "ov-panels");
  player.readout = new Readout();
  player.legend = new Legend({
    toggle: (label) => player.toggleRun(label),
    isolate: (label) => player.isolateRun(label),
    highlight: (run) => player.setHighlight(run),
  });
  player.controls = new Controls({
    toggle: () => player.act({ act: "toggle" }),
    seek: (place) => player.seek(player.axis.whole(place)),
    nudge: (by) => player.act({ act: "nudge", by }),
    speed: (factor) => (player.clock.speed = factor),
    loop: () => {
      player.clock.loop = !player.clock.loop;
      player.controls.setLoop(player.clock.loop);
    },
    full: () => player.act({ act: "full" }),
    reset: () => player.resetView(),
  });
  player.notes = make("p", "ov-notes");
  player.live = make("div", "ov-live");
  player.live.setAttribute("aria-live", "polite");
  const { legend, grid, controls, notes, readout, live } = player;
  const options = player.view.options.element;
  player.root.append(
    grid, legend.element, options, controls.element, notes, readout.element, live,
  );
  player.root.optviz = { stats: () => ({ ...player.counts }), player };
  player.host.append(player.root);
}

// keys.js
function keyAction({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return null;
  switch (key) {
    case " ":
      return { act: "toggle" };
    case "ArrowLeft":
      return { act: "nudge", by: shiftKey ? -10 : -1 };
    case "ArrowRight":
      return { act: "nudge", by: shiftKey ? 10 : 1 };
    case "Home":
      return { act: "home" };
    case "End":
      return { act: "end" };
    case "f":
    case "F":
      return { act: "full" };
    default:
      return null;
  }
}

const FIELDS = new Set(["INPUT", "SELECT", "TEXTAREA", "BUTTON", "A"]);

function keepsKey(element, key) {
  if (!element || element.classList?.contains("ov-scrub")) return false;
  if (element.isContentEditable) return true;
  if (!FIELDS.has(element.tagName)) return false;
  const pressed = element.tagName === "BUTTON" || element.tagName === "A";
  return pressed ? key === " " || key === "Enter" : true;
}

function listenKeys(root, act) {
  const handle = (event) => {
    const target = event.composedPath?.()[0] || event.target;
    if (event.defaultPrevented || keepsKey(target, event.key)) return;
    const action = keyAction(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    act(action);
  };
  const onPage = (event) => {
    if (event.target === document.body && currentPlayer() === root) handle(event);
  };
  const use = () => (globalThis.optvizLastUsed = root);
  if (!currentPlayer()) use();
  root.addEventListener("keydown", handle);
  root.addEventListener("pointerdown", use);
  root.addEventListener("focusin", use);
  document.addEventListener("keydown", onPage);
  return () => {
    document.removeEventListener("keydown", onPage);
    if (globalThis.optvizLastUsed === root) globalThis.optvizLastUsed = null;
  };
}

function currentPlayer() {
  const last = globalThis.optvizLastUsed;
  return last && last.isConnected ? last : (globalThis.optvizLastUsed = null);
}

// palette.js
const SEQUENTIAL_LIGHT = [
  "#6b8fd0", "#68a0d3", "#68aed2", "#6fbbcf", "#7dc7c9", "#92d0c4",
  "#abd9c1", "#c4e0c2", "#dae7c9", "#edeed5", "#fbf6e8",
];
const SEQUENTIAL_DARK = [
  "#0e0c24", "#0c1332", "#061b3e", "#022548", "#012f4f", "#033a53",
  "#094553", "#135051", "#205a4f", "#33634c", "#4b6c4b",
];

const LAYERS_LIGHT = ["#1d1147", "#5b1a86", "#a3278a", "#d43d6c", "#e8572a"];
const LAYERS_DARK = ["#8377f2", "#b861d3", "#ee668c", "#fba06d", "#fcee9f"];

function parseColor(text) {
  if (text.startsWith("#")) {
    const full = text.length === 4 ? text.replace(/[^#]/g, "$&$&") : text;
    return [1, 3, 5].map((i) => parseInt(full.slice(i, i + 2), 16));
  }
  const found = text.match(/[\d.]+/g) || [0, 0, 0];
  const unit = text.startsWith("color(") ? 255 : 1;
  return found.slice(0, 3).map((part) => Number(part) * unit);
}

function rgba(color, alpha) {
  const [r, g, b] = parseColor(color).map(Math.round);
  return `rgba(${r},${g},${b},${alpha})`;
}

function sequentialColors(dark, count) {
  const table = (dark ? SEQUENTIAL_DARK : SEQUENTIAL_LIGHT).map(parseColor);
  return Array.from({ length: count }, (_, i) => {
    const at = (count === 1 ? 0.5 : i / (count - 1)) * (table.length - 1);
    const low = Math.min(Math.floor(at), table.length - 2);
    return table[low].map((v, c) => v + (table[low + 1][c] - v) * (at - low));
  });
}

function layerColor(dark, depth) {
  const table = (dark ? LAYERS_DARK : LAYERS_LIGHT).map(parseColor);
  const at = depth * (table.length - 1);
  const low = Math.min(Math.floor(at), table.length - 2);
  const mixed = table[low].map((v, c) => Math.round(v + (table[low + 1][c] - v) * (at - low)));
  return `rgb(${mixed.join()})`;
}

function readTheme(root) {
  const style = getComputedStyle(root);
  const background = style.backgroundColor;
  const [r, g, b] = parseColor(background);
  const dark = 0.299 * r + 0.587 * g + 0.114 * b < 128;
  const text = style.color;
  const theme = {
    dark,
    background,
    text,
    muted: rgba(text, dark ? 0.66 : 0.68),
    faint: rgba(text, dark ? 0.11 : 0.1),
    axis: rgba(text, 0.35),
    halo: dark ? "#05070d" : "#ffffff",
    contour: dark ? [232, 240, 255, 0.17] : [24, 44, 72, 0.27],
    star: dark ? "#ffe27a" : "#fff2a8",
    font: style.fontFamily,
  };
  theme.key = [background, text, theme.font].join("|");
  return theme;
}

// grid.js
const TICK = 11.5; // size of a tick's text

function upTicks(ys, rect, scale) {
  return makeTicks(ys, clamp(Math.floor(rect.h / (34 * scale)), 2, 8));
}

function drawGrid(ctx, rect, xs, ys, across, { theme, scale }) {
  const size = TICK * scale;
  ctx.textBaseline = "middle";
  const yTicks = upTicks(ys, rect, scale);
  const { per, whole, label } = across;
  const shown = { ...xs, lo: xs.lo / per, hi: xs.hi / per };
  const xTicks = makeTicks(shown, Math.max(2, Math.floor(rect.w / (70 * scale))), whole);
  for (const tick of xTicks) tick.value *= per;
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.faint;
  ctx.beginPath();
  for (const tick of yTicks) {
    const y = Math.round(ys.px(tick.value)) + 0.5;
    ctx.moveTo(rect.x, y);
    ctx.lineTo(rect.x + rect.w, y);
  }
  for (const tick of xTicks) {
    const x = Math.round(xs.px(tick.value)) + 0.5;
    ctx.moveTo(x, rect.y);
    ctx.lineTo(x, rect.y + rect.h);
  }
  ctx.stroke();
  ctx.strokeStyle = theme.axis;
  ctx.beginPath();
  ctx.moveTo(rect.x, rect.y + rect.h + 0.5);
  ctx.lineTo(rect.x + rect.w, rect.y + rect.h + 0.5);
  ctx.stroke();
  ctx.fillStyle = theme.muted;
  for (const tick of yTicks)
    drawTick(ctx, tick, rect.x - 7, ys.px(tick.value), size, theme.font, "right");
  const baseline = rect.y + rect.h + 14 * scale;
  ctx.font = `italic ${size}px ${theme.font}`;
  const room = label ? ctx.measureText(label).width + 10 : 0;
  for (const tick of xTicks) {
    const x = xs.px(tick.value);
    if (x > rect.x + rect.w - room - 8 * scale) continue;
    drawTick(ctx, tick, x, baseline, size, theme.font, "center");
  }
  ctx.font = `italic ${size}px ${theme.font}`;
  ctx.textAlign = "right";
  ctx.fillText(label, rect.x + rect.w, baseline);
}

function drawWords(ctx, rect, words, { theme, scale }) {
  ctx.fillStyle = theme.muted;
  ctx.font = `${13 * scale}px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.fillText(words, rect.x + rect.w / 2, rect.y + rect.h / 2);
}

function drawPlace(ctx, rect, xs, place, color, dash, width) {
  const x = xs.px(place);
  if (x < rect.x - 1 || x > rect.x + rect.w + 1) return;
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, rect.y);
  ctx.lineTo(x, rect.y + rect.h);
  ctx.stroke();
  ctx.setLineDash([]);
}

// strokes.js
const MARK_ROOM = 11; // pixels between two markers of a curve

function inkOf({ run, depth }, { runs, theme }) {
  return depth === null ? runs[run].ink : layerColor(theme.dark, depth);
}

function fillBand(ctx, series, xs, ys, color) {
  const [low, high] = series.band;
  const { lo, hi } = ys;
  const beyond = new Map([[Infinity, hi + (hi - lo) * 9], [-Infinity, lo]]);
  const limit = (value) => beyond.get(value) ?? value;
  const at = (i) => xs.px(series.x ? series.x[i] : i);
  ctx.fillStyle = color;
  for (const [from, to] of stretches(low.length, (i) => low[i] === low[i] && high[i] === high[i])) {
    ctx.beginPath();
    for (let i = from; i < to; i++) ctx.lineTo(at(i), ys.px(limit(high[i])));
    for (let i = to - 1; i >= from; i--) ctx.lineTo(at(i), ys.px(limit(low[i])));
    ctx.fill();
  }
}

function stretches(count, holds) {
  const found = [];
  for (let i = 0; i < count; i++) {
    if (!holds(i)) continue;
    const last = found[found.length - 1];
    if (last && last[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

function drawPoints(ctx, series, line, from, to, xs, ys, frame) {
  const { runs, scale, theme } = frame;
  const ink = inkOf(series, frame);
  const place = (i) => xs.px(series.x ? series.x[i] : i);
  const between = Math.abs(place(line.length - 1) - place(0)) / Math.max(1, line.length - 1);
  const every = between > 0 ? Math.ceil((MARK_ROOM * scale) / between) : 1;
  for (let i = Math.ceil(from / every) * every; i < to; i += every)
    if (Number.isFinite(line[i]))
      drawMarker(
        ctx, runs[series.run].marker, place(i), ys.px(line[i]), 3.4 * scale,
        ink, theme.background, 1,
      );
}

function nameEnds(ctx, ends, rect, { theme, scale }) {
  ctx.font = `600 ${11 * scale}px ${theme.font}`;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  let last = -Infinity;
  for (const { x, y, text, ink } of [...ends].sort((a, b) => a.y - b.y)) {
    if (y - last < 12 * scale) continue;
    last = y;
    const right = x + ctx.measureText(text).width + 10 * scale < rect.x + rect.w;
    ctx.textAlign = right ? "left" : "right";
    const at = [x + (right ? 8 : -8) * scale, right ? y : y - 9 * scale];
    ctx.strokeStyle = theme.background;
    ctx.lineWidth = 4 * scale;
    ctx.strokeText(text, ...at);
    ctx.fillStyle = ink;
    ctx.fillText(text, ...at);
  }
}

function strokeLevel(ctx, xs, y, from, to, ink, line, scale, ratio) {
  const whole = (step) => Math.round(xs.px(step) * ratio) / ratio;
  const [begin, end] = [whole(from), whole(to)];
  if (end <= begin) return;
  ctx.globalAlpha = line.alpha;
  ctx.strokeStyle = ink;
  ctx.lineWidth = line.width * scale;
  ctx.lineCap = "butt";
  ctx.setLineDash(line.dash);
  ctx.lineDashOffset = begin - xs.from + line.offset;
  ctx.beginPath();
  ctx.moveTo(begin, y);
  ctx.lineTo(end, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

// series.js
function prepareSeries(series) {
  const { run, name = null, style = "solid" } = series;
  const none = { constant: null, x: null, main: null, lines: [], band: null, depth: null };
  const base = { run, name, style, ...none };
  if (Number.isFinite(series.constant)) return { ...base, constant: series.constant };
  if (!series.y) return { ...base, main: new Float32Array(0) };
  const { data, shape } = series.y;
  const x = series.x ? series.x.data : null;
  const band = series.band ? series.band.map((part) => part.data) : null;
  if (shape.length < 2 || shape[0] === 1) return { ...base, x, main: data, band };
  const [count, length] = shape;
  const line = (i) => data.subarray(i * length, (i + 1) * length);
  const lines = Array.from({ length: count }, (_, i) => line(i));
  return { ...base, x, main: medianOf(lines, length), lines, band };
}

function medianOf(lines, length) {
  const out = new Float64Array(length);
  const column = new Float64Array(lines.length);
  for (let i = 0; i < length; i++) {
    lines.forEach((line, k) => (column[k] = Number.isNaN(line[i]) ? Infinity : line[i]));
    column.sort();
    const half = lines.length >> 1;
    out[i] = lines.length % 2 ? column[half] : (column[half - 1] + column[half]) / 2;
  }
  return out;
}

function countUpTo(series, step) {
  const { x, main } = series;
  if (!x) return Math.min(main.length, Math.floor(step + 1e-9) + 1);
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] <= step + 1e-9) low = middle + 1;
    else high = middle;
  }
  return low;
}

function seriesAt(series, step) {
  if (series.constant !== null) return series.constant;
  const { x, main } = series;
  const after = countUpTo(series, step);
  if (!main.length) return NaN;
  if (after === 0) return x ? NaN : main[0];
  if (after >= main.length) return main[main.length - 1];
  const a = x ? x[after - 1] : after - 1;
  const b = x ? x[after] : after;
  const u = (step - a) / (b - a || 1);
  if (u < 1e-6) return main[after - 1];
  return main[after - 1] + (main[after] - main[after - 1]) * u;
}

function lostAt(series, step) {
  if (series.constant !== null || !series.main.length) return null;
  const { x, main } = series;
  let i = countUpTo(series, step) - 1;
  if (i < 0 || Number.isFinite(main[i])) return null;
  while (i > 0 && !Number.isFinite(main[i - 1])) i--;
  return x ? x[i] : i;
}

function shares(list) {
  const groups = [];
  for (const series of list) {
    const home = groups.find(([first]) => coincide(first, series));
    if (home) home.push(series);
    else groups.push([series]);
  }
  const found = new Map();
  for (const group of groups)
    if (group.length > 1)
      group.forEach((series, place) => found.set(series, { place, of: group.length }));
  return found;
}

function coincide(a, b) {
  if (a.style !== "solid" || b.style !== "solid" || a.thin || b.thin) return false;
  if (a.constant !== null || b.constant !== null) return a.constant === b.constant;
  const same = (p, q) => p.length === q.length && p.every((v, i) => Object.is(v, q[i]));
  if (Boolean(a.x) !== Boolean(b.x) || (a.x && !same(a.x, b.x))) return false;
  return a.main.length > 1 && same(a.main, b.main);
}

function lastPlace(series) {
  if (series.constant !== null) return Infinity;
  return series.x ? (series.x[series.x.length - 1] ?? 0) : series.main.length - 1;
}

function valueRange(shown, diverged, leaves, kind, from, to) {
  let [lo, hi, tame] = [Infinity, -Infinity, -Infinity];
  const visit = (value, wild) => {
    if (!Number.isFinite(value) || (kind === "log" && value <= 0)) return;
    if (value < lo) lo = value;
    if (value > hi) hi = value;
    if (!wild && value > tame) tame = value;
  };
  for (const series of shown) {
    const wild = diverged[series.run];
    if (series.constant !== null) {
      visit(series.constant, wild);
      continue;
    }
    const { x, main, lines, band } = series;
    const first = Math.max(0, countUpTo(series, from) - 1);
    const last = Math.min(main.length, countUpTo(series, to) + 1);
    const until = leaves?.[series.run] ?? Infinity;
    const all = lines.length ? lines : band ? [main, ...band] : [main];
    for (const line of all) {
      for (let i = first; i < last && (x ? x[i] : i) <= until; i++) visit(line[i], wild);
      if (wild && from <= 0) visit(line[0], false);
    }
  }
  if (!(hi >= lo)) return kind === "log" ? { lo: 0.1, hi: 10 } : { lo: 0, hi: 1 };
  if (Number.isFinite(tame))
    hi = Math.min(hi, kind === "log" ? tame * 10 : tame + Math.abs(tame - lo) * 0.5 + 1e-300);
  return padded(kind, lo, Math.max(lo, hi));
}

function padded(kind, lo, hi) {
  if (kind === "log") {
    const floor = Math.max(lo, hi * 1e-20);
    const room = Math.max(0.05 * Math.log10(hi / floor), 0.04);
    return { lo: floor / 10 ** room, hi: hi * 10 ** room };
  }
  if (lo === hi) {
    const room = Math.abs(lo) || 1;
    return lo > 0 ? { lo: 0, hi: lo + room * 0.5 } : { lo: lo - room * 0.5, hi: hi + room * 0.5 };
  }
  const room = (hi - lo) * 0.06;
  return { lo: lo >= 0 && lo < hi * 0.35 ? 0 : lo - room, hi: hi + room };
}

function traceLine(ctx, y, x, from, to, xs, ys, limit) {
  const n = to - from;
  if (n <= 0) return;
  const at = (i) => xs.px(x ? x[i] : i);
  const cap = (v) => (v > limit ? limit : v < -limit ? -limit : v);
  const across = Math.abs(at(to - 1) - at(from)) + 1;
  let open = false;
  if (n < across * 4) {
    for (let i = from; i < to; i++) {
      const value = y[i];
      if (!Number.isFinite(value)) {
        open = false;
        continue;
      }
      if (open) ctx.lineTo(at(i), cap(ys.px(value)));
      else ctx.moveTo(at(i), cap(ys.px(value)));
      open = true;
    }
    return;
  }
  let i = from;
  while (i < to) {
    const column = Math.floor(at(i));
    let [low, high, first, last] = [Infinity, -Infinity, NaN, NaN];
    for (; i < to && Math.floor(at(i)) === column; i++) {
      const value = y[i];
      if (!Number.isFinite(value)) continue;
      const px = cap(ys.px(value));
      if (first !== first) first = px;
      last = px;
      if (px < low) low = px;
      if (px > high) high = px;
    }
    if (first !== first) {
      open = false;
      continue;
    }
    for (const px of [first, low, high, last])
      if (open) ctx.lineTo(column + 0.5, px);
      else {
        ctx.moveTo(column + 0.5, px);
        open = true;
      }
  }
}

// heads.js
function aside(x, share, rect, scale) {
  if (!share || x < rect.x - 2 || x > rect.x + rect.w + 2) return x;
  const [gap, half] = [8 * scale, (share.of - 1) / 2];
  const middle = Math.max(rect.x + half * gap, Math.min(x, rect.x + rect.w - half * gap));
  return middle + (share.place - half) * gap;
}

function isLost(series, run, place, y, rect) {
  return lostAt(series, place) !== null || (divergesOf(run) && y < rect.y);
}

function drawLost(ctx, rect, xs, series, run, place, worst, frame) {
  const since = lostAt(series, place) ?? (run.outcome ? Math.min(run.outcome_step, place) : place);
  const x = xs.px(since);
  if (x < rect.x - 2 || x > rect.x + rect.w + 2) return;
  const size = 4.6 * frame.scale;
  const y = worst === "low" ? rect.y + rect.h - size : rect.y + size;
  for (const [color, width] of [[frame.theme.background, 5], [run.ink, 2.2]]) {
    ctx.strokeStyle = color;
    ctx.lineWidth = width * frame.scale;
    drawGlyph(ctx, "diverged", x, y, size);
  }
}

function divergesOf({ outcome, counts = [] }) {
  return outcome === "diverged" || counts.some(([kind]) => kind === "diverged");
}

function drawTip(ctx, xs, ys, series, frame, x, y) {
  if (series.constant !== null || series.style !== "solid") return;
  const last = countUpTo(series, frame.step) - 1;
  if (last < 0 || last >= series.main.length - 1) return;
  ctx.strokeStyle = inkOf(series, frame);
  ctx.lineWidth = 1.9 * frame.scale;
  ctx.beginPath();
  ctx.moveTo(xs.px(series.x ? series.x[last] : last), ys.px(series.main[last]));
  ctx.lineTo(x, y);
  ctx.stroke();
}

// layers.js
class Layers {
  constructor(host, names) {
    this.host = host;
    this.ratio = 1;
    this.width = this.height = 0;
    this.names = names;
    for (const name of names) {
      const canvas = document.createElement("canvas");
      canvas.className = "ov-layer";
      canvas.setAttribute("aria-hidden", "true");
      canvas.style.cssText = "position:absolute;inset:0";
      host.append(canvas);
      this[name] = canvas.getContext("2d");
    }
  }

  fit() {
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    Object.assign(this, { width, height, ratio });
    for (const name of this.names) {
      const { canvas } = this[name];
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      this[name].setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    return true;
  }

  clear(name) {
    this[name].clearRect(0, 0, this.width, this.height);
  }
}

// curves.js
const STYLE_DASH = { dashed: [6, 4], dots: [1, 4] };
const REACH = 40; // pixels from the pointer within which a curve is the nearest
const DASH = 9; // pixels of each colour where curves lie on each other
const CROWD = 12; // curves beyond which all but the nearest one step back

class CurvePanel {
  constructor(host) {
    this.kind = "curves";
    this.host = host;
    this.layers = new Layers(host, ["base", "trail", "top"]);
    this.baseStale = true;
    this.drawn = null; // the step up to which the trail layer is drawn; null: not at all
  }

  setData(panel, series) {
    this.panel = panel;
    this.series = series;
    this.sharing = null;
    if (panel.scale !== this.asked) this.scaleKind = panel.scale;
    this.asked = panel.scale;
    this.invalidate();
  }

  setScaleKind(kind) {
    this.scaleKind = kind;
    this.invalidate();
  }

  invalidate() {
    this.baseStale = true;
  }

  rect(scale) {
    const { width, height } = this.layers;
    const left = Math.max(Math.round(50 * scale), this.room || 0);
    return {
      x: left,
      y: 8,
      w: Math.max(10, width - left - Math.round(14 * scale)),
      h: Math.max(10, height - 8 - Math.round(25 * scale)),
    };
  }

  shown(frame) {
    return this.series.filter((series) => frame.runs[series.run].visible);
  }

  draw(frame) {
    if (this.layers.fit()) this.baseStale = true;
    if (this.layers.width < 40 || this.layers.height < 30) return;
    if (this.baseStale) this.drawBase(frame);
    this.drawTrail(frame);
    this.drawTop(frame);
  }

  drawBase(frame) {
    const { theme, scale, xview } = frame;
    const ctx = this.layers.base;
    const off = Boolean(this.panel.runs_off);
    const diverged = frame.runs.map((run) => off && divergesOf(run));
    const leaves = frame.runs.map((run) => (off ? (run.leaves ?? null) : null));
    const { from, to } = xview;
    const visible = frame.runs.map((run) => run.visible).join();
    if (this.sharing?.visible !== visible)
      this.sharing = { visible, map: shares(this.shown(frame)) };
    const range = valueRange(this.shown(frame), diverged, leaves, this.scaleKind, from, to);
    const ticks = upTicks({ kind: this.scaleKind, ...range }, this.rect(scale), scale);
    this.room = roomFor(ctx, ticks, TICK * scale, theme.font);
    const rect = this.rect(scale);
    this.xs = makeScale("linear", from, to, rect.x, rect.x + rect.w);
    this.ys = makeScale(this.scaleKind, range.lo, range.hi, rect.y + rect.h, rect.y);
    this.layers.clear("base");
    drawGrid(ctx, rect, this.xs, this.ys, this.across(frame.axis, to - from), frame);
    this.drawFuture(ctx, rect, frame);
    this.baseStale = false;
    this.drawn = null;
  }

  across(axis, span) {
    const per = this.panel.steps_per_epoch || 1;
    const counted = axis.kind === "step" || axis.kind === "sample";
    const label = axis.kind === "step" ? this.panel.xlabel || "" : axis.name.toLowerCase();
    return { per, whole: counted || span > 3, label };
  }

  drawFuture(ctx, rect, frame) {
    this.clipped(ctx, rect, () => {
      for (const series of this.shown(frame)) {
        const run = frame.runs[series.run];
        const dim = frame.highlight >= 0 && frame.highlight !== series.run;
        const band = series.depth === null ? 0.12 : 0.07;
        const paint = rgba(inkOf(series, frame), dim ? 0.03 : band);
        if (series.band) fillBand(ctx, series, this.xs, this.ys, paint);
        const alpha = dim ? 0.06 : series.thin ? 0.12 : 0.24;
        const { main } = series;
        if (main) this.stroke(ctx, series, main, 0, main.length, run, frame, alpha, 1.1);
        else this.level(ctx, series, run, frame, this.xs.lo, this.xs.hi, alpha, 1.1);
      }
    });
  }

  drawTrail(frame) {
    const ctx = this.layers.trail;
    const fresh = this.drawn === null || frame.step < this.drawn;
    if (fresh) this.layers.clear("trail");
    else if (frame.step === this.drawn) return;
    const from = fresh ? -1 : this.drawn;
    this.clipped(ctx, this.rect(frame.scale), () => {
      for (const series of this.shown(frame)) {
        const run = frame.runs[series.run];
        const dim = frame.highlight >= 0 && frame.highlight !== series.run;
        const alpha = dim ? 0.14 : 1;
        if (series.constant !== null) {
          this.level(ctx, series, run, frame, Math.max(0, from), frame.step, alpha, 1.9);
          continue;
        }
        const begin = from < 0 ? 0 : Math.max(0, countUpTo(series, from) - 1);
        const end = countUpTo(series, frame.step);
        if (end <= begin || (end - begin < 2 && from >= 0)) continue;
        for (const line of series.lines)
          this.stroke(ctx, series, line, begin, end, run, frame, alpha * 0.3, 0.9);
        const width = series.thin || series.style === "thin" ? 0.9 : 1.9;
        const faint = series.thin ? 0.5 : series.style === "thin" ? 0.75 : 1;
        this.stroke(ctx, series, series.main, begin, end, run, frame, alpha * faint, width);
      }
    });
    this.drawn = frame.step;
  }

  stroke(ctx, series, line, from, to, run, frame, alpha, width) {
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = inkOf(series, frame);
    ctx.lineWidth = width * frame.scale;
    ctx.lineJoin = "round";
    const solid = alpha === 1 && !run.dash.length && series.style === "solid";
    ctx.lineCap = solid || series.style === "dots" ? "round" : "butt";
    const dense = line.length > 3 * Math.abs(this.xs.to - this.xs.from);
    const plain = dense || series.thin || series.depth !== null;
    const turns = plain ? null : this.turns(series, frame);
    ctx.setLineDash(turns?.dash || STYLE_DASH[series.style] || (plain ? [] : run.dash));
    const along = from > 0 ? this.xs.px(series.x ? series.x[from] : from) - this.xs.from : 0;
    ctx.lineDashOffset = along + (turns?.offset ?? 0);
    ctx.beginPath();
    traceLine(ctx, line, series.x, from, to, this.xs, this.ys, 1e5);
    ctx.stroke();
    ctx.setLineDash([]);
    const marked = series.style === "dots" || series.style === "points";
    if (marked && width > 1) drawPoints(ctx, series, line, from, to, this.xs, this.ys, frame);
    ctx.globalAlpha = 1;
  }

  level(ctx, series, run, frame, from, to, alpha, width) {
    const turns = this.turns(series, frame);
    const line = { dash: turns?.dash || run.dash, offset: turns?.offset ?? 0, alpha, width };
    const y = this.ys.px(series.constant);
    const { ratio } = this.layers;
    strokeLevel(ctx, this.xs, y, from, to, run.ink, line, frame.scale, ratio);
  }

  turns(series, { scale }) {
    const share = this.sharing.map.get(series);
    if (!share) return null;
    const length = DASH * scale;
    return { dash: [length, length * (share.of - 1)], offset: -share.place * length };
  }

  drawTop(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.top;
    const rect = this.rect(scale);
    this.layers.clear("top");
    const { xs } = this;
    if (frame.hoverStep !== null) drawPlace(ctx, rect, xs, frame.hoverStep, theme.muted, [2, 3], 1);
    drawPlace(ctx, rect, xs, frame.step, rgba(theme.text, 0.75), [], 1.1);
    const ends = [];
    const drawn = this.shown(frame).filter((series) => !series.thin);
    const near = drawn.filter((series) => this.isNear(series, frame));
    const crowded = near.length > 0 && drawn.length > CROWD;
    ctx.fillStyle = rgba(theme.background, 0.6);
    if (crowded) ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
    for (const series of near) this.emphasise(ctx, rect, series, frame);
    for (const series of drawn) {
      if (series.style === "thin") continue;
      const run = frame.runs[series.run];
      const place = series.paced ? Math.min(frame.step, lastPlace(series)) : frame.step;
      const share = this.sharing.map.get(series);
      const x = aside(this.xs.px(place), share, rect, scale);
      const y = this.ys.px(seriesAt(series, place));
      const inside = y >= rect.y - 2 && y <= rect.y + rect.h + 2;
      if (!inside && isLost(series, run, place, y, rect))
        drawLost(ctx, rect, xs, series, run, place, this.panel.worst, frame);
      if (!inside || x < rect.x - 2 || x > rect.x + rect.w + 2) continue;
      const dim = frame.highlight >= 0 && frame.highlight !== series.run;
      ctx.globalAlpha = dim || (crowded && !near.includes(series)) ? 0.15 : 1;
      if (!share) drawTip(ctx, xs, this.ys, series, frame, x, y);
      const layer = series.depth !== null;
      const ink = inkOf(series, frame);
      const [shape, size] = layer ? ["circle", 2.6 * scale] : [run.marker, 4 * scale];
      drawMarker(ctx, shape, x, y, size, ink, theme.background, 1.3 * scale);
      ctx.globalAlpha = 1;
      if (layer) ends.push({ x, y, text: series.name, ink });
    }
    nameEnds(ctx, ends, rect, frame);
    if (this.panel.empty && !this.series.length) drawWords(ctx, rect, this.panel.empty, frame);
  }

  isNear(series, { near }) {
    if (!near || !series.main) return false;
    if (near.panel === this) return near.name === nameOf(series);
    return near.run === series.run && series.name === null && near.layer === null;
  }

  emphasise(ctx, rect, series, frame) {
    const run = frame.runs[series.run];
    const end = countUpTo(series, frame.step);
    this.clipped(ctx, rect, () => {
      ctx.strokeStyle = frame.theme.background;
      ctx.lineWidth = 6.5 * frame.scale;
      ctx.lineJoin = "round";
      ctx.beginPath();
      traceLine(ctx, series.main, series.x, 0, end, this.xs, this.ys, 1e5);
      ctx.stroke();
      this.stroke(ctx, series, series.main, 0, end, run, frame, 1, 3);
    });
  }

  clipped(ctx, rect, draw) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(rect.x, rect.y - 3, rect.w + 1, rect.h + 4);
    ctx.clip();
    draw();
    ctx.restore();
  }

  readAt(step, frame) {
    return this.shown(frame)
      .filter((series) => !series.thin)
      .map((series) => ({
        run: series.run,
        name: series.name,
        value: seriesAt(series, step),
        color: inkOf(series, frame),
        near: this.isNear(series, frame),
      }));
  }

  nearest(x, y, frame) {
    let best = null;
    let distance = REACH * frame.scale;
    for (const series of this.shown(frame)) {
      if (series.thin) continue;
      const off = Math.abs(this.ys.px(seriesAt(series, this.xs.value(x))) - y);
      if (off < distance) [best, distance] = [series, off];
    }
    return best && { panel: this, name: nameOf(best), run: best.run, layer: best.depth };
  }
}

function nameOf({ run, name, style }) {
  return `${run}|${name}|${style}`;
}

// gestures.js
const CLICK_SLACK = { mouse: 4, pen: 6, touch: 10 }; // pixels
const DOUBLE_WAIT = 280; // ms that a click waits for a second one, where that would mean something

const SCROLL_REST = 350; // ms after the page's last scroll in which a wheel belongs to the page
let scrolledAt = -Infinity;
if (typeof document !== "undefined")
  document.addEventListener("scroll", () => (scrolledAt = performance.now()), true);

function listenGestures(element, on) {
  const pointers = new Map();
  let kind = null;
  let origin = null;
  let moved = false;
  let spread = null;
  let clickTimer = 0;

  const at = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const [x, y] = at(event);
    pointers.set(event.pointerId, [x, y]);
    element.setPointerCapture?.(event.pointerId);
    if (pointers.size === 2) {
      spread = spreadOf(pointers);
      moved = true;
      return;
    }
    origin = [x, y, event.pointerType];
    moved = false;
    kind = on.press(x, y);
  });

  element.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    const last = pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType === "mouse") on.hover(x, y);
      return;
    }
    pointers.set(event.pointerId, [x, y]);
    if (pointers.size === 2 && spread) {
      const now = spreadOf(pointers);
      on.move("pan", now.x, now.y, now.x - spread.x, now.y - spread.y);
      on.zoom(now.x, now.y, spread.size / Math.max(now.size, 1), true);
      spread = now;
      return;
    }
    const slack = CLICK_SLACK[event.pointerType] || 4;
    if (!moved && Math.hypot(x - origin[0], y - origin[1]) < slack) return;
    const [fromX, fromY] = moved ? last : origin;
    moved = true;
    if (kind) on.move(kind, x, y, x - fromX, y - fromY);
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size) {
      spread = null;
      kind = "pan";
      return;
    }
    on.release(kind);
    if (event.type === "pointerup" && !moved) {
      const [x, y] = at(event);
      clearTimeout(clickTimer);
      const second = clickTimer !== 0 && on.wantsDouble();
      clickTimer = 0;
      if (second) on.reset();
      else if (on.wantsDouble())
        clickTimer = setTimeout(() => {
          clickTimer = 0;
          on.click(x, y);
        }, DOUBLE_WAIT);
      else on.click(x, y);
    }
    kind = null;
    spread = null;
    if (event.pointerType !== "mouse") on.leave();
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerleave", () => {
    if (!pointers.size) on.leave();
  });
  element.addEventListener(
    "wheel",
    (event) => {
      const [x, y] = at(event);
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      const factor = Math.exp(Math.max(-80, Math.min(80, pixels)) * 0.0025);
      if (!event.ctrlKey && performance.now() - scrolledAt < SCROLL_REST) return;
      if (on.zoom(x, y, factor, event.ctrlKey)) event.preventDefault();
    },
    { passive: false },
  );
}

function spreadOf(pointers) {
  const [[ax, ay], [bx, by]] = [...pointers.values()];
  return { x: (ax + bx) / 2, y: (ay + by) / 2, size: Math.hypot(ax - bx, ay - by) };
}

function zoomRange(lo, hi, centre, factor, full, narrowest) {
  const span = Math.min(Math.max((hi - lo) * factor, narrowest), full[1] - full[0]);
  if (span >= (full[1] - full[0]) * 0.9999) return null;
  const share = (centre - lo) / (hi - lo);
  return shiftInto(centre - share * span, span, full);
}

function shiftInto(start, span, full) {
  const first = Math.max(full[0], Math.min(full[1] - span, start));
  return [first, first + span];
}

// interact.js
function bindPanel(player, panel) {
  if (panel.kind === "map") bindMap(player, panel);
  else bindCurves(player, panel);
}

function place(player, panel, x, y) {
  const a = panel.host.getBoundingClientRect();
  const b = player.root.getBoundingClientRect();
  return [a.left - b.left + x, a.top - b.top + y];
}

function within(rect, x, y) {
  return x >= rect.x && x <= rect.x + rect.w && y >= rect.y && y <= rect.y + rect.h;
}

function leave(player) {
  player.hover = { step: null, point: null };
  player.readout.hide();
  player.wake();
}

function bindCurves(player, panel) {
  const rect = () => panel.rect(player.scale || 1);
  const full = () => [0, player.axis.span || 1];
  const stepAt = (x) => player.axis.whole(clamp(panel.xs.value(x), 0, player.axis.span));
  listenGestures(panel.host, {
    hover(x, y) {
      if (!within(rect(), x, y)) return leave(player);
      const step = stepAt(x);
      const near = player.header.axes ? panel.nearest(x, y, player.frame()) : null;
      player.hover = { step, point: null, near };
      const rows = curveRows(panel, step, player.frame());
      const per = panel.panel.steps_per_epoch;
      const epoch = per ? `epoch ${(step / per).toFixed(1)}, ` : "";
      const head = `${epoch}${player.axis.words(step)}`;
      player.readout.show(head, rows, ...place(player, panel, x, y));
      player.wake();
    },
    leave: () => leave(player),
    press: () => (player.xview ? "pan" : "scrub"),
    move(kind, x, y, dx) {
      player.readout.hide();
      if (kind === "scrub") return player.seek(stepAt(x));
      if (!player.xview) return;
      const [from, to] = player.xview;
      const shift = (-dx / rect().w) * (to - from);
      player.setXView(shiftInto(from + shift, to - from, full()));
    },
    release() {},
    click: (x, y) => within(rect(), x, y) && player.seek(stepAt(x)),
    zoom(x, y, factor) {
      const [from, to] = player.xview || full();
      const closest = Math.min(5 * player.axis.perStep, full()[1]);
      const next = zoomRange(from, to, panel.xs.value(x), factor, full(), closest);
      if (next === null && !player.xview) return false;
      player.setXView(next);
      return true;
    },
    wantsDouble: () => Boolean(player.xview),
    reset: () => player.resetView(),
  });
}

function movable(player, panel) {
  return Boolean(panel.panel.draggable && player.events.onStart);
}

const WIDEST = 4; // windows shown at the farthest zoom
const CLOSEST = 1 / 400;

function bindMap(player, panel) {
  const rect = () => panel.rect(player.scale || 1);
  const onMap = (x, y) => [panel.xs.value(x), panel.ys.value(y)];
  let settle = 0;

  const touch = () => {
    panel.host.style.touchAction = panel.view ? "none" : "pan-y";
  };
  const setView = (view) => {
    panel.setView(view);
    touch();
    player.moving = true;
    clearTimeout(settle);
    settle = setTimeout(() => {
      player.moving = false;
      panel.invalidate();
      player.wake();
    }, 140);
    player.wake();
  };
  touch();

  const handle = document.createElement("div");
  handle.className = "ov-handle";
  handle.title = "Drag to move the start";
  panel.host.append(handle);
  bindStart(player, panel, handle);

  listenGestures(panel.host, {
    hover(x, y) {
      if (!within(rect(), x, y)) return leave(player);
      const point = onMap(x, y);
      player.hover = { step: null, point };
      const head = movable(player, panel) ? "click to start here" : "surface";
      player.readout.show(head, mapRows(panel, ...point), ...place(player, panel, x, y));
      player.wake();
    },
    leave: () => leave(player),
    press: () => "pan",
    move(kind, x, y, dx, dy) {
      leave(player);
      const { x0, x1, y0, y1 } = panel.currentView();
      const { w, h } = rect();
      const [sx, sy] = [(-dx / w) * (x1 - x0), (dy / h) * (y1 - y0)];
      setView({ x0: x0 + sx, x1: x1 + sx, y0: y0 + sy, y1: y1 + sy });
    },
    release() {},
    click(x, y) {
      if (!movable(player, panel) || !within(rect(), x, y)) return;
      const [px, py] = onMap(x, y);
      panel.ghost = [px, py];
      panel.dragging = false;
      panel.droppedAt = performance.now();
      panel.drawn = null;
      player.start.offer(px, py, false);
      player.wake();
    },
    zoom(x, y, factor, free = false) {
      const { x0, x1, y0, y1 } = panel.currentView();
      const whole = panel.window.x1 - panel.window.x0;
      const now = (x1 - x0) / whole;
      const next = clamp(now * factor, CLOSEST, free ? WIDEST : Math.max(1, now));
      if (!free && factor > 1 && next > 0.98) {
        if (!panel.view) return false;
        setView(null);
        return true;
      }
      const by = (next * whole) / (x1 - x0);
      if (Math.abs(by - 1) < 1e-6) return false;
      const [cx, cy] = onMap(x, y);
      const about = (value, centre) => centre + (value - centre) * by;
      setView({ x0: about(x0, cx), x1: about(x1, cx), y0: about(y0, cy), y1: about(y1, cy) });
      return true;
    },
    wantsDouble: () => Boolean(panel.view),
    reset() {
      player.resetView();
      touch();
    },
  });
}

function bindStart(player, panel, handle) {
  let holding = false;
  const follow = (event, dragging) => {
    const box = panel.host.getBoundingClientRect();
    const rect = panel.rect(player.scale || 1);
    const x = clamp(event.clientX - box.left, rect.x, rect.x + rect.w);
    const y = clamp(event.clientY - box.top, rect.y, rect.y + rect.h);
    panel.ghost = [panel.xs.value(x), panel.ys.value(y)];
    panel.dragging = dragging;
    panel.droppedAt = performance.now();
    panel.placeHandle();
    panel.drawn = null;
    player.start.offer(...panel.ghost, dragging);
    player.wake();
  };
  panel.placeHandle = () => {
    const start = panel.ghost || panel.panel.starts?.[0];
    handle.hidden = !start || !movable(player, panel);
    if (handle.hidden) return;
    const rect = panel.rect(player.scale || 1);
    const [x, y] = [panel.xs.px(start[0]), panel.ys.px(start[1])];
    handle.style.transform = `translate(${x}px, ${y}px)`;
    handle.style.visibility = within(rect, x, y) ? "visible" : "hidden";
  };
  panel.settleGhost = () => {
    const [ghost, start] = [panel.ghost, panel.panel.starts?.[0]];
    if (!ghost || panel.dragging) return;
    const { x0, x1, y0, y1 } = panel.window;
    const near =
      start &&
      Math.abs(start[0] - ghost[0]) < (x1 - x0) * 0.01 &&
      Math.abs(start[1] - ghost[1]) < (y1 - y0) * 0.01;
    if (near || performance.now() - panel.droppedAt > 1500) panel.ghost = null;
  };
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    handle.setPointerCapture?.(event.pointerId);
    holding = true;
    leave(player);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!holding) return;
    event.stopPropagation();
    follow(event, true);
  });
  const end = (event) => {
    if (!holding) return;
    event.stopPropagation();
    holding = false;
    if (panel.ghost && panel.dragging) follow(event, false);
  };
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
}

// contour.js
function padGrid(grid) {
  const [ny, nx] = grid.shape;
  const wide = nx + 2;
  const data = new Float64Array((ny + 2) * wide);
  for (let j = 0; j < ny; j++)
    for (let i = 0; i < nx; i++) data[(j + 1) * wide + i + 1] = grid.data[j * nx + i];
  const beyond = (a, b, c) => 3 * a - 3 * b + c; // continues a parabola
  for (let j = 1; j <= ny; j++) {
    const row = j * wide;
    data[row] = beyond(data[row + 1], data[row + 2], data[row + 3]);
    data[row + nx + 1] = beyond(data[row + nx], data[row + nx - 1], data[row + nx - 2]);
  }
  for (let i = 0; i < wide; i++) {
    const at = (j) => data[j * wide + i];
    data[i] = beyond(at(1), at(2), at(3));
    data[(ny + 1) * wide + i] = beyond(at(ny), at(ny - 1), at(ny - 2));
  }
  return { data, nx, ny, wide };
}

function contourLevels(values, kind, floor = null) {
  const finite = Float64Array.from(values).filter(Number.isFinite);
  if (!finite.length) return { log: false, floor: 0, first: 0, step: 1, count: 1 };
  finite.sort();
  const lowest = finite[0];
  const highest = finite[finite.length - 1];
  if (kind !== "log" || highest <= lowest) {
    const step = niceStep(highest - lowest || 1, 16);
    const first = Math.floor(lowest / step + 1e-9) * step;
    const count = Math.max(1, Math.ceil((highest - first) / step));
    return { log: false, floor: 0, first, step, count };
  }
  const base = floor !== null && floor <= lowest ? floor : lowest;
  const rounding = 2 ** -51 * Math.max(Math.abs(lowest), Math.abs(highest));
  const low = Math.log10(
    Math.max(finite[Math.floor(finite.length * 0.004)] - base, (highest - base) * 1e-8, rounding),
  );
  const high = Math.log10(highest - base);
  const step = [0.05, 0.1, 0.2, 0.25, 0.5, 1].find((s) => (high - low) / s <= 18) || 1;
  const first = Math.floor(low / step) * step;
  const count = Math.max(1, Math.ceil((high - first) / step - 1e-9));
  return { log: true, floor: base, first, step, count };
}

const DEEPER = 7;

function levelTicks(levels, count) {
  const { log, first, step } = levels;
  const last = first + step * levels.count;
  const lo = log ? 10 ** first : first;
  const hi = log ? 10 ** last : last;
  return makeTicks({ kind: log ? "log" : "linear", lo, hi }, count).map((tick) => ({
    ...tick,
    at: ((log ? Math.log10(tick.value) : tick.value) - first) / (last - first),
  }));
}

function weights(pixels, from, to, lo, hi, samples) {
  const index = new Int32Array(pixels);
  const weight = new Float64Array(pixels * 4);
  for (let p = 0; p < pixels; p++) {
    const value = from + ((p + 0.5) / pixels) * (to - from);
    const at = ((value - lo) / (hi - lo)) * (samples - 1);
    if (at < -1e-6 || at > samples - 1 + 1e-6) {
      index[p] = -1;
      continue;
    }
    const i = clamp(Math.floor(at), 0, samples - 2);
    const u = at - i;
    index[p] = i; // in the padded grid sample i stands at i + 1, so this is the one before
    weight[p * 4] = ((2 - u) * u - 1) * u * 0.5;
    weight[p * 4 + 1] = ((3 * u - 5) * u * u + 2) * 0.5;
    weight[p * 4 + 2] = ((4 - 3 * u) * u + 1) * u * 0.5;
    weight[p * 4 + 3] = (u - 1) * u * u * 0.5;
  }
  return { index, weight };
}

function paintBands(image, padded, view, window, levels, colors, line, width) {
  const { width: w, height: h } = image;
  const { data, wide } = padded;
  const across = weights(w, view.x0, view.x1, window.x0, window.x1, padded.nx);
  const down = weights(h, view.y1, view.y0, window.y0, window.y1, padded.ny);
  const { log, floor, first, step, count } = levels;
  const pixels = new Uint32Array(image.data.buffer);
  const packed = Uint32Array.from(colors, (c) => pack32(c[0], c[1], c[2]));
  const flat = Float64Array.from(colors.flat());
  const row = new Float64Array(wide);
  const q = across.weight;
  let above = new Float64Array(w).fill(NaN);
  let band = new Float64Array(w).fill(NaN);
  const invStep = 1 / step;
  const tiny = 10 ** (first - DEEPER);
  const lowestLine = log ? 1 - (DEEPER - 1) / step : 1;
  const half = width / 2;
  for (let y = 0; y < h; y++) {
    const j = down.index[y];
    const out = y * w;
    if (j < 0) continue;
    blendRows(row, data, j * wide, wide, down.weight, y * 4);
    let left = NaN;
    for (let x = 0; x < w; x++) {
      const i = across.index[x];
      let value = NaN;
      if (i >= 0) {
        const k = x * 4;
        value = q[k] * row[i] + q[k + 1] * row[i + 1];
        value += q[k + 2] * row[i + 2] + q[k + 3] * row[i + 3];
        if (log) {
          const height = value - floor;
          value = Math.log10(height < tiny ? tiny : height); // no number stays none
        }
        value = (value - first) * invStep;
      }
      band[x] = value;
      if (value !== value) {
        left = value;
        continue;
      }
      const at = value <= 0 ? 0 : value >= count ? count - 1 : value | 0;
      let color = packed[at];
      const edge = Math.round(value);
      if (edge >= lowestLine && edge < count) {
        const dx = value - left;
        const dy = value - above[x];
        const slope = Math.sqrt((dx === dx ? dx * dx : 0) + (dy === dy ? dy * dy : 0));
        let cover = half + 0.5 - Math.abs(value - edge) / (slope + 1e-12);
        if (cover > 0) {
          cover = (cover > 1 ? 1 : cover) * line[3] * clamp(1.6 - 3 * slope, 0, 1);
          const rest = 1 - cover;
          const k = at * 3;
          color = pack32(
            flat[k] * rest + line[0] * cover,
            flat[k + 1] * rest + line[1] * cover,
            flat[k + 2] * rest + line[2] * cover,
          );
        }
      }
      pixels[out + x] = color;
      left = value;
    }
    [above, band] = [band, above];
  }
}

function pack32(r, g, b) {
  return ((255 << 24) | ((b + 0.5) << 16) | ((g + 0.5) << 8) | (r + 0.5)) >>> 0;
}

function blendRows(row, data, start, wide, weight, at) {
  const [r1, r2, r3] = [start + wide, start + 2 * wide, start + 3 * wide];
  const [a, b, c, d] = [weight[at], weight[at + 1], weight[at + 2], weight[at + 3]];
  for (let i = 0; i < wide; i++)
    row[i] = a * data[start + i] + b * data[r1 + i] + c * data[r2 + i] + d * data[r3 + i];
}

function valueAt(padded, window, x, y) {
  const across = weights(1, x, x, window.x0, window.x1, padded.nx);
  const down = weights(1, y, y, window.y0, window.y1, padded.ny);
  const [i, j] = [across.index[0], down.index[0]];
  if (i < 0 || j < 0) return NaN;
  let sum = 0;
  for (let b = 0; b < 4; b++)
    for (let a = 0; a < 4; a++)
      sum += down.weight[b] * across.weight[a] * padded.data[(j + b) * padded.wide + i + a];
  return sum;
}

// mapbase.js
const MANY_PIXELS = 700_000; // above it the bands are painted at half resolution during a gesture

function heightTicks(rect, scale) {
  return Math.max(2, Math.floor(rect.h / (56 * scale)));
}

function inside(ctx, rect, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(rect.x, rect.y, rect.w, rect.h);
  ctx.clip();
  draw();
  ctx.restore();
}

function drawSurface(map, ctx, rect, theme, scale, moving) {
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(rect.x, rect.y, rect.w, rect.h, 6);
  ctx.clip();
  ctx.fillStyle = theme.faint;
  ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
  if (map.grid) drawBands(map, ctx, rect, theme, moving);
  ctx.restore();
  drawAxes(map, ctx, rect, theme, scale);
  if (map.grid) drawBar(map, ctx, rect, theme, scale);
  drawPlaces(map, ctx, rect, theme, scale);
}

function drawBands(map, ctx, rect, theme, moving) {
  map.levels ??= contourLevels(map.panel.grid.data, map.levelKind, map.panel.floor ?? null);
  const { ratio } = map.layers;
  const coarse = moving && rect.w * rect.h * ratio * ratio > MANY_PIXELS ? 0.5 : 1;
  const [w, h] = [rect.w, rect.h].map((side) => Math.max(1, Math.round(side * ratio * coarse)));
  Object.assign(map.sheet, { width: w, height: h });
  const sheet = map.sheet.getContext("2d");
  const image = sheet.createImageData(w, h);
  const colors = sequentialColors(theme.dark, map.levels.count);
  const width = Math.max(0.6, 0.8 * ratio * coarse);
  const view = map.currentView();
  paintBands(image, map.grid, view, map.window, map.levels, colors, theme.contour, width);
  sheet.putImageData(image, 0, 0);
  ctx.drawImage(map.sheet, rect.x, rect.y, rect.w, rect.h);
}

function drawAxes(map, ctx, rect, theme, scale) {
  const size = TICK * scale;
  const bottom = rect.y + rect.h;
  ctx.textBaseline = "middle";
  ctx.strokeStyle = theme.axis;
  ctx.fillStyle = theme.muted;
  ctx.lineWidth = 1;
  const xTicks = makeTicks(map.xs, Math.max(2, Math.floor(rect.w / (80 * scale))));
  const yTicks = makeTicks(map.ys, heightTicks(rect, scale));
  for (const tick of xTicks) {
    const x = map.xs.px(tick.value);
    ctx.beginPath();
    ctx.moveTo(Math.round(x) + 0.5, bottom + 2);
    ctx.lineTo(Math.round(x) + 0.5, bottom + 5);
    ctx.stroke();
    if (x > rect.x + rect.w - 22 * scale) continue;
    drawTick(ctx, tick, x, bottom + 15 * scale, size, theme.font, "center");
  }
  for (const tick of yTicks) {
    const y = map.ys.px(tick.value);
    ctx.beginPath();
    ctx.moveTo(rect.x - 2, Math.round(y) + 0.5);
    ctx.lineTo(rect.x - 5, Math.round(y) + 0.5);
    ctx.stroke();
    if (y > rect.y + 20 * scale) drawTick(ctx, tick, rect.x - 8, y, size, theme.font, "right");
  }
  ctx.font = `italic ${size * 1.08}px ${theme.font}`;
  ctx.textAlign = "right";
  ctx.fillText(map.panel.xlabel || "", rect.x + rect.w, bottom + 15 * scale);
  ctx.fillText(map.panel.ylabel || "", rect.x - 8, rect.y + 8 * scale);
}

function drawBar(map, ctx, rect, theme, scale) {
  const { count, log, floor } = map.levels;
  const colors = sequentialColors(theme.dark, count);
  const x = rect.x + rect.w + 12 * scale;
  const w = 9 * scale;
  const top = rect.y + 18 * scale;
  const h = rect.h - 18 * scale;
  for (let i = 0; i < count; i++) {
    ctx.fillStyle = `rgb(${colors[i].map(Math.round).join(",")})`;
    const [a, b] = [top + h - (h * (i + 1)) / count, top + h - (h * i) / count];
    ctx.fillRect(x, Math.floor(a), w, Math.ceil(b) - Math.floor(a));
  }
  ctx.strokeStyle = theme.axis;
  ctx.lineWidth = 1;
  ctx.strokeRect(Math.round(x) - 0.5, Math.round(top) - 0.5, Math.round(w) + 1, Math.round(h) + 1);
  ctx.fillStyle = theme.muted;
  ctx.textBaseline = "middle";
  const size = 10.5 * scale;
  for (const tick of levelTicks(map.levels, Math.max(2, Math.floor(h / (46 * scale))))) {
    if (tick.at < -0.001 || tick.at > 1.001) continue;
    const y = top + h * (1 - tick.at);
    drawTick(ctx, tick, x + w + 4, clamp(y, top + 5, top + h - 4), size, theme.font);
  }
  ctx.font = `italic ${size}px ${theme.font}`;
  ctx.textAlign = "left";
  const lowest = (map.panel.floor ?? null) === null ? "min" : "f*";
  const name = log && Math.abs(floor) > 1e-12 ? `f − ${lowest}` : "f";
  ctx.fillText(name, x, rect.y + 6 * scale);
}

function drawPlaces(map, ctx, rect, theme, scale) {
  inside(ctx, rect, () => {
    const ink = theme.dark ? "#fff" : "#1c2430";
    for (const [x, y] of map.panel.saddles || [])
      drawSaddle(ctx, map.xs.px(x), map.ys.px(y), 4.5 * scale, ink, theme.halo);
    for (const [x, y] of map.panel.minima || [])
      drawStar(ctx, map.xs.px(x), map.ys.px(y), 8.5 * scale, theme.star);
  });
}

// trails.js
const FAR = 4000; // pixels; beyond it segments are clipped, so that 10¹² cannot upset the canvas

function projectPath(path, px, py) {
  const [starts, points] = path.shape.length === 2 ? [1, path.shape[0]] : path.shape;
  const { data } = path;
  const xy = new Float64Array(starts * points * 2);
  const length = new Float32Array(starts * points);
  for (let i = 0; i < starts * points; i++) {
    xy[2 * i] = px(data[2 * i]);
    xy[2 * i + 1] = py(data[2 * i + 1]);
    if (i % points === 0) continue;
    const step = Math.hypot(xy[2 * i] - xy[2 * i - 2], xy[2 * i + 1] - xy[2 * i - 1]);
    length[i] = length[i - 1] + Math.min(step || 0, FAR);
  }
  return { starts, points, xy, length };
}

function traceTrail(ctx, trail, start, from, to) {
  const { xy, points } = trail;
  const base = start * points;
  let open = false;
  for (let i = base + Math.max(1, from + 1); i <= base + Math.min(to, points - 1); i++) {
    const [ax, ay, bx, by] = [xy[2 * i - 2], xy[2 * i - 1], xy[2 * i], xy[2 * i + 1]];
    const reach = Math.max(Math.abs(ax), Math.abs(ay), Math.abs(bx), Math.abs(by));
    const near = reach < FAR;
    if (near) {
      if (!open) ctx.moveTo(ax, ay);
      ctx.lineTo(bx, by);
      open = true;
      continue;
    }
    open = false;
    const cut = clipSegment(ax, ay, bx, by, FAR);
    if (!cut) continue;
    ctx.moveTo(cut[0], cut[1]);
    ctx.lineTo(cut[2], cut[3]);
  }
}

function clipSegment(ax, ay, bx, by, limit) {
  const dx = bx - ax;
  const dy = by - ay;
  if (!Number.isFinite(dx) || !Number.isFinite(dy)) return null;
  let [enter, leave] = [0, 1];
  for (const [p, q] of [[-dx, ax + limit], [dx, limit - ax], [-dy, ay + limit], [dy, limit - ay]]) {
    if (p === 0) {
      if (q < 0) return null;
    } else if (p < 0) enter = Math.max(enter, q / p);
    else leave = Math.min(leave, q / p);
  }
  if (enter > leave) return null;
  return [ax + enter * dx, ay + enter * dy, ax + leave * dx, ay + leave * dy];
}

function trailAt(trail, start, at) {
  const { xy, points } = trail;
  const low = Math.min(Math.floor(at), points - 1);
  const high = Math.min(low + 1, points - 1);
  const u = at - low;
  const i = 2 * (start * points + low);
  const j = 2 * (start * points + high);
  if (u < 1e-9 || high === low) return [xy[i], xy[i + 1]];
  return [xy[i] + (xy[j] - xy[i]) * u, xy[i + 1] + (xy[j + 1] - xy[i + 1]) * u];
}

// map.js
const PIECE = 250; // segments a stroke: a browser takes the square of their number for one

class MapPanel {
  constructor(host) {
    this.kind = "map";
    this.host = host;
    this.layers = new Layers(host, ["base", "halo", "trail", "top"]);
    this.sheet = document.createElement("canvas");
    this.view = null; // null: the surface's whole window
    this.baseStale = true;
    this.drawn = null;
    this.ghost = null; // where a dragged start is, in surface coordinates
  }

  setData(panel) {
    const place = JSON.stringify([panel.title, panel.xlim, panel.ylim]);
    if (place !== this.place) this.view = null;
    this.place = place;
    if (this.panel?.levels !== panel.levels) this.levelKind = panel.levels || "log";
    this.panel = panel;
    this.window = { x0: panel.xlim[0], x1: panel.xlim[1], y0: panel.ylim[0], y1: panel.ylim[1] };
    this.grid = panel.grid ? padGrid(panel.grid) : null;
    this.levels = null;
    this.invalidate();
  }

  setScaleKind(kind) {
    this.levelKind = kind;
    this.levels = null;
    this.invalidate();
  }

  get scaleKind() {
    return this.levelKind;
  }

  setView(view) {
    this.view = view;
    this.invalidate();
  }

  currentView() {
    return this.view || this.window;
  }

  invalidate() {
    this.baseStale = true;
  }

  rect(scale) {
    const { width, height } = this.layers;
    const small = width < 460;
    const left = Math.max(Math.round((small ? 34 : 42) * scale), this.room || 0);
    const right = Math.round((this.grid ? (small ? 50 : 60) : 14) * scale);
    return {
      x: left,
      y: 8,
      w: Math.max(20, width - left - right),
      h: Math.max(20, height - 8 - Math.round(26 * scale)),
    };
  }

  draw(frame) {
    if (this.layers.fit()) this.baseStale = true;
    if (this.layers.width < 60 || this.layers.height < 60) return;
    if (this.baseStale) this.drawBase(frame);
    this.drawTrails(frame);
    this.drawTop(frame);
  }

  drawBase(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.base;
    const view = this.currentView();
    const upright = { kind: "linear", lo: view.y0, hi: view.y1 };
    const ticks = makeTicks(upright, heightTicks(this.rect(scale), scale));
    this.room = roomFor(ctx, ticks, TICK * scale, theme.font);
    const rect = this.rect(scale);
    this.xs = makeScale("linear", view.x0, view.x1, rect.x, rect.x + rect.w);
    this.ys = makeScale("linear", view.y0, view.y1, rect.y + rect.h, rect.y);
    this.layers.clear("base");
    drawSurface(this, ctx, rect, theme, scale, frame.moving);
    this.trails = this.panel.paths.map((path) => projectPath(path, this.xs.px, this.ys.px));
    this.baseStale = false;
    this.drawn = null;
    this.labelKey = null;
    this.placeHandle?.();
  }

  pathIndex(trail, step) {
    return Math.min(step / (this.panel.path_stride || 1), trail.points - 1);
  }

  drawTrails(frame) {
    const { theme, scale } = frame;
    const whole = this.ghost || frame.preview;
    const fresh = this.drawn === null || frame.step < this.drawn || whole !== this.wholeDrawn;
    if (!fresh && frame.step === this.drawn) return;
    if (fresh) {
      this.layers.clear("halo");
      this.layers.clear("trail");
    }
    this.wholeDrawn = whole;
    const from = fresh ? 0 : this.drawn;
    const rect = this.rect(scale);
    const { halo, trail: ink } = this.layers;
    const glow = rgba(theme.halo, theme.dark ? 0.75 : 0.9);
    inside(halo, rect, () =>
      inside(ink, rect, () => {
        for (const [run, path] of this.trails.entries()) {
          const { visible, ink: color, dash } = frame.runs[run];
          if (!visible) continue;
          const dim = frame.highlight >= 0 && frame.highlight !== run;
          const end = path.points - 1;
          if (whole && fresh)
            this.strokeTrail(ink, path, 0, end, color, [], dim ? 0.05 : 0.3, 1.4 * scale);
          const first = Math.floor(this.pathIndex(path, from));
          const last = Math.floor(this.pathIndex(path, frame.step) + 1e-9);
          if (last <= first) continue;
          const cloud = path.starts > 1;
          const alpha = (cloud ? clamp(14 / path.starts, 0.42, 0.8) : 1) * (dim ? 0.12 : 1);
          if (!cloud && !dim)
            this.strokeTrail(halo, path, first, last, glow, [], 1, 5 * scale);
          const pattern = cloud ? [] : dash;
          const width = (cloud ? 1.3 : 2.3) * scale;
          this.strokeTrail(ink, path, first, last, color, pattern, alpha, width);
        }
      }),
    );
    this.drawn = frame.step;
  }

  strokeTrail(ctx, path, first, last, color, dash, alpha, width) {
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.lineJoin = "round";
    ctx.lineCap = alpha < 1 || dash.length ? "butt" : "round";
    ctx.setLineDash(dash);
    for (let from = first; from < last; from += PIECE) {
      ctx.lineDashOffset = dash.length ? path.length[from] : 0;
      const to = Math.min(from + PIECE, last);
      ctx.beginPath();
      for (let start = 0; start < path.starts; start++) traceTrail(ctx, path, start, from, to);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  }

  drawTop(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.top;
    const rect = this.rect(scale);
    this.layers.clear("top");
    inside(ctx, rect, () => {
      this.drawStarts(ctx, theme, scale);
      const last = frame.highlight; // drawn over the others
      const order = [...this.trails.keys()].sort((a, b) => (a === last) - (b === last));
      for (const run of order) if (frame.runs[run].visible) this.drawHeads(ctx, run, frame);
      if (frame.hoverPoint) this.drawCross(ctx, rect, frame.hoverPoint, theme);
    });
    const labels = this.labelsNow(ctx, rect, frame);
    if (labels.length) drawLabels(ctx, labels, frame.runs, theme, scale);
  }

  drawStarts(ctx, theme, scale) {
    const starts = this.ghost ? [this.ghost] : this.panel.starts || [];
    const many = starts.length > 1;
    const ink = theme.dark ? "#ffffff" : "#1c2430";
    for (const [x, y] of starts) {
      const [px, py] = [this.xs.px(x), this.ys.px(y)];
      if (many) drawMarker(ctx, "circle", px, py, 1.8 * scale, ink, theme.halo, 1);
      else drawRing(ctx, px, py, (this.ghost ? 11 : 9) * scale, ink, rgba(theme.halo, 0.9));
    }
  }

  drawHeads(ctx, run, frame) {
    const { theme, scale } = frame;
    const path = this.trails[run];
    const { ink, marker } = frame.runs[run];
    const at = this.pathIndex(path, frame.step);
    const dim = frame.highlight >= 0 && frame.highlight !== run;
    const whole = Math.floor(at + 1e-9);
    const cloud = path.starts > 1;
    for (let start = 0; start < path.starts; start++) {
      const [x, y] = trailAt(path, start, at);
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      ctx.globalAlpha = dim ? 0.15 : 1;
      if (!cloud && at > whole) {
        const [ax, ay] = trailAt(path, start, whole);
        ctx.strokeStyle = ink;
        ctx.lineWidth = 2.3 * scale;
        ctx.lineCap = "round";
        ctx.beginPath();
        ctx.moveTo(clamp(ax, -4000, 9000), clamp(ay, -4000, 9000));
        ctx.lineTo(clamp(x, -4000, 9000), clamp(y, -4000, 9000));
        ctx.stroke();
      }
      const radius = (cloud ? 3 : 6) * scale;
      if (dim || cloud) drawMarker(ctx, marker, x, y, radius, ink, theme.halo, cloud ? 0.8 : 1);
      else {
        const rim = theme.dark ? "#05070d" : "rgba(16,24,40,.75)";
        drawMarker(ctx, marker, x, y, radius + 1.4 * scale, "#fff", rim, 1);
        drawMarker(ctx, marker, x, y, radius, ink, ink, 0);
      }
      ctx.globalAlpha = 1;
    }
  }

  drawCross(ctx, rect, point, theme) {
    const [x, y] = [this.xs.px(point[0]), this.ys.px(point[1])];
    ctx.strokeStyle = theme.dark ? "rgba(255,255,255,.55)" : "rgba(16,24,40,.5)";
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(rect.x, y);
    ctx.lineTo(rect.x + rect.w, y);
    ctx.moveTo(x, rect.y);
    ctx.lineTo(x, rect.y + rect.h);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  labelsNow(ctx, rect, frame) {
    if (this.ghost) return [];
    const events = [];
    for (const [run, info] of frame.runs.entries()) {
      const known = info.outcome && info.outcome !== "running" && info.outcome_step !== null;
      if (!known || !info.visible || frame.step < info.outcome_step) continue;
      if (frame.highlight >= 0 && frame.highlight !== run) continue;
      const path = this.trails[run];
      if (path.starts > 1) continue;
      const [x, y] = trailAt(path, 0, Math.floor(this.pathIndex(path, info.outcome_step)));
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      events.push({
        run,
        kind: info.outcome,
        x: clamp(x, rect.x + 6, rect.x + rect.w - 6),
        y: clamp(y, rect.y + 6, rect.y + rect.h - 6),
      });
    }
    const key = events.map((event) => `${event.run}:${event.kind}`).join();
    if (key !== this.labelKey) {
      this.labels = layOutLabels(ctx, events, frame.runs, rect, frame.theme, frame.scale);
      this.labelKey = key;
    }
    return this.labels;
  }

  lossAt(x, y) {
    return this.grid ? valueAt(this.grid, this.window, x, y) : NaN;
  }
}

// shell.js
function panelShell(kind, onScale) {
  const element = document.createElement("section");
  element.className = `ov-panel ov-${kind}`;
  const head = document.createElement("header");
  const title = document.createElement("h3");
  const key = document.createElement("span");
  key.className = "ov-key";
  const group = document.createElement("div");
  group.className = "ov-scale";
  group.setAttribute("role", "group");
  const buttons = ["log", "linear"].map((scale) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = scale === "linear" ? "lin" : scale;
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => onScale(scale));
    group.append(button);
    return { scale, button };
  });
  const layers = layerChooser();
  head.append(title, key, ...(kind === "map" ? [] : [layers.element]), group);
  const area = document.createElement("div");
  area.className = "ov-area";
  element.append(head, area);
  return {
    element,
    area,
    setLayers: layers.set,
    set(panel, scaleKind) {
      title.textContent = panel.title || "";
      group.setAttribute("aria-label", `Scale of ${panel.title || "the axis"}`);
      for (const { scale, button } of buttons) {
        button.setAttribute("aria-pressed", String(scale === scaleKind));
        button.setAttribute("aria-label", `${scale === "log" ? "Logarithmic" : "Linear"} scale`);
      }
      group.hidden = kind === "map" && !panel.grid;
      const places = [];
      if (panel.minima?.length) places.push("★ minimum");
      if (panel.saddles?.length) places.push("✕ saddle");
      key.textContent = panel.note || places.join("   ");
    },
  };
}

function layerChooser() {
  const element = document.createElement("span");
  element.className = "ov-layers";
  element.hidden = true;
  const ramp = document.createElement("span");
  ramp.className = "ov-ramp";
  ramp.title = "from the first layer to the last";
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Layers of");
  element.append(ramp, select);
  let choose = () => {};
  let offered = "";
  select.addEventListener("change", () => choose(select.value));
  return {
    element,
    set(labels, chosen, theme, onChoice) {
      choose = onChoice;
      element.hidden = false;
      if (offered !== labels.join("\n")) {
        offered = labels.join("\n");
        const layersOf = labels.map((label) => new Option(`layers of ${label}`, label));
        select.replaceChildren(new Option("median layer", ""), ...layersOf);
      }
      select.value = chosen;
      ramp.hidden = !chosen;
      const colors = [0, 0.25, 0.5, 0.75, 1].map((depth) => layerColor(theme.dark, depth));
      ramp.style.backgroundImage = `linear-gradient(to right, ${colors.join()})`;
    },
  };
}

// panels.js
function placePanels(player) {
  const asked = player.view.panels(player.header);
  const known = new Map(player.panels.map((panel) => [panel.key, panel]));
  player.panels = asked.map(({ key, kind }) => {
    const old = known.get(key);
    return old?.kind === kind ? old : makePanel(player, key, kind);
  });
  const elements = player.panels.map((panel) => panel.shell.element);
  if (elements.some((element, i) => player.grid.children[i] !== element))
    player.grid.replaceChildren(...elements);
  else while (player.grid.children.length > elements.length) player.grid.lastChild.remove();
  const curves = player.panels.filter((panel) => panel.kind === "curves").length;
  player.root.style.setProperty("--ov-curves", String(Math.max(1, curves)));
  player.root.classList.toggle("ov-mapless", curves === player.panels.length);
  player.root.classList.toggle("ov-training", Boolean(player.header.axes));
  player.panels.forEach((panel, i) => {
    panel.setData(asked[i], panel.kind === "map" ? null : player.view.series(asked[i]));
    panel.shell.set(panel.panel, panel.scaleKind);
  });
}

function makePanel(player, key, kind) {
  const shell = panelShell(kind, (scale) => {
    panel.setScaleKind(scale);
    shell.set(panel.panel, scale);
    player.paint();
  });
  const panel = kind === "map" ? new MapPanel(shell.area) : new CurvePanel(shell.area);
  panel.shell = shell;
  panel.key = key;
  bindPanel(player, panel);
  return panel;
}

// runs.js
function runsOf(header, chosen, place) {
  return header.runs.map((run) => ({
    outcome: null,
    outcome_step: null,
    dash: [],
    marker: "circle",
    ...run,
    visible: chosen.get(run.label) ?? run.visible !== false,
    outcome_at: place(run),
  }));
}

function alone(runs, label) {
  const already = runs.every((run) => run.visible === (run.label === label));
  return new Map(runs.map((run) => [run.label, already || run.label === label]));
}

// startlink.js
const PATIENCE = 120; // ms after which the next start goes out although no answer came

class StartLink {
  constructor(send, time) {
    this.send = send;
    this.time = time || {
      now: () => performance.now(),
      later: (act, ms) => setTimeout(act, ms),
      cancel: (id) => clearTimeout(id),
    };
    this.sentAt = -Infinity;
    this.waiting = null;
    this.timer = null;
  }

  offer(x, y, dragging) {
    this.waiting = { x, y, dragging };
    if (!dragging) this.flush();
    else this.pump();
  }

  answered() {
    this.sentAt = -Infinity;
    this.flush();
  }

  pump() {
    if (!this.waiting || this.timer !== null) return;
    const rest = this.sentAt + PATIENCE - this.time.now();
    if (rest <= 0) this.flush();
    else this.timer = this.time.later(() => this.flush(), rest);
  }

  flush() {
    if (this.timer !== null) this.time.cancel(this.timer);
    this.timer = null;
    const start = this.waiting;
    this.waiting = null;
    if (!start) return;
    this.sentAt = this.time.now();
    this.send(start);
  }

  stop() {
    if (this.timer !== null) this.time.cancel(this.timer);
    this.timer = null;
    this.waiting = null;
  }
}

// axis.js
const AXIS_NAMES = {
  step: "Steps",
  epoch: "Epochs",
  sample: "Samples",
  second: "Seconds",
};

function interpolate(xs, ys, x) {
  const last = xs.length - 1;
  if (last < 1) return ys[0];
  if (x > xs[last]) return ys[last] + ((x - xs[last]) * ys[last]) / (xs[last] || 1);
  let [low, high] = [0, last];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle - 1;
  }
  if (low === last) return ys[last];
  const u = (x - xs[low]) / (xs[low + 1] - xs[low]);
  return ys[low] + u * (ys[low + 1] - ys[low]);
}

function samplesAt(step, per, { epoch, batch }) {
  const whole = Math.floor(step / per);
  const [left, full] = [step - whole * per, per - 1];
  const of = left <= full ? left * batch : full * batch + (left - full) * (epoch - full * batch);
  return whole * epoch + of;
}

function stepsFor(samples, per, { epoch, batch }) {
  const whole = Math.floor(samples / epoch);
  const [left, full] = [samples - whole * epoch, (per - 1) * batch];
  return whole * per + (left <= full ? left / batch : per - 1 + (left - full) / (epoch - full));
}

class Axis {
  constructor(kind, header) {
    this.kind = kind;
    this.members = header.members || [];
    this.numSteps = header.num_steps;
    this.longest = this.members.reduce(
      (best, member, i) => (member.num_steps > this.members[best].num_steps ? i : best),
      0,
    );
    const ends = this.members.map((member, i) => this.at(i, member.num_steps));
    this.span = kind === "step" ? header.num_steps : Math.max(...ends, 0);
    this.perStep = kind === "step" ? 1 : this.span / Math.max(1, header.num_steps) || 1;
  }

  get name() {
    return AXIS_NAMES[this.kind];
  }

  at(member, step) {
    const { steps_per_epoch, samples, clock } = this.members[member] || {};
    if (this.kind === "epoch") return step / steps_per_epoch;
    if (this.kind === "sample") return samplesAt(step, steps_per_epoch, samples);
    if (this.kind === "second") return interpolate(clock.steps.data, clock.seconds.data, step);
    return step;
  }

  stepAt(member, place) {
    const { steps_per_epoch, samples, clock } = this.members[member] || {};
    if (this.kind === "epoch") return place * steps_per_epoch;
    if (this.kind === "sample") return stepsFor(place, steps_per_epoch, samples);
    if (this.kind === "second") return interpolate(clock.seconds.data, clock.steps.data, place);
    return place;
  }

  places(members, steps) {
    const out = new Float64Array(steps.length);
    for (const member of members)
      for (let i = 0; i < out.length; i++) out[i] += this.at(member, steps[i]) / members.length;
    return out;
  }

  reference(place) {
    if (this.kind === "step") return place;
    return Math.min(this.numSteps, this.stepAt(this.longest, place));
  }

  whole(place) {
    return this.kind === "step" ? Math.round(place) : place;
  }

  number(place) {
    if (this.kind === "step") return String(Math.floor(place + 1e-9));
    if (this.kind === "sample") return Math.floor(place + 1e-6).toLocaleString("en");
    if (this.kind === "epoch") return place.toFixed(this.span < 10 ? 2 : 1);
    return minus(place.toFixed(this.span < 10 ? 2 : this.span < 1000 ? 1 : 0));
  }

  words(place) {
    const number = this.number(place);
    return this.kind === "second" ? `${number} s` : `${this.kind} ${number}`;
  }
}

// choices.js
const KEY = "optviz.training";

function browserStore() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

class Choices {
  constructor(store) {
    this.store = store;
    const { panels, axis, singles } = this.read();
    this.shown = panels; // key of a panel → shown; keys that are missing stand as Python asks
    this.axis = axis;
    this.singles = singles; // whether single seeds are drawn
    this.layersOf = null; // label of a run, "" for the median of each; null: not chosen
  }

  read() {
    const nothing = { panels: {}, axis: "step", singles: false };
    try {
      const kept = JSON.parse(this.store?.getItem(KEY) ?? "{}");
      const panels = typeof kept.panels === "object" && kept.panels ? kept.panels : {};
      return { panels, axis: String(kept.axis ?? "step"), singles: kept.singles === true };
    } catch {
      return nothing;
    }
  }

  write() {
    const { shown: panels, axis, singles } = this;
    try {
      this.store?.setItem(KEY, JSON.stringify({ panels, axis, singles }));
    } catch {
    }
  }

  panels(header) {
    const shown = header.panels.filter((panel) => this.shows(panel));
    return shown.length ? shown : header.panels.slice(0, 1);
  }

  shows({ key, chosen }) {
    return key === undefined || (this.shown[key] ?? chosen);
  }

  show(key, on) {
    this.shown[key] = on;
    this.write();
  }

  axisOf(header) {
    return header.axes?.includes(this.axis) ? this.axis : "step";
  }

  set(name, value) {
    this[name] = value;
    this.write();
  }

  layerRun(runs) {
    if (this.layersOf === "") return -1;
    const visible = runs.flatMap((run, i) => (run.visible ? [i] : []));
    const named = runs.findIndex((run) => run.label === this.layersOf && run.visible);
    if (named >= 0) return named;
    return visible.length === 1 ? visible[0] : -1; // a run that stands alone shows all it has
  }
}

// options.js
let made = 0; // radio buttons of two players on one page must not share a name

function choice(type, text, onChange) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = type;
  input.addEventListener("change", () => onChange(input.checked));
  const words = document.createElement("span");
  words.textContent = text;
  label.append(input, words);
  return { label, input, words };
}

class Options {
  constructor(actions) {
    this.actions = actions;
    this.element = document.createElement("div");
    this.element.className = "ov-options";
    this.element.hidden = true;
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "ov-menu-button";
    this.button.setAttribute("aria-expanded", "false");
    this.button.addEventListener("click", () => this.open(this.menu.hidden));
    this.menu = document.createElement("div");
    this.menu.className = "ov-menu";
    this.menu.setAttribute("role", "group");
    this.menu.setAttribute("aria-label", "Panels shown");
    this.menu.hidden = true;
    const holder = document.createElement("div");
    holder.className = "ov-menu-holder";
    holder.append(this.button, this.menu);
    holder.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.menu.hidden) return;
      event.stopPropagation();
      this.open(false);
      this.button.focus();
    });
    this.outside = (event) => {
      if (!event.composedPath().includes(holder)) this.open(false);
    };
    document.addEventListener("pointerdown", this.outside, true);
    document.addEventListener("focusin", this.outside, true);
    this.axes = document.createElement("div");
    this.axes.className = "ov-axes";
    this.axes.setAttribute("role", "radiogroup");
    this.axes.setAttribute("aria-label", "Horizontal axis");
    this.singles = choice("checkbox", "Single seeds", (on) => actions.singles(on));
    this.singles.label.className = "ov-switch";
    this.element.append(holder, this.axes, this.singles.label);
    this.name = `ov-axis-${(made += 1)}`;
    this.built = "";
  }

  set(header, choices, axis) {
    this.element.hidden = !header.axes;
    if (!header.axes) return;
    const panels = header.panels.filter((panel) => panel.key);
    const offer = [...header.axes, "", ...panels.map((panel) => panel.key + panel.title)].join();
    if (offer !== this.built) this.build(header, panels);
    this.built = offer;
    const shown = choices.panels(header).map((panel) => panel.key);
    for (const [key, { input }] of this.boxes) {
      input.checked = shown.includes(key);
      input.disabled = input.checked && shown.length === 1; // one always stays
    }
    this.button.textContent = `Panels ${shown.length}/${panels.length}`;
    for (const [kind, { input }] of this.radios) input.checked = kind === axis.kind;
    this.singles.label.hidden = !header.runs.some((run) => run.seeds > 1);
    this.singles.input.checked = choices.singles;
  }

  build(header, panels) {
    this.menu.textContent = this.axes.textContent = "";
    this.boxes = new Map(
      panels.map(({ key, title }) => [
        key,
        choice("checkbox", title.split(/[:,]/)[0], (on) => this.actions.showPanel(key, on)),
      ]),
    );
    for (const { label } of this.boxes.values()) this.menu.append(label);
    this.radios = new Map(
      header.axes.map((kind) => [
        kind,
        choice("radio", AXIS_NAMES[kind], () => this.actions.axis(kind)),
      ]),
    );
    for (const { label, input } of this.radios.values()) {
      input.name = this.name;
      this.axes.append(label);
    }
    this.axes.hidden = header.axes.length < 2;
  }

  open(on) {
    this.menu.hidden = !on;
    this.button.setAttribute("aria-expanded", String(on));
  }

  destroy() {
    document.removeEventListener("pointerdown", this.outside, true);
    document.removeEventListener("focusin", this.outside, true);
  }
}

// seeds.js
const WORST = { high: Infinity, low: -Infinity };
const LAG = 0.1; // of a curve, by which seeds that train by turns are apart

function gather(panel, axis, { singles, run }) {
  const groups = new Map();
  for (const series of panel.series)
    for (const curve of curvesOf(series, panel.layers, run)) {
      const key = [curve.run, curve.name, curve.style].join("|");
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(curve);
    }
  const out = [];
  for (const curves of groups.values()) {
    const whole = together(curves, axis, panel.worst);
    out.push(whole);
    const many = curves.length > 1 && whole.constant === null;
    if (many && singles && whole.style !== "thin" && whole.style !== "dashed")
      for (const curve of curves)
        out.push({ ...placed({ ...curve, style: "solid" }, axis), thin: true });
  }
  return out;
}

function curveOf({ run, member, name = null, style = "solid", constant = null, x, y }) {
  return { run, member, name, style, constant, x: x ? x.data : null, y: y ? y.data : null };
}

function curvesOf(series, layers, run) {
  if (!layers) return [curveOf(series)];
  if (run >= 0 && series.run !== run) return [];
  const [count, length] = series.y.shape;
  const rows = Array.from({ length: count }, (_, i) =>
    series.y.data.subarray(i * length, (i + 1) * length),
  );
  const base = { ...curveOf(series), name: null };
  if (run < 0) return [{ ...base, y: count === 1 ? rows[0] : medianOf(rows, length) }];
  return rows.map((y, i) => ({
    ...base,
    y,
    name: layers[run][i],
    depth: count > 1 ? i / (count - 1) : 0,
  }));
}

function placed(curve, axis) {
  const { run, name, style, constant, y, depth = null } = curve;
  const own = { lines: [], band: null, paced: true }; // it may end before the playhead does
  const base = { run, name, style, constant, depth, ...own, x: null, main: null };
  if (constant !== null) return base;
  const onSteps = axis.kind === "step";
  return { ...base, main: y, x: onSteps ? curve.x : axis.places([curve.member], stepsOf(curve)) };
}

function stepsOf({ x, y }) {
  return x || Float64Array.from(y, (_, i) => i);
}

function together(curves, axis, worst) {
  if (curves.length === 1 || curves[0].constant !== null) return placed(curves[0], axis);
  const longest = curves.reduce((a, b) => (b.y.length > a.y.length ? b : a));
  let steps = stepsOf(longest);
  const own = curves.map((curve) => ({
    y: curve === longest ? curve.y : resampled(curve, steps),
    after: worst && axis.members[curve.member].diverged ? WORST[worst] : null,
  }));
  const common = Math.min(...own.map(({ y, after }) => (after === null ? y.length : Infinity)));
  if (common >= (1 - LAG) * steps.length) steps = steps.slice(0, common);
  const [low, high, main] = [0, 1, 2].map(() => new Float32Array(steps.length).fill(NaN));
  for (let i = 0; i < steps.length; i++) {
    const column = [];
    for (const { y, after } of own) {
      const value = i < y.length && !Number.isNaN(y[i]) ? y[i] : after;
      if (value !== null) column.push(value);
    }
    if (!column.length) continue;
    column.sort((a, b) => a - b);
    const half = column.length >> 1;
    main[i] = column.length % 2 ? column[half] : (column[half - 1] + column[half]) / 2;
    const finite = column.filter(Number.isFinite);
    low[i] = finite[0];
    high[i] = finite[finite.length - 1];
  }
  const members = axis.kind === "second" ? curves.map(({ member }) => member) : [longest.member];
  const x = axis.kind === "step" ? longest.x && steps : axis.places(members, steps);
  const spread = low.some((value, i) => value < high[i]);
  const quiet = curves[0].style === "dashed" || curves[0].style === "thin";
  return { ...placed(longest, axis), x, main, band: spread && !quiet ? [low, high] : null };
}

function resampled(curve, steps) {
  const { x, y } = curve;
  const at = (i) => (x ? x[i] : i);
  const out = [];
  let k = 0;
  for (const step of steps) {
    if (!y.length || step > at(y.length - 1)) break;
    while (k < y.length - 1 && at(k + 1) <= step) k++;
    const next = Math.min(k + 1, y.length - 1);
    const u = step > at(k) ? (step - at(k)) / (at(next) - at(k)) : 0;
    out.push(u === 0 ? y[k] : y[k] + u * (y[next] - y[k]));
  }
  return Float32Array.from(out);
}

// training.js
class TrainingView {
  constructor(player) {
    this.player = player;
    this.choices = new Choices(browserStore());
    this.options = new Options({
      showPanel: (key, on) => this.changed(() => this.choices.show(key, on)),
      singles: (on) => this.changed(() => this.choices.set("singles", on)),
      axis: (kind) => {
        this.choices.set("axis", kind);
        player.setAxis(this.axis(player.header));
      },
    });
  }

  changed(act) {
    act();
    this.player.renew();
  }

  axis(header) {
    return new Axis(this.choices.axisOf(header), header);
  }

  panels(header) {
    return this.choices.panels(header).map((panel, i) => ({ ...panel, key: panel.key ?? `${i}` }));
  }

  series(panel) {
    const { header, axis, runs } = this.player;
    if (!header.axes) return panel.series.map(prepareSeries);
    const run = panel.layers ? this.choices.layerRun(runs) : -1;
    return gather(panel, axis, { singles: this.choices.singles, run });
  }

  setHead(panel, shell, theme) {
    const { runs } = this.player;
    if (!panel.layers) return;
    const run = this.choices.layerRun(runs);
    shell.setLayers(
      runs.filter((item) => item.visible).map((item) => item.label),
      runs[run]?.label ?? "",
      theme,
      (label) => this.changed(() => (this.choices.layersOf = label)),
    );
  }

  place(run, axis) {
    const step = run.outcome_step ?? 0;
    return run.members ? Math.min(...run.members.map((member) => axis.at(member, step))) : step;
  }

  columns(count, width) {
    const most = Math.max(1, Math.min(width > 1900 ? 4 : 3, Math.floor(width / 400)));
    if (count <= most && count !== 4) return count;
    return count === 4 && most < 4 ? Math.min(2, most) : most;
  }

  destroy() {
    this.options.destroy();
  }
}

// unpack.js
const VIEWS = {
  f4: Float32Array,
  f8: Float64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i4: Int32Array,
};
const HOLE = 65535; // a quantised value that is not finite

function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = 4 + length;

  const array = (ref) => {
    const View = VIEWS[ref.dtype];
    if (!View) throw new Error(`unknown dtype ${ref.dtype}`);
    const count = ref.shape.reduce((a, b) => a * b, 1);
    const from = start + ref.offset;
    const size = count * View.BYTES_PER_ELEMENT;
    if (from + size > bytes.byteLength) throw new Error("the message is cut short");
    const offset = bytes.byteOffset + from;
    const stored =
      offset % View.BYTES_PER_ELEMENT === 0
        ? new View(bytes.buffer, offset, count)
        : new View(bytes.slice(from, from + size).buffer);
    return { data: "scale" in ref ? restored(stored, ref) : stored, shape: ref.shape };
  };
  const restore = (value) => {
    if (Array.isArray(value)) return value.map(restore);
    if (value === null || typeof value !== "object") return value;
    if ("offset" in value && "dtype" in value && "shape" in value) return array(value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restore(item)]));
  };
  return restore(header);
}

function restored(stored, { scale, bias }) {
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++)
    values[i] = stored[i] === HOLE ? NaN : bias + scale * stored[i];
  return values;
}

function fromBase64(text) {
  const raw = atob(text.replace(/\s+/g, ""));
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// player.js
const NARROW = 700; // pixels of the container below which everything stands in one column

class Player {
  constructor(host, events = {}) {
    this.events = events;
    this.host = host;
    this.clock = new Clock();
    this.panels = [];
    this.header = null;
    this.chosen = new Map(); // label → shown, as the user chose
    this.highlight = -1;
    this.hover = { step: null, point: null };
    this.xview = null; // [from, to] on the axis; null: all
    this.moving = false;
    this.counts = { draws: 0, drawMs: 0, worstMs: 0, sets: 0, setMs: 0 };
    this.start = new StartLink((at) => this.events.onStart?.(at));
    this.view = new TrainingView(this);
    buildParts(this);
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.resizer = new ResizeObserver(() => this.resized());
    this.resizer.observe(this.root);
    const schemes = matchMedia("(prefers-color-scheme: dark)");
    schemes.addEventListener("change", () => this.invalidate(), { signal });
    document.addEventListener("fullscreenchange", () => this.resized(true), { signal });
    this.dropKeys = listenKeys(this.root, (action) => this.act(action));
  }

  load(bytes) {
    this.set(unpack(bytes));
  }

  set(header) {
    const began = performance.now();
    if (this.header && header.id === this.header.id) {
      this.refreshTheme();
      return;
    }
    const opening = this.header === null;
    this.header = header;
    this.root.setAttribute("aria-label", header.title ? `Player: ${header.title}` : "Player");
    this.axis = this.view.axis(header);
    this.clock.resize(this.axis.span, Boolean(header.live), this.axis.perStep);
    if (opening && (header.live || header.opens_at_end)) this.clock.seek(this.axis.span);
    this.setRuns();
    placePanels(this);
    this.notes.textContent = (header.notes || []).join(" · ");
    this.notes.hidden = !this.notes.textContent;
    if (this.xview && this.xview[0] >= this.axis.span) this.xview = null;
    for (const panel of this.panels) panel.settleGhost?.();
    this.start.answered();
    this.refreshTheme(true);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (opening && header.autoplay && !calm && !header.live) this.clock.play();
    this.resized(true);
    this.paint();
    this.counts.sets += 1;
    this.counts.setMs = performance.now() - began;
    requestAnimationFrame(() => setTimeout(() => (this.root.dataset.shown = header.id)));
    this.wake();
    if (!this.clock.playing) this.tell();
  }

  setRuns() {
    const place = (run) => this.view.place(run, this.axis);
    this.runs = runsOf(this.header, this.chosen, place);
    if (this.highlight >= this.runs.length) this.highlight = -1;
  }

  renew() {
    placePanels(this);
    this.refreshTheme(true);
    this.resized(true);
    this.tell();
  }

  setAxis(axis) {
    const ended = this.clock.step >= this.axis.span;
    const step = this.axis.reference(this.clock.step);
    this.axis = axis;
    this.clock.resize(axis.span, this.clock.live, axis.perStep);
    this.clock.seek(ended ? axis.span : axis.at(axis.longest, step));
    this.xview = null;
    this.hover = { step: null, point: null };
    this.setRuns();
    this.renew();
  }

  refreshTheme(force = false) {
    const theme = readTheme(this.root);
    if (!force && theme.key === this.theme?.key) return;
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    for (const run of this.runs) run.ink = theme.dark ? run.dark_color || run.color : run.color;
    this.legend.set(this.runs, theme);
    this.view.options.set(this.header, this.view.choices, this.axis);
    for (const panel of this.panels) this.view.setHead(panel.panel, panel.shell, theme);
    this.invalidate(false);
  }

  invalidate(themed = true) {
    if (!this.header) return;
    if (themed) this.refreshTheme(true);
    for (const panel of this.panels) panel.invalidate();
    this.wake();
  }

  resized(force = false) {
    if (!this.header) return;
    const width = this.root.clientWidth;
    const full = this.root.matches(":fullscreen");
    this.root.classList.toggle("ov-narrow", width < NARROW);
    this.root.classList.toggle("ov-full", full);
    const columns = this.view.columns(this.panels.length, width);
    this.root.style.setProperty("--ov-columns", String(columns));
    const scale = full ? Math.min(1.9, Math.max(1.25, width / 1150)) : width > 1500 ? 1.12 : 1;
    if (force || scale !== this.scale) {
      this.scale = scale;
      this.root.style.setProperty("--ov-scale", String(scale));
      for (const panel of this.panels) panel.invalidate();
    }
    this.paint();
  }

  frame() {
    const [from, to] = this.xview || [0, this.axis.span || 1];
    return {
      step: this.clock.step,
      axis: this.axis,
      runs: this.runs,
      highlight: this.highlight,
      theme: this.theme,
      scale: this.scale || 1,
      hoverStep: this.hover.step,
      hoverPoint: this.hover.point,
      near: this.hover.near ?? null,
      xview: { from, to },
      moving: this.moving,
      preview: false,
    };
  }

  paint() {
    if (!this.header || !this.theme) return;
    const began = performance.now();
    const frame = this.frame();
    for (const panel of this.panels) panel.draw(frame);
    this.controls.update(this.clock, this.axis, began);
    this.controls.setZoomed(Boolean(this.xview || this.panels.some((panel) => panel.view)));
    this.legend.update(frame.step);
    this.root.dataset.step = String(Math.round(this.axis.reference(frame.step) * 1000) / 1000);
    this.root.dataset.axis = this.axis.kind;
    this.root.dataset.playing = String(this.clock.playing);
    const spent = performance.now() - began;
    this.counts.draws += 1;
    this.counts.drawMs += spent;
    this.counts.worstMs = Math.max(this.counts.worstMs, spent);
  }

  wake() {
    if (this.request) return;
    this.request = requestAnimationFrame((now) => {
      this.request = 0;
      const playing = this.clock.playing;
      if (playing && this.last) this.clock.advance((now - this.last) / 1000);
      this.last = this.clock.playing ? now : 0;
      this.paint();
      if (this.clock.playing) this.wake();
      else if (playing) this.tell();
    });
  }

  act({ act, by }) {
    const { clock } = this;
    if (act === "toggle") {
      if (clock.playing) clock.pause();
      else clock.play();
      this.last = 0;
      if (!clock.playing) this.tell();
    } else if (act === "nudge") {
      const at = clock.step / clock.perStep;
      const whole = by < 0 ? Math.ceil(at - 1e-6) : Math.floor(at + 1e-6);
      this.seek((whole + by) * clock.perStep);
    } else if (act === "home") this.seek(0);
    else if (act === "end") this.seek(clock.numSteps);
    else if (act === "full") this.toggleFull();
    this.wake();
  }

  seek(step) {
    this.clock.pause();
    this.clock.seek(step);
    this.wake();
    this.tell();
  }

  tell() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      if (this.clock.playing || !this.theme) return;
      this.live.textContent = summary(this.header, this.panels, this.frame());
    }, 400);
    if (this.header?.report_step) this.events.onPause?.(Math.round(this.clock.step));
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => {});
    this.root.focus({ preventScroll: true });
  }

  toggleRun(label) {
    const run = this.runs.find((item) => item.label === label);
    this.show(new Map([[label, !run.visible]]));
  }

  isolateRun(label) {
    this.show(alone(this.runs, label));
  }

  show(changes) {
    for (const [label, shown] of changes) this.chosen.set(label, shown);
    for (const run of this.runs) run.visible = this.chosen.get(run.label) ?? run.visible;
    if (this.header.axes) return this.renew(); // whose layers are drawn may change with it
    this.legend.set(this.runs, this.theme);
    this.invalidate(false);
    this.tell();
  }

  setHighlight(run) {
    if (run === this.highlight) return;
    this.highlight = run;
    for (const panel of this.panels) {
      if (panel.kind === "curves") panel.invalidate();
      panel.drawn = null;
      panel.labelKey = null;
    }
    this.wake();
  }

  setXView(view) {
    this.xview = view;
    for (const panel of this.panels) if (panel.kind === "curves") panel.invalidate();
    this.wake();
  }

  resetView() {
    this.xview = null;
    for (const panel of this.panels) {
      if (panel.kind === "map") panel.setView(null);
      panel.invalidate();
    }
    this.wake();
  }

  destroy() {
    cancelAnimationFrame(this.request);
    clearTimeout(this.telling);
    this.start.stop();
    this.resizer.disconnect();
    this.gone.abort();
    this.dropKeys();
    this.view.destroy();
    this.root.remove();
  }
}

// main.js
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const host = parentElement.querySelector?.(".optviz-host") || parentElement;
  const player = (host.optvizPlayer ??= new Player(host));
  player.events = {
    onStart: (start) => setTriggerValue?.("start", start),
    onPause: (step) => setStateValue?.("step", step),
  };
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (bytes?.byteLength) {
    try {
      player.load(bytes);
    } catch (error) {
      host.dataset.error = String(error);
      throw error;
    }
  }
  return () => {
    player.destroy();
    if (host.optvizPlayer === player) delete host.optvizPlayer;
  };
}

export function startPage(page = document) {
  for (const host of page.querySelectorAll(".optviz-host")) {
    const source = page.getElementById(host.dataset.source);
    host.optvizPlayer = new Player(host);
    host.optvizPlayer.load(fromBase64(source.textContent));
  }
}
