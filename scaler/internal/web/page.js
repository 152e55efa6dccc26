"use strict";
// The script refreshes the page, shows local times, and shows the values of the charts
// under the pointer or by the arrow keys. Without it the page is whole and shows UTC.
(() => {
  const every = 10000;
  const left = 60, wide = 652; // of a chart's plot, as in chart.go
  const two = (n) => String(n).padStart(2, "0");
  const date = (d) => d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate());
  const local = (d) => date(d) + " " + two(d.getHours()) + ":" + two(d.getMinutes()) + ":" + two(d.getSeconds());
  const numbers = (text) => (text ? text.split(",").map(Number) : []);

  const times = (root) => {
    for (const t of root.querySelectorAll("time[datetime]")) {
      t.title = t.textContent;
      t.textContent = local(new Date(t.dateTime));
    }
    for (const zone of root.querySelectorAll(".zone")) {
      zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
    }
  };

  // ticks replaces the labels of a chart's x axis by labels at round local times.
  const minute = 60, hour = 3600, day = 86400;
  const steps = [1, 2, 5, 10, 30].map((n) => n * minute).concat([1, 2, 4, 12].map((n) => n * hour), [1, 2, 5].map((n) => n * day));
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const ticks = (svg) => {
    const axis = svg.querySelector("g.x");
    const from = Number(svg.dataset.from), to = Number(svg.dataset.to);
    const step = steps.find((s) => (to - from) / s < 8) || steps[steps.length - 1];
    const begin = new Date(from * 1000);
    begin.setHours(0, 0, 0, 0);
    const marks = [];
    for (let i = 0; i < 2000; i++) {
      const at = new Date(begin);
      if (step >= day) at.setDate(begin.getDate() + i * (step / day));
      else at.setMinutes(i * (step / minute));
      const seconds = at.getTime() / 1000;
      if (seconds >= to) break;
      const x = left + (wide * (seconds - from)) / (to - from);
      if (x > left + 15 && x < left + wide - 15) {
        marks.push([x, step >= day ? at.getDate() + " " + months[at.getMonth()] : two(at.getHours()) + ":" + two(at.getMinutes())]);
      }
    }
    const make = (name, attributes, text) => {
      const e = document.createElementNS(svg.namespaceURI, name);
      for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
      if (text !== undefined) e.textContent = text;
      return e;
    };
    axis.replaceChildren(...marks.flatMap(([x, text]) => [
      make("line", { class: "grid", x1: x, x2: x, y1: 14, y2: axis.dataset.base }),
      make("text", { x: x, y: 236, "text-anchor": "middle" }, text),
    ]));
    svg.append(make("line", { class: "cursor", y1: 14, y2: axis.dataset.base, visibility: "hidden" }));
  };

  // show writes the values of the point with that index below the chart.
  const show = (svg, index) => {
    const at = numbers(svg.dataset.times);
    const out = svg.parentElement.querySelector("output");
    const cursor = svg.querySelector("line.cursor");
    if (index < 0 || at.length === 0) {
      out.textContent = "";
      cursor.setAttribute("visibility", "hidden");
      delete svg.dataset.at;
      return;
    }
    index = Math.min(index, at.length - 1);
    const from = Number(svg.dataset.from), to = Number(svg.dataset.to);
    const x = left + (wide * (at[index] - from)) / (to - from);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.setAttribute("visibility", "visible");
    const values = [...svg.querySelectorAll("path")].map((p) => p.dataset.name + " " + numbers(p.dataset.values)[index]);
    out.textContent = local(new Date(at[index] * 1000)) + ": " + values.join(", ");
    svg.dataset.at = String(at[index]);
  };
  // indexAt returns the index of the last point that is not later than a time.
  const indexAt = (svg, seconds) => numbers(svg.dataset.times).findLastIndex((t) => t <= seconds);

  const prepare = (root) => {
    times(root);
    for (const svg of root.querySelectorAll("svg")) {
      ticks(svg);
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        const x = ((event.clientX - box.left) / box.width) * 720;
        const from = Number(svg.dataset.from), to = Number(svg.dataset.to);
        show(svg, Math.max(0, indexAt(svg, from + ((x - left) / wide) * (to - from))));
      });
      svg.addEventListener("pointerleave", () => show(svg, -1));
      svg.addEventListener("keydown", (event) => {
        const last = numbers(svg.dataset.times).length - 1;
        const now = svg.dataset.at === undefined ? last + 1 : indexAt(svg, Number(svg.dataset.at));
        const to = { ArrowLeft: Math.max(0, now - 1), ArrowRight: Math.min(last, now + 1), Home: 0, End: last, Escape: -1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        show(svg, to);
      });
    }
  };

  let failures = 0;
  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok && answer.status !== 404) throw new Error("status " + answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (fresh === null) throw new Error("another page came");
      prepare(fresh);
      const old = document.getElementById("live");
      const focused = document.activeElement && document.activeElement.closest("figure");
      for (const svg of old.querySelectorAll("svg[data-at]")) { // the reader goes on at the same time
        const same = fresh.querySelector("#" + CSS.escape(svg.parentElement.id) + " svg");
        if (same !== null) show(same, indexAt(same, Number(svg.dataset.at)));
      }
      old.replaceWith(fresh);
      if (focused) document.getElementById(focused.id)?.querySelector("svg").focus({ preventScroll: true });
      failures = 0;
    } catch (error) {
      failures += 1;
      const health = document.getElementById("health");
      health.className = "bad";
      health.textContent = "The scaler does not answer (" + error.message + "); what is below is old.";
    }
    document.documentElement.dataset.refreshed = String(failures === 0);
    setTimeout(refresh, every);
  };
  prepare(document.getElementById("live"));
  setTimeout(refresh, every);
})();
