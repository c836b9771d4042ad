// The drawing: rows are HTML, the lines between them SVG, in chunks that are
// made when they come into view. Text from the program is only ever set as
// `textContent`.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((c) => c !== null));
  return made;
}

function shape(name, attributes, title = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (title !== null) {
    const text = document.createElementNS(SVG, "title");
    text.textContent = title;
    made.append(text);
  }
  return made;
}

/** Colours are told apart by the colour-blind; the main thread is grey. */
const hue = (thread) => (thread === 0 ? "var(--t0)" : `var(--t${((thread - 1) % 7) + 1})`);

/**
 * A line from a step to a later one: down its own lane to the end of the row,
 * across between the rows, down beside the other lane, and in from the left.
 */
function route(place, { trace, decisive }, { from, to, kind }) {
  const x1 = place.x[trace.steps[from].thread], x2 = place.x[trace.steps[to].thread];
  const row = place.rows[place.rowOf[from]];
  const y1 = place.middle(from), y2 = place.middle(to), across = row.y + row.height;
  const beside = x2 - { after: 12, reads: 15, blocks: 16, decides: 20 }[kind];
  const r = Math.min(5, Math.abs(beside - x1) / 2, Math.max(0, y2 - across) / 2);
  const way = Math.sign(beside - x1) || 1;
  return `M${x1} ${y1 + 5}V${across - r}q0 ${r} ${way * r} ${r}H${beside - way * r}`
    + `q${way * r} 0 ${way * r} ${r}V${y2 - r}q0 ${r} ${r} ${r}H${x2 - (decisive.includes(to) ? 11 : 7)}`;
}

/** The lines of a drawing, each with the part of the page that it needs. */
function lines(scene, place) {
  const { trace } = scene, { rows, rowOf, x, middle } = place, all = [];
  const add = (top, bottom, name, attributes, title) => all.push({ top, bottom, shape: [name, attributes, title] });
  const end = trace.steps.at(-1)?.kind === "failure" ? rows.at(-1).y + 14 : place.height - 8;
  const edge = (i) => rows[rowOf[i]].y + rows[rowOf[i]].height;
  scene.lives.forEach((life, t) => {
    if (life.born === null) return;
    const top = life.born < 0 ? 0 : edge(life.born);
    const bottom = life.joined === null ? end : rows[rowOf[life.joined]].y;
    const stroke = `stroke:${hue(t)}`;
    add(top, bottom, "path", { class: "life", style: stroke, d: `M${x[t]} ${top}V${Math.max(top, bottom)}` });
    const parent = (i) => x[trace.steps[i].thread];
    const turn = (a, b) => Math.sign(b - a) * Math.min(6, Math.abs(b - a));
    if (life.born >= 0 && trace.steps[life.born].thread !== t) {
      const from = parent(life.born), r = turn(from, x[t]);
      add(top - 20, top + 8, "path", { class: "life", style: stroke,
        d: `M${from} ${middle(life.born)}V${top - 6}q0 6 ${r} 6H${x[t] - r}q${r} 0 ${r} 6` });
    }
    if (life.joined !== null) {
      const to = parent(life.joined), r = turn(x[t], to);
      add(bottom - 8, bottom + 20, "path", { class: "life", style: stroke,
        d: `M${x[t]} ${bottom - 6}q0 6 ${r} 6H${to - r}q${r} 0 ${r} 6V${middle(life.joined) - 5}` });
    }
  });
  for (const s of scene.sections) {
    const top = middle(s.from), bottom = s.to === null ? end : middle(s.to);
    add(top, bottom, "rect", { class: "held", x: x[s.thread] - 4, y: top, width: 8,
      height: Math.max(0, bottom - top), rx: 4, style: `fill:${hue(s.thread)}` },
    `${trace.threads[s.thread].name} holds ${s.object}`);
  }
  for (const w of scene.waits) {
    const top = middle(w.from) + 7, bottom = w.to === null ? end : middle(w.to);
    if (bottom > top) {
      add(top, bottom, "rect", { class: "waits", x: x[w.thread] - 5, y: top, width: 10,
        height: bottom - top, rx: 3 }, `${trace.threads[w.thread].name} cannot go on`);
    }
  }
  for (const arrow of scene.arrows) {
    if (rowOf[arrow.from] === rowOf[arrow.to]) continue;
    const { from, to, kind } = arrow;
    const dim = trace.steps[from].matters && trace.steps[to].matters ? "" : " dim";
    add(middle(from), middle(to) + 8, "path", { class: `arrow ${kind}${dim}`, "data-from": from,
      "data-to": to, "marker-end": `url(#tip-${kind})`, d: route(place, scene, arrow) });
  }
  return all;
}

/** The mark of a step on its lane. */
function mark(step, x, y) {
  const stroke = `stroke:${hue(step.thread)};fill:${hue(step.thread)}`;
  switch (step.kind) {
    case "failure": return [shape("circle", { class: "fails", cx: x, cy: y, r: 9 }),
      shape("path", { class: "cross", d: `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7` })];
    case "blocked": return [shape("path", { class: "stop", d: `M${x - 3} ${y - 6}v12m6 -12v12` })];
    case "note": return [shape("circle", { class: "note", cx: x, cy: y, r: 2, style: stroke })];
    case "access": return [shape("path", { class: "node", style: stroke, d: `M${x} ${y - 7}l7 7l-7 7l-7 -7z` })];
    default: {
      const hollow = step.role === "read" || step.role === "refused" ? " hollow" : "";
      return [shape("circle", { class: `node${hollow}`, cx: x, cy: y, r: 5.5, style: stroke })];
    }
  }
}

/** One row, as an option of the list of steps. */
function rowElement(view, place, row) {
  const { scene } = view;
  const style = `top:${row.y}px;height:${row.height}px`;
  if (row.parts) {
    return element("div", { class: "parts", style, role: "presentation" }, element("span", {}, "the two part here"));
  }
  if (row.folded) {
    const n = row.folded.length, words = `${n} ${n === 1 ? "step does" : "steps do"} not matter`;
    return element("div", { class: "folded", style, role: "presentation" },
      element("button", { type: "button", onclick: () => view.set({ fold: false }), style: `margin-left:${GUTTER}px` }, words));
  }
  const index = row.step, step = scene.trace.steps[index], label = scene.labels[index];
  const box = step.kind === "failure" ? { left: GUTTER, width: place.right - GUTTER } : place.told(step.thread);
  const parts = told(scene, index), decides = scene.decisive.indexOf(index);
  const words = element("span", { class: "text", style: `left:${box.left}px;width:${box.width}px` });
  if (!place.wide && step.kind !== "failure") {
    words.append(element("b", { style: `color:${hue(step.thread)}` }, scene.trace.threads[step.thread].name), "  ");
  }
  words.append(element("span", { class: "said" }, parts.text));
  if (parts.lost) words.append(element("span", { class: "lost" }, parts.lost));
  const classes = ["row", step.kind, step.matters ? "" : "dim", decides >= 0 ? "decides" : "", scene.remarks.has(index) ? "remark" : ""];
  return element("div", {
    class: classes.filter(Boolean).join(" "), style, role: "option", id: `${view.id}-${index}`,
    "data-step": index, "aria-selected": "false", "aria-posinset": index + 1,
    "aria-setsize": scene.trace.steps.length,
    "aria-label": `${label.label}, ${scene.trace.threads[step.thread].name}: ${parts.text} ${parts.lost}`,
  },
  element("span", { class: "number" }, step.kind === "operation" ? label.label : ""),
  decides >= 0 ? element("span", { class: "badge", title: "decides, says the explanation" }, `${decides + 1}`) : null,
  words,
  place.places && step.place && step.kind !== "failure"
    ? element("span", { class: "place", title: `${step.place.file}:${step.place.line}:${step.place.column}` }, shortPlace(step.place)) : null);
}

/** The tips of arrows, and the hatching of waits: once for a page. */
function definitions() {
  const svg = shape("svg", { width: 0, height: 0, "aria-hidden": "true", class: "definitions" });
  const defs = shape("defs", {});
  for (const kind of ["after", "reads", "blocks", "decides"]) {
    const tip = shape("marker", { id: `tip-${kind}`, viewBox: "0 0 6 6", refX: 5, refY: 3,
      markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" });
    tip.append(shape("path", { class: `tip ${kind}`, d: "M0 0L6 3L0 6z" }));
    defs.append(tip);
  }
  const hatch = shape("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(shape("rect", { class: "hatch", width: 2, height: 5 }));
  defs.append(hatch);
  svg.append(defs);
  return svg;
}

/** One execution, drawn. Chunks of rows are filled when they come into view. */
class Drawing {
  constructor(view) {
    this.view = view;
    this.chunks = [];
    this.list = element("div", { class: "steps", role: "listbox", tabindex: 0, "aria-label": view.title });
    this.head = element("div", { class: "threads", "aria-hidden": "true" });
    this.box = element("figure", { class: "drawing" }, element("figcaption", {}, view.title), this.head, this.list);
    this.watch = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        const chunk = this.chunks[Number(target.dataset.chunk)];
        if (chunk?.box === target) { if (isIntersecting) this.fill(chunk); else this.empty(chunk); }
      }
    }, { rootMargin: "600px 0px" });
  }

  /** Draws anew, for this width, in chunks of so many rows. */
  draw(width, size = 40) {
    const { scene } = this.view;
    this.width = width;
    this.size = size;
    this.place = layout(scene, width);
    this.lines = lines(scene, this.place);
    this.watch.disconnect();
    this.chunks = [];
    const { rows } = this.place;
    for (let first = 0; first < rows.length; first += size) {
      const some = rows.slice(first, first + size);
      const top = first === 0 ? 0 : some[0].y;
      const bottom = first + size >= rows.length ? this.place.height : some.at(-1).y + some.at(-1).height;
      const box = element("div", { class: "chunk", role: "presentation", style: `height:${bottom - top}px`, "data-chunk": this.chunks.length });
      this.chunks.push({ box, rows: some, top, bottom, filled: false });
    }
    this.list.replaceChildren(...this.chunks.map((chunk) => chunk.box));
    this.chunks.forEach((chunk) => this.watch.observe(chunk.box));
    this.names();
  }

  names() {
    const { scene } = this.view, { wide, x } = this.place;
    this.head.classList.toggle("narrow", !wide);
    this.head.replaceChildren(...scene.trace.threads.map((thread, t) => element("span", {
      style: `--hue:${hue(t)}${wide ? `;left:${x[t] - 9}px;max-width:${this.place.told(t).width + 20}px` : ""}`,
    }, thread.name)));
  }

  fill(chunk) {
    if (chunk.filled) return;
    chunk.filled = true;
    const { scene } = this.view, { place } = this, { top, bottom } = chunk;
    const svg = shape("svg", { width: place.width, height: bottom - top, viewBox: `0 ${top} ${place.width} ${bottom - top}`, "aria-hidden": "true" });
    for (const line of this.lines) {
      if (line.bottom < top || line.top > bottom) continue;
      svg.append(shape(...line.shape));
    }
    const rows = element("div", { class: "rows", role: "presentation", style: `top:${-top}px` });
    for (const row of chunk.rows) {
      rows.append(rowElement(this.view, place, row));
      if (row.step === undefined) continue;
      const step = scene.trace.steps[row.step];
      const marks = mark(step, place.x[step.thread], place.middle(row.step));
      if (scene.decisive.includes(row.step)) {
        marks.push(shape("circle", { class: "ring", cx: place.x[step.thread], cy: place.middle(row.step), r: 10 }));
      }
      const group = shape("g", { class: step.matters ? "mark" : "mark dim", "data-step": row.step });
      group.append(...marks);
      svg.append(group);
    }
    chunk.box.replaceChildren(svg, rows);
    this.select(this.view.current, this.view.hovered);
  }

  empty(chunk) {
    if (!chunk.filled || this.printing) return;
    chunk.filled = false;
    chunk.box.replaceChildren();
  }

  /** Draws everything at once, for paper: as wide as a page, broken between chunks. */
  print() {
    this.draw(this.view.half ? 340 : 700, 8);
    this.printing = true;
    this.chunks.forEach((chunk) => this.fill(chunk));
  }

  /** Shows which step is current, and the arrows of the one that is looked at. */
  select(current, hovered) {
    const focus = hovered ?? current;
    for (const row of this.list.querySelectorAll(".row")) {
      const index = Number(row.dataset.step);
      row.classList.toggle("current", index === current);
      row.setAttribute("aria-selected", String(index === current));
      row.classList.toggle("future", current !== null && index > current);
    }
    for (const mark of this.list.querySelectorAll(".mark")) {
      mark.classList.toggle("future", current !== null && Number(mark.dataset.step) > current);
    }
    for (const arrow of this.list.querySelectorAll(".arrow")) {
      const from = Number(arrow.dataset.from), to = Number(arrow.dataset.to);
      arrow.classList.toggle("focus", focus !== null && (from === focus || to === focus));
      arrow.classList.toggle("future", current !== null && to > current);
    }
    if (current === null) this.list.removeAttribute("aria-activedescendant");
    else this.list.setAttribute("aria-activedescendant", `${this.view.id}-${current}`);
  }

  /** Brings a step into view. */
  reveal(index) {
    const row = this.place.rows[this.place.rowOf[index]];
    const top = this.list.getBoundingClientRect().top + row.y;
    const clear = 90, room = innerHeight - (innerWidth < 960 ? innerHeight * 0.4 : 60);
    if (top < clear || top + row.height > room) scrollBy({ top: top - Math.min(innerHeight / 3, room / 2) });
    this.fill(this.chunks[Math.floor(this.place.rowOf[index] / this.size)]);
  }
}
