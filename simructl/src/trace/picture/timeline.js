// SPDX-License-Identifier: GPL-2.0-only
// What the page of a trace does beyond showing: it zooms and moves the timeline, explains its marks, and highlights the
// way of another event. All that it knows of the trace it reads from the page: marks and steps have their times in
// nanoseconds since the begin of the trace. Places are found by the same rules as in drawing.rs.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const [frame, svg, ticks, unit, way] = ["frame", "timeline", "ticks", "unit", "way"].map(byId);
  const [left, right, top, rowHeight, numberAt, radius, barAt, bar, bottom] = svg.dataset.sizes.split(" ").map(Number);
  const height = Number(svg.dataset.height);
  const length = Number(svg.dataset.length);
  const events = [...document.querySelectorAll("#ways tr")];
  const LEAST_NS = 100;
  let width = 760;
  // What is shown, in nanoseconds since the begin.
  let view = { from: Number(svg.dataset.from), to: Number(svg.dataset.to) };
  let chosen = events.findIndex((event) => event.hasAttribute("aria-current"));

  const marks = [...document.querySelectorAll(".mark")].map((element) => ({
    element,
    rect: element.querySelector("rect"),
    text: element.querySelector("text"),
    from: Number(element.dataset.from),
    to: Number(element.dataset.to),
    line: element.dataset.line,
    first: Number(element.dataset.first),
    last: Number(element.dataset.last),
    isMine: !element.querySelector("rect").hasAttribute("fill-opacity"),
  }));

  // Everything, with some room at both ends.
  const room = Math.max(length * 0.03, LEAST_NS);
  const whole = { from: Math.min(view.from, -room), to: Math.max(view.to, length + room) };

  const px = (value) => Math.round(value * 10) / 10;
  const shareOf = (ns) => Math.min(Math.max((ns - view.from) / (view.to - view.from), 0), 1);
  const place = (ns) => left + (width - left - right) * shareOf(ns);
  const set = (element, values) => {
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
    return element;
  };
  const make = (name, values) => set(document.createElementNS(svg.namespaceURI, name), values);
  const toggle = (element, isShown) => {
    if (isShown) element.removeAttribute("display");
    else element.setAttribute("display", "none");
  };

  // The steps of the highlighted event, by time.
  const steps = () => {
    if (chosen < 0) return [];
    const cells = [...events[chosen].querySelectorAll("[data-at]")];
    const found = cells.map((cell) => ({ ...cell.dataset, at: Number(cell.dataset.at), row: Number(cell.dataset.row) }));
    return found.sort((one, other) => one.at - other.at);
  };
  const due = () => {
    const found = steps().find((step) => step.step === "due");
    return found ? found.at : 0;
  };

  const drawMarks = () => {
    for (const mark of marks) {
      const isShown = mark.to >= view.from && mark.from <= view.to;
      toggle(mark.element, isShown);
      if (!isShown) continue;
      const from = place(mark.from);
      const size = Math.max(place(mark.to) - from, 2);
      set(mark.rect, { x: px(from), width: px(size) });
      if (mark.isMine) mark.rect.removeAttribute("fill-opacity");
      else mark.rect.setAttribute("fill-opacity", "0.3");
      if (!mark.text) continue;
      mark.text.setAttribute("x", px(from + 4));
      toggle(mark.text, mark.isMine && size >= Number(mark.text.dataset.room));
    }
  };

  // The next of 1, 2, 5, 10 and so on that is not less.
  const nice = (step) => {
    const magnitude = 10 ** Math.floor(Math.log10(step));
    return [1, 2, 5, 10].find((part) => part * magnitude >= step * 0.999) * magnitude;
  };
  const drawTicks = () => {
    const zero = due();
    const [low, high] = [view.from - zero, view.to - zero].map((ns) => ns / 1000);
    const step = nice((high - low) / Math.max((width - left - right) / 100, 2));
    const decimals = Math.max(-Math.floor(Math.log10(step)), 0);
    ticks.replaceChildren();
    for (let at = Math.ceil(low / step); at * step <= high; at += 1) {
      const x = px(place(at * step * 1000 + zero));
      const text = make("text", { x, y: bottom + 8, dy: ".76em" });
      text.textContent = (at * step).toFixed(decimals);
      ticks.append(make("line", { x1: x, y1: top, x2: x, y2: bottom + 4, stroke: "var(--grid)" }), text);
    }
    byId("shown").textContent = `shown: ${low.toFixed(3)} to ${high.toFixed(3)} µs`;
  };

  // Numbers of a lane that would lie upon each other are moved apart.
  const apart = (places) => {
    const needed = 2 * radius + 1;
    let least = left - right;
    for (const one of places) {
      one.number = Math.max(one.number, least);
      least = one.number + needed;
    }
    let most = width - radius - 1;
    for (const one of [...places].reverse()) {
      one.number = Math.min(one.number, most);
      most = one.number - needed;
    }
  };
  const drawWay = () => {
    const all = steps().map((step, at) => {
      const x = place(step.at);
      const lane = top + step.row * rowHeight;
      const isShown = step.at >= view.from && step.at <= view.to;
      return { x, y: lane + barAt + bar / 2, lane, row: step.row, number: x, label: at + 1, isShown };
    });
    const shown = all.filter((one) => one.isShown);
    for (const row of new Set(shown.map((one) => one.row))) apart(shown.filter((one) => one.row === row));
    const ink = "var(--text)";
    const points = all.map((one) => `${px(one.x)},${px(one.y)}`).join(" ");
    way.replaceChildren(make("polyline", { points, fill: "none", stroke: ink, "stroke-width": 1.5 }));
    for (const one of shown) {
      const y = px(one.lane + numberAt);
      const text = make("text", { x: px(one.number), y, dy: ".35em", fill: "var(--ground)" });
      text.textContent = one.label;
      way.append(
        make("line", { x1: px(one.number), y1: y, x2: px(one.x), y2: px(one.y - bar / 2), stroke: ink }),
        make("circle", { cx: px(one.x), cy: px(one.y), r: 3, fill: ink }),
        make("circle", { cx: px(one.number), cy: y, r: radius, fill: ink }),
        text,
      );
    }
  };

  const draw = () => {
    // A narrower window shows all of it smaller: the legend needs this much.
    if (svg.clientWidth > 0) width = Math.max(svg.clientWidth, 440);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawMarks();
    drawTicks();
    drawWay();
  };
  let isPlanned = false;
  const plan = () => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      draw();
    });
  };

  // Shows a span of time, within the whole.
  const show = (from, to) => {
    const most = whole.to - whole.from;
    const size = Math.min(Math.max(to - from, LEAST_NS), most);
    const middle = (from + to) / 2;
    const begin = Math.min(Math.max(middle - size / 2, whole.from), whole.to - size);
    view = { from: begin, to: begin + size };
    plan();
  };
  const focused = () => marks.find((mark) => mark.element === document.activeElement);
  const middle = () => {
    const mark = focused();
    const isShown = mark && mark.to >= view.from && mark.from <= view.to;
    return isShown ? (mark.from + mark.to) / 2 : (view.from + view.to) / 2;
  };
  // `at` stays where it is.
  const zoom = (factor, at = middle()) => {
    const size = Math.min(Math.max((view.to - view.from) * factor, LEAST_NS), whole.to - whole.from);
    const from = at - ((at - view.from) * size) / (view.to - view.from);
    show(from, from + size);
  };
  const move = (share) => {
    const by = (view.to - view.from) * share;
    show(view.from + by, view.to + by);
  };
  const showEvent = () => {
    const all = steps();
    if (all.length === 0) return show(whole.from, whole.to);
    const [from, to] = [all[0].at, all[all.length - 1].at];
    const margin = Math.max((to - from) * 0.07, LEAST_NS);
    return show(from - margin, to + margin);
  };

  const choose = (at) => {
    if (at < 0 || at >= events.length) return;
    if (chosen >= 0) events[chosen].removeAttribute("aria-current");
    chosen = at;
    const event = events[at];
    event.setAttribute("aria-current", "true");
    const all = steps();
    const [line, seq, begin, end] = [event.dataset.line, Number(event.dataset.seq), all[0].at, all[all.length - 1].at];
    for (const mark of marks) {
      const isMeanwhile = mark.from >= begin && mark.from <= end;
      mark.isMine = mark.line === line && mark.first <= seq && mark.last >= seq && isMeanwhile;
    }
    const micros = (step) => ((step.at - due()) / 1000).toFixed(3);
    const rows = all.map((step) => {
      const row = document.createElement("li");
      row.textContent = `${step.step}, ${micros(step)} µs: ${step.words}`;
      return row;
    });
    byId("key").replaceChildren(...rows);
    byId("way-name").textContent = event.dataset.name;
    byId("timeline-name").textContent = `The way of ${event.dataset.name}: ${micros(all[all.length - 1])} µs`;
    const told = all.map((step) => `At ${micros(step)} µs ${step.words}.`);
    byId("timeline-about").textContent = ["Lanes for the contexts of each CPU, with time to the right.", ...told].join(" ");
    unit.textContent = `µs since ${event.dataset.name} was due`;
    showEvent();
  };

  const explain = (mark) => {
    byId("details").textContent = mark.element.querySelector("title").textContent;
  };
  const markOf = (target) => marks.find((mark) => mark.element.contains(target));
  const chooseOf = (mark) => {
    const isOf = (event) => event.dataset.line === mark.line && Number(event.dataset.seq) === mark.first;
    choose(events.findIndex(isOf));
  };
  const goTo = (mark) => {
    if (mark.to < view.from || mark.from > view.to) {
      const half = (view.to - view.from) / 2;
      show(mark.from - half, mark.from + half);
      draw();
    }
    mark.element.focus({ preventScroll: true });
  };
  // From mark to mark, in the order of time.
  const step = (by) => {
    const at = marks.indexOf(focused());
    const first = marks.findIndex((mark) => mark.to >= view.from);
    const next = at < 0 ? Math.max(first, 0) : at + by;
    if (marks[next]) goTo(marks[next]);
  };

  const ACTIONS = {
    in: () => zoom(0.5),
    out: () => zoom(2),
    earlier: () => move(-0.2),
    later: () => move(0.2),
    event: showEvent,
    all: () => show(whole.from, whole.to),
    previous: () => choose(chosen - 1),
    next: () => choose(chosen + 1),
  };
  const KEYS = {
    "+": ACTIONS.in,
    "=": ACTIONS.in,
    "-": ACTIONS.out,
    "−": ACTIONS.out,
    ArrowLeft: ACTIONS.earlier,
    ArrowRight: ACTIONS.later,
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => focused() && chooseOf(focused()),
    Home: ACTIONS.event,
    0: ACTIONS.all,
    n: ACTIONS.next,
    p: ACTIONS.previous,
    Escape: () => frame.focus(),
  };

  frame.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (!action || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    action();
  });
  frame.addEventListener("focusin", (event) => {
    const mark = markOf(event.target);
    if (mark) explain(mark);
  });
  frame.addEventListener("pointerover", (event) => {
    const mark = markOf(event.target);
    if (mark) explain(mark);
  });
  frame.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      const share = ((event.clientX - box.left) * width) / box.width - left;
      const at = view.from + ((view.to - view.from) * share) / (width - left - right);
      zoom(2 ** (event.deltaY / 200), at);
    },
    { passive: false },
  );

  // A press that moves drags; one that does not is a click.
  let press = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button === 0) press = { x: event.clientX, view, hasMoved: false };
  });
  frame.addEventListener("pointermove", (event) => {
    if (!press) return;
    const by = event.clientX - press.x;
    if (!press.hasMoved && Math.abs(by) > 3) {
      press.hasMoved = true;
      frame.setPointerCapture(event.pointerId);
    }
    if (!press.hasMoved) return;
    const ns = ((press.view.to - press.view.from) * by) / (svg.clientWidth * (1 - (left + right) / width));
    show(press.view.from - ns, press.view.to - ns);
  });
  frame.addEventListener("pointerup", (event) => {
    const mark = press && !press.hasMoved && markOf(event.target);
    press = null;
    if (mark) chooseOf(mark);
  });
  frame.addEventListener("pointercancel", () => {
    press = null;
  });

  const tools = byId("tools");
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) ACTIONS[button.dataset.do]();
  });
  for (const [at, event] of events.entries()) {
    const button = event.querySelector("button");
    button.disabled = false;
    button.addEventListener("click", () => choose(at));
  }
  new ResizeObserver(plan).observe(frame);
  draw();
})();
