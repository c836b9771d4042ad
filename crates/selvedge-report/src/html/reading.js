// What can be read off an execution: pure functions of a trace.

/** The number under which each step is drawn: operations are counted. */
function numbered(trace) {
  let number = 0, after = 0;
  return trace.steps.map((step) => {
    if (step.kind === "operation") { number += 1; after = 0; } else { after += 1; }
    return { number, label: after ? `${number}.${after}` : `${number}` };
  });
}

/** `file:line` without the path. */
function shortPlace(place) {
  return place ? `${place.file.split("/").pop()}:${place.line}` : "";
}

/** The life of each thread: the steps that begin and end it. */
function lives(trace) {
  const { threads, steps } = trace;
  const named = (text) => threads.findIndex((t, i) => text === t.name && i > 0);
  const all = threads.map((_, i) => ({ born: i === 0 ? -1 : null, joined: null }));
  steps.forEach((step, i) => {
    const spawns = step.after.find((a) => steps[a].role === "spawn");
    if (spawns !== undefined && all[step.thread].born === null) all[step.thread].born = spawns;
    if (step.role === "join" && step.kind === "operation") {
      const child = named(step.text.replace(/^join /, ""));
      if (child >= 0 && all[child].joined === null) all[child].joined = i;
    }
  });
  steps.forEach((step, i) => {
    const child = step.role === "spawn" ? named(step.text.replace(/^spawn /, "")) : -1;
    if (child >= 0 && all[child].born === null) all[child].born = i;
    if (all[step.thread].born === null) all[step.thread].born = i;
  });
  return all;
}

/** Where locks are held: thread, lock, first and last step. */
function sections(trace) {
  const open = [], closed = [];
  trace.steps.forEach((step, i) => {
    if (step.kind !== "operation") return;
    const { thread, object } = step;
    if (step.role === "acquire") open.push({ thread, object, from: i, to: null });
    if (step.role === "release") {
      const at = open.findIndex((s) => s.thread === thread && s.object === object);
      if (at >= 0) closed.push({ ...open.splice(at, 1)[0], to: i });
    }
  });
  return closed.concat(open);
}

/** What the program says in the sections that decide: there the values are. */
function remarks(trace, held, decisive) {
  const inside = held.filter((s) => decisive.includes(s.from));
  const said = (step, i) => step.kind === "note"
    && inside.some((s) => s.thread === step.thread && s.from < i && (s.to === null || i < s.to));
  return new Set(trace.steps.flatMap((step, i) => (said(step, i) ? [i] : [])));
}

/** Where threads cannot go on: thread, first step, and last step or null for ever. */
function waits(trace, held) {
  const previous = trace.threads.map(() => null), found = [];
  trace.steps.forEach((step, i) => {
    const { thread, kind, role } = step, before = previous[thread];
    const wait = (from, to) => { if (to !== null && from < to) found.push({ thread, from, to }); };
    if (kind === "blocked") found.push({ thread, from: i, to: null });
    if (kind === "operation" && before !== null) {
      if (role === "acquire") {
        const others = held.filter((s) => s.thread !== thread && s.object === step.object);
        for (const s of others.filter((s) => s.to !== null && s.to < i && s.to > before)) {
          wait(Math.max(s.from, before), s.to);
        }
      }
      if (role === "receive" && step.reads_from !== null) wait(before, step.reads_from);
      if (role === "join") {
        const ends = step.after.filter((a) => trace.steps[a].thread !== thread);
        wait(before, ends.length ? Math.max(...ends) : null);
      }
    }
    previous[thread] = i;
  });
  return found;
}

/**
 * For each step that writes over what another thread has written since this
 * one looked: the step whose value is lost.
 */
function overwritten(trace) {
  const writer = new Map(), looked = new Map(), lost = new Map();
  trace.steps.forEach((step, i) => {
    if (step.kind !== "operation" || !step.object) return;
    const { thread, object, role } = step, mine = `${thread} ${object}`, last = writer.get(object);
    if (role === "write" && looked.has(mine) && last !== undefined
      && last > looked.get(mine) && trace.steps[last].thread !== thread) lost.set(i, last);
    if (role === "read" || role === "update") looked.set(mine, i);
    if (step.left !== null && step.left !== step.found) writer.set(object, i);
  });
  return lost;
}

/** What is the case after a step: values, locks, messages on their way, threads. */
function stateAfter(trace, upto) {
  const values = new Map(), locks = new Map(), queues = new Map();
  const threads = trace.threads.map((_, i) => (i === 0 ? "running" : "not begun"));
  const life = lives(trace);
  trace.steps.slice(0, upto + 1).forEach((step, i) => {
    const { object, role, thread } = step;
    threads[thread] = step.kind === "blocked" ? "waits for ever"
      : step.kind === "failure" && threads[thread] !== "waits for ever" ? "fails"
      : threads[thread] === "waits for ever" ? threads[thread] : "running";
    life.forEach((l, t) => {
      if (l.born === i && t !== thread && threads[t] === "not begun") threads[t] = "begun";
      if (l.joined === i) threads[t] = "joined";
    });
    if (step.kind !== "operation" || object === null) return;
    const seen = step.left ?? step.found;
    if (seen !== null) values.set(object, { value: seen, step: i, changed: step.left !== null && step.left !== step.found });
    const holders = locks.get(object) ?? [];
    if (role === "acquire") locks.set(object, [...holders, { thread, step: i }]);
    if (role === "release") {
      const at = holders.findIndex((h) => h.thread === thread);
      locks.set(object, holders.filter((_, n) => n !== at));
    }
    if (role === "send" || role === "receive") {
      const now = (queues.get(object) ?? 0) + (role === "send" ? 1 : -1);
      queues.set(object, Math.max(0, now));
    }
  });
  return { values, locks, queues, threads };
}

/** The first step at which two executions differ. */
function parting(one, other) {
  const same = (a, b) => a && b && a.text === b.text
    && one.threads[a.thread].name === other.threads[b.thread].name;
  let i = 0;
  while (i < one.steps.length && same(one.steps[i], other.steps[i])) i += 1;
  return i;
}

/** The arrows between threads: what must come before what, who reads what, what blocks. */
function arrows(trace) {
  const all = [];
  trace.steps.forEach((step, to) => {
    for (const from of step.after) {
      const earlier = trace.steps[from];
      if (earlier.role === "spawn" || step.role === "join" || from === step.reads_from) continue;
      if (earlier.thread === step.thread) continue;
      all.push({ from, to, kind: step.kind === "blocked" ? "blocks" : "after" });
    }
    if (step.reads_from !== null && trace.steps[step.reads_from].thread !== step.thread) {
      all.push({ from: step.reads_from, to, kind: "reads" });
    }
  });
  return all;
}
