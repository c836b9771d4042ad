// The page: each failure with its drawing, the keys, the address, the look.

const KEYS = [
  ["j ↓", "step forward"], ["k ↑", "step back"], ["Home End", "first and last step"],
  ["o", "the simplified execution, or the one that was met"],
  ["p", "the nearest passing execution beside it"], ["f", "fold the steps that do not matter"],
  ["n N", "next and previous failure"], ["t", "light or dark"], ["Esc", "no step"], ["?", "this help"],
];

/** What a drawing shows: an execution and what is read off it. */
function sceneOf(trace, decisive, parts, fold) {
  const held = sections(trace), all = arrows(trace);
  // Where threads wait for ever, the arrows that matter are those of what blocks them.
  const stuck = trace.steps.some((step) => step.kind === "blocked");
  for (let i = 1; i < decisive.length && !stuck; i += 1) {
    const [from, to] = [decisive[i - 1], decisive[i]];
    if (trace.steps[from].thread !== trace.steps[to].thread) all.push({ from, to, kind: "decides" });
  }
  return { trace, decisive, remarks: remarks(trace, held, decisive), parting: parts, fold, labels: numbered(trace), lives: lives(trace),
    sections: held, waits: waits(trace, held), arrows: all, lost: overwritten(trace) };
}

/** One failure of the page. */
class Failure {
  constructor(section) {
    this.section = section;
    this.id = section.id;
    const data = JSON.parse(section.querySelector("script").textContent);
    this.traces = { shown: data.shown, met: data.met, passing: data.passing };
    this.decisive = data.decisive;
    this.code = new Map(data.lines.map((line) => [`${line.place.file}:${line.place.line}`, line.code]));
    this.state = { view: "shown", beside: false, step: null,
      fold: data.shown.steps.length > 100 && data.shown.steps.some((s) => !s.matters) };
    this.hovered = null;
    this.build();
  }

  build() {
    const button = (key, words, action) => element("button", { type: "button", onclick: action, title: `key ${key}`, "data-key": key }, words);
    this.counter = element("span", { class: "counter", "aria-live": "polite" });
    this.buttons = {
      first: button("Home", "|◀", () => this.go(0)), back: button("k", "◀", () => this.move(-1)),
      next: button("j", "▶", () => this.move(1)), last: button("End", "▶|", () => this.go(Infinity)),
      met: button("o", "as it was met", () => this.toggle("o")),
      beside: button("p", "passing beside", () => this.toggle("p")),
      fold: button("f", "fold", () => this.toggle("f")),
    };
    const names = { first: "first step", back: "step back", next: "step forward", last: "last step" };
    for (const [key, name] of Object.entries(names)) this.buttons[key].setAttribute("aria-label", name);
    const { first, back, next, last, met, beside, fold } = this.buttons;
    met.hidden = !this.traces.met;
    beside.hidden = !this.traces.passing;
    this.bar = element("div", { class: "bar", role: "toolbar", "aria-label": "the drawing" },
      element("span", { class: "group" }, first, back, next, last), this.counter,
      element("span", { class: "group" }, met, beside, fold));
    this.stage = element("div", { class: "stage" });
    this.panel = element("aside", { class: "panel", "aria-label": "the step, and the state after it" });
    this.main = { id: `${this.id}-a`, set: (change) => this.set(change) };
    this.other = { id: `${this.id}-b`, set: (change) => this.set(change) };
    this.section.querySelector("pre.plain").before(this.bar, element("div", { class: "scene" }, this.stage, this.panel));
    this.linkSteps();
    this.stage.addEventListener("click", (event) => {
      const at = this.at(event);
      if (at && this.shared(at)) this.go(at.step);
    });
    this.stage.addEventListener("pointerover", (event) => this.hover(this.at(event)));
    this.stage.addEventListener("pointerleave", () => this.hover(null));
    this.redraw();
  }

  /** The step that an event is about, and whose drawing it is in; null if there is none. */
  at(event) {
    const row = event.target.closest(".row");
    const view = row && this.drawings.find(({ drawing }) => drawing.list.contains(row));
    return view ? { view, step: Number(row.dataset.step) } : null;
  }

  /** Whether it is a step of the failing execution: the two are the same up to where they part. */
  shared({ view, step }) { return view === this.main || step < this.main.scene.parting; }

  /** `step 3` in the explanation leads there. */
  linkSteps() {
    const text = this.section.querySelector(".explanation .sentence");
    if (!text) return;
    const labels = numbered(this.traces.shown);
    const parts = text.textContent.split(/(step \d+)/);
    text.replaceChildren(...parts.map((part, i) => {
      if (i % 2 === 0) return part;
      const number = Number(part.slice(5)), step = labels.findIndex((l) => l.number === number);
      return element("button", { type: "button", class: "link", onclick: () => { this.set({ view: "shown" }); this.go(step); } }, part);
    }));
  }

  get trace() { return this.traces[this.state.view] ?? this.traces.shown; }

  set(change) {
    const before = { ...this.state };
    Object.assign(this.state, change);
    if (!this.traces[this.state.view]) this.state.view = "shown";
    if (!this.traces.passing) this.state.beside = false;
    if (this.state.view !== before.view) this.state.step = null;
    if (["view", "beside", "fold"].some((key) => this.state[key] !== before[key])) this.redraw();
    else this.select();
  }

  redraw() {
    const { view, beside, fold } = this.state, trace = this.trace;
    const passing = beside ? this.traces.passing : null;
    const parts = passing ? parting(trace, passing) : null;
    const titles = { shown: this.traces.met ? "fails, simplified" : "fails", met: "fails, as it was met" };
    this.hovered = null;
    this.main.scene = sceneOf(trace, view === "shown" ? this.decisive : [], parts, fold);
    this.main.title = titles[view];
    this.main.half = this.other.half = passing !== null;
    this.main.drawing?.watch.disconnect();
    this.main.drawing = new Drawing(this.main);
    this.stage.replaceChildren(this.main.drawing.box);
    this.stage.classList.toggle("two", passing !== null);
    this.other.drawing?.watch.disconnect();
    this.other.drawing = null;
    if (passing) {
      this.other.scene = sceneOf(passing, [], parts, false);
      this.other.title = "passes";
      this.other.drawing = new Drawing(this.other);
      this.stage.append(this.other.drawing.box);
    }
    const { met, beside: two, fold: folds } = this.buttons;
    met.setAttribute("aria-pressed", String(view === "met"));
    two.setAttribute("aria-pressed", String(passing !== null));
    folds.setAttribute("aria-pressed", String(fold));
    const idle = trace.steps.filter((s) => !s.matters).length;
    folds.hidden = idle === 0;
    folds.textContent = `fold ${idle} that ${idle === 1 ? "does" : "do"} not matter`;
    this.fit(true);
    this.select();
  }

  /** Draws anew where the width has changed. */
  fit(always = false) {
    for (const { drawing } of [this.main, this.other]) {
      const width = drawing ? Math.floor(drawing.list.clientWidth) : 0;
      if (width > 0 && (always || width !== drawing.width)) drawing.draw(width);
    }
  }

  get drawings() { return [this.main, this.other].filter((view) => view.drawing); }

  go(step) {
    const last = this.trace.steps.length - 1;
    this.set({ step: Math.max(0, Math.min(step, last)) });
    this.main.drawing.reveal(this.state.step);
    active = this;
    writeAddress();
  }

  /** To the next step that is not folded away. */
  move(by) {
    const { place } = this.main.drawing, { step } = this.state, last = this.trace.steps.length - 1;
    let to = step === null ? (by > 0 ? 0 : last) : step + by;
    while (to > 0 && to < last && place.rows[place.rowOf[to]].folded) to += by;
    this.go(to);
  }

  hover(at) {
    if (this.hovered?.view === at?.view && this.hovered?.step === at?.step) return;
    this.hovered = at;
    this.select();
  }

  toggle(key) {
    if (key === "o") this.set({ view: this.state.view === "shown" ? "met" : "shown" });
    if (key === "p") this.set({ beside: !this.state.beside });
    if (key === "f") this.set({ fold: !this.state.fold });
    active = this;
    writeAddress();
  }

  select() {
    const { step } = this.state, { scene } = this.main;
    this.main.current = step;
    this.other.current = step !== null && step < scene.parting ? step : null;
    for (const view of [this.main, this.other]) {
      const at = this.hovered;
      view.hovered = at && (at.view === view || at.step < scene.parting) ? at.step : null;
    }
    for (const view of this.drawings) view.drawing.select(view.current, view.hovered);
    const total = scene.labels.at(-1)?.number ?? 0;
    this.counter.textContent = step === null ? `${total} steps` : `step ${scene.labels[step].label} of ${total}`;
    this.describe();
  }

  /** The card of the step that is looked at, and the state after it. */
  describe() {
    const view = this.hovered?.view ?? this.main, { trace, labels, lost } = view.scene;
    const index = this.hovered?.step ?? this.state.step;
    this.panel.classList.toggle("idle", index === null);
    const at = index ?? trace.steps.length - 1, step = trace.steps[at];
    if (!step) return;
    const link = (i) => {
      const words = `${labels[i].label} ${trace.threads[trace.steps[i].thread].name}`;
      return this.shared({ view, step: i }) ? element("button", { type: "button", class: "link", onclick: () => this.go(i) }, words) : words;
    };
    const facts = element("dl", {});
    const fact = (name, ...value) => facts.append(element("dt", {}, name), element("dd", {}, ...value));
    fact("thread", trace.threads[step.thread].name);
    if (step.object !== null) fact("object", step.object);
    if (step.found !== null) fact("found", element("code", {}, step.found));
    if (step.left !== null && step.left !== step.found) fact("left", element("code", {}, step.left));
    if (step.reads_from !== null) fact("from step", link(step.reads_from));
    if (lost.has(at)) fact("overwrites", link(lost.get(at)));
    const after = step.after.filter((a) => a !== step.reads_from);
    if (after.length) fact("after step", ...after.flatMap((a, n) => (n ? [", ", link(a)] : [link(a)])));
    if (step.place) {
      fact("place", element("span", { class: "path" }, `${step.place.file}:${step.place.line}:${step.place.column}`));
      const code = this.code.get(`${step.place.file}:${step.place.line}`);
      if (code !== undefined) facts.append(element("dd", { class: "code" }, element("code", {}, code)));
    }
    if (!step.matters) facts.append(element("dd", { class: "aside" }, "The failure would come about in this way without it."));
    const heading = index === null ? "At the end" : labels[at].label === "0" ? "Before step 1" : `Step ${labels[at].label}`;
    this.panel.replaceChildren(
      element("h3", {}, heading),
      ...(index === null ? [element("p", { class: "hint" }, "Hover over a step, or step with ", element("kbd", {}, "j"), " and ", element("kbd", {}, "k"), ".")]
        : [element("p", { class: "did" }, step.text), facts]),
      this.after(view.scene, at));
  }

  after({ trace, labels }, at) {
    const now = stateAfter(trace, at);
    const table = element("table", { class: "state" }, element("caption", {}, "state after it"));
    const line = (name, value, step, changed) => table.append(element("tr", { class: changed ? "changed" : null },
      element("th", { scope: "row" }, name), element("td", {}, value), element("td", { class: "number" }, step === null ? "" : labels[step].label)));
    for (const [name, { value, step, changed }] of now.values) line(name, value, step, step === at && changed);
    for (const [name, holders] of now.locks) {
      const who = holders.map((h) => trace.threads[h.thread].name).join(", ");
      line(name, who ? `held by ${who}` : "free", holders.at(-1)?.step ?? null, trace.steps[at].object === name);
    }
    for (const [name, count] of now.queues) line(name, `${count} waiting`, null, trace.steps[at].object === name);
    now.threads.forEach((what, t) => line(element("span", { class: "thread", style: `--hue:${hue(t)}` }, trace.threads[t].name), what, null, false));
    return table;
  }
}

let active = null;
const failures = [];

// ---- the address: #f1&step=7&view=met&beside&fold -----------------------------

function writeAddress() {
  if (!active) return;
  const { view, beside, step, fold } = active.state;
  const parts = [active.id];
  if (step !== null) parts.push(`step=${active.main.scene.labels[step].label}`);
  if (view !== "shown") parts.push(`view=${view}`);
  if (beside) parts.push("beside");
  if (fold) parts.push("fold");
  history.replaceState(null, "", `#${parts.join("&")}`);
}

function readAddress() {
  const [id, ...parts] = location.hash.slice(1).split("&");
  const failure = failures.find((f) => f.id === id);
  if (!failure) return;
  active = failure;
  const given = new Map(parts.map((part) => part.split("=", 2)));
  const change = {};
  if (given.has("view")) change.view = given.get("view");
  if (given.has("beside")) change.beside = true;
  if (given.has("fold")) change.fold = true;
  failure.set(change);
  const step = failure.main.scene.labels.findIndex((l) => l.label === given.get("step"));
  if (step >= 0) failure.go(step); else failure.section.scrollIntoView();
}

// ---- keys --------------------------------------------------------------------

/** The failure that keys are for: the one used last, if it can be seen, else the topmost that can. */
function current() {
  const seen = (f) => { const box = f.section.getBoundingClientRect(); return box.bottom > 120 && box.top < innerHeight - 120; };
  if (active && seen(active)) return active;
  return failures.find(seen) ?? active ?? failures[0];
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key } = event, inList = event.target.closest?.(".steps") !== null;
  if (key === "?") { help(); return; }
  if (key === "t") { look(); return; }
  if (document.querySelector("dialog[open]")) return;
  const failure = current();
  if (!failure) return;
  const does = {
    j: () => failure.move(1), k: () => failure.move(-1),
    o: () => failure.toggle("o"), p: () => failure.toggle("p"), f: () => failure.toggle("f"),
    n: () => jump(failure, 1), N: () => jump(failure, -1),
    Escape: () => { failure.set({ step: null }); writeAddress(); },
    // These scroll the page, unless it is the list of steps that has the focus.
    ...(inList ? { ArrowDown: () => failure.move(1), ArrowUp: () => failure.move(-1), Home: () => failure.go(0), End: () => failure.go(Infinity) } : {}),
  }[key];
  if (does) { event.preventDefault(); does(); }
}

function jump(failure, by) {
  const next = failures[failures.indexOf(failure) + by];
  if (!next) return;
  active = next;
  next.section.scrollIntoView();
  writeAddress();
}

function help() {
  const dialog = document.querySelector("dialog");
  if (dialog.open) dialog.close(); else dialog.showModal();
}

/** Light and dark follow the system until one is chosen. */
function look() {
  const root = document.documentElement;
  const dark = (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.style.colorScheme = dark ? "light" : "dark";
}

function start() {
  document.body.append(definitions());
  const keys = element("dl", {}, ...KEYS.flatMap(([key, words]) => [
    element("dt", {}, ...key.split(" ").flatMap((k) => [element("kbd", {}, k), " "])), element("dd", {}, words)]));
  const close = element("button", { type: "button", onclick: help }, "close");
  document.body.append(element("dialog", { "aria-label": "keys" }, element("h2", {}, "Keys"), keys, close));
  document.querySelector(".tools").append(
    element("button", { type: "button", onclick: look, title: "key t", "aria-label": "light or dark" }, "◐"),
    element("button", { type: "button", onclick: help, title: "key ?", "aria-label": "keys" }, "?"));
  for (const copied of document.querySelectorAll(".replay")) {
    const button = element("button", { type: "button", onclick: async () => {
      const code = copied.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      } catch {
        // Not every browser lets a file write to the clipboard.
        getSelection().selectAllChildren(code);
        button.textContent = "selected";
      }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    } }, "copy");
    copied.append(button);
  }
  for (const section of document.querySelectorAll("section.failure:has(script)")) failures.push(new Failure(section));
  addEventListener("keydown", pressed);
  addEventListener("hashchange", readAddress);
  let waiting = null;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => failures.forEach((f) => f.fit()), 100); });
  addEventListener("beforeprint", () => failures.flatMap((f) => f.drawings).forEach(({ drawing }) => drawing.print()));
  addEventListener("afterprint", () => failures.forEach((f) => {
    f.drawings.forEach(({ drawing }) => { drawing.printing = false; });
    f.fit(true);
    f.select();
  }));
  // The drawings in plain text stay until here: if this fails, they are left.
  document.documentElement.classList.add("drawn");
  readAddress();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

start();
