// Where things stand: rows below each other, threads beside each other.

const LINE = 18, PAD = 8, GUTTER = 58;

/** How wide a character of the drawing is, in pixels. */
const glyph = (() => {
  let known = null;
  return () => {
    if (known === null) {
      const context = document.createElement("canvas").getContext("2d");
      const probe = document.createElement("span");
      probe.className = "row";
      document.body.append(probe);
      context.font = getComputedStyle(probe).font;
      probe.remove();
      known = context.measureText("m".repeat(100)).width / 100 || 7.5;
    }
    return known;
  };
})();

/** How many lines a text takes, broken at spaces. */
function lineCount(text, room) {
  const columns = Math.max(6, Math.floor(room / glyph()));
  let lines = 0;
  for (const paragraph of text.split("\n")) {
    let used = 0;
    lines += 1;
    for (const word of paragraph.split(" ")) {
      let length = [...word].reduce((n, c) => n + (c > "\u2fff" ? 2 : 1), 0);
      if (used > 0 && used + 1 + length > columns) { lines += 1; used = 0; }
      while (length > columns) { lines += 1; length -= columns; }
      used += (used > 0 ? 1 : 0) + length;
    }
  }
  return lines;
}

/** The room that four of five steps need to be told in one line. */
function need(trace) {
  const lengths = trace.steps.map((step) => step.text.length).sort((a, b) => a - b);
  const most = lengths[Math.floor(lengths.length * 0.8)] ?? 0;
  return Math.min(250, Math.max(130, (most + 1) * glyph() + 44));
}

/** Lanes: if there is room a thread's steps are told in its lane, else all at the right. */
function lanes(trace, width) {
  const count = trace.threads.length;
  const places = width > 760 ? 130 : 0;
  const room = width - GUTTER - places - 8;
  const wide = room / count >= need(trace);
  const lane = wide ? room / count : Math.max(16, Math.min(44, (room * 0.4) / count));
  const x = Array.from({ length: count }, (_, i) => GUTTER + i * lane + (wide ? 14 : lane / 2));
  const right = width - places - 8;
  const told = (thread) => {
    const left = wide ? x[thread] + 16 : GUTTER + count * lane + 10;
    return { left, width: (wide ? x[thread] - 14 + lane : right) - left - (wide ? 14 : 0) };
  };
  return { x, wide, right, places, told, width };
}

/** The text of a row: what was done, and what it writes over. */
function told(scene, index) {
  const { trace, lost, labels } = scene;
  const step = trace.steps[index];
  const parts = { text: step.kind === "note" ? `» ${step.text}` : step.text, lost: "" };
  if (lost.has(index)) {
    const earlier = trace.steps[lost.get(index)];
    parts.lost = `overwrites ${earlier.left} of ${trace.threads[earlier.thread].name}, step ${labels[lost.get(index)].label}`;
  }
  return parts;
}

/** Rows with their heights; steps that do not matter become one row when folded. */
function layout(scene, width) {
  const { trace, fold } = scene;
  const grid = lanes(trace, width);
  const rows = [], rowOf = new Array(trace.steps.length);
  let y = 6;
  const push = (row, height) => { rows.push({ ...row, y, height }); y += height; };
  trace.steps.forEach((step, index) => {
    const hidden = fold && !step.matters && !scene.decisive.includes(index);
    if (hidden) {
      const last = rows.at(-1);
      if (last?.folded) last.folded.push(index); else push({ folded: [index] }, LINE + PAD);
    } else {
      if (index === scene.parting) push({ parts: true }, LINE + PAD);
      const box = grid.told(step.thread);
      const parts = told(scene, index);
      const name = grid.wide ? "" : `${trace.threads[step.thread].name.replaceAll(" ", "x")}x `;
      let height = LINE * lineCount(name + parts.text, box.width) + PAD;
      if (parts.lost) height += LINE * lineCount(parts.lost, box.width - 14) + 4;
      if (step.kind === "failure") {
        height = LINE * lineCount(step.text, grid.right - GUTTER - 28) + 40;
      }
      push({ step: index }, height);
    }
    rowOf[index] = rows.length - 1;
  });
  if (scene.parting === trace.steps.length) push({ parts: true }, LINE + PAD);
  const middle = (index) => {
    const row = rows[rowOf[index]];
    return row.y + (trace.steps[index].kind === "failure" && !row.folded ? 10 : (LINE + PAD) / 2);
  };
  return { ...grid, rows, rowOf, middle, height: y + 8 };
}
