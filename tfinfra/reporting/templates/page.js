"use strict";
// What a page has beside its text: values under the pointer, curves that can be hidden, a filter for logs.
(() => {
  const SHOWN = 8;

  const pointsOf = (path) =>
    (path.getAttribute("d").match(/-?\d+ -?\d+/g) || []).map((pair) => pair.split(" ").map(Number));

  const nearest = (points, at) => {
    let low = 0, high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= at) low = middle; else high = middle;
    }
    return Math.abs(points[low][0] - at) <= Math.abs(points[high][0] - at) ? points[low] : points[high];
  };

  const rounded = (value, span) => {
    const digits = Math.max(0, Math.min(8, 3 - Math.floor(Math.log10(span || 1))));
    return Math.abs(value) >= 1e6 ? value.toPrecision(4) : value.toFixed(digits);
  };

  const follow = (chart) => {
    const drawing = chart.querySelector(".drawing");
    const lines = [...chart.querySelectorAll("path.line")].reverse().map((path) => ({ path, points: pointsOf(path) }));
    const [left, right, low, high] = ["left", "right", "low", "high"].map((name) => Number(chart.dataset[name]));
    const cursor = document.createElement("div"), values = document.createElement("div");
    cursor.className = "cursor";
    values.className = "values";
    cursor.hidden = values.hidden = true;
    drawing.append(cursor, values);
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * 1000, up = ((event.clientY - box.top) / box.height) * 400;
      const found = lines.filter(({ path, points }) => !path.hasAttribute("hidden") && points.length)
        .map(({ path, points }) => ({ label: path.dataset.label, point: nearest(points, at) }))
        .sort((one, other) => Math.abs(one.point[1] - up) - Math.abs(other.point[1] - up)).slice(0, SHOWN)
        .sort((one, other) => one.point[1] - other.point[1]);
      if (!found.length) return;
      const x = found[0].point[0];
      const along = left + (x / 1000) * (right - left);
      const where = chart.dataset.across === "time" ? `${along.toFixed(1)} s` : Math.round(along);
      values.textContent = [`${chart.dataset.across} ${where}`,
        ...found.map(({ label, point }) => `${label}: ≈ ${rounded(low + (1 - point[1] / 400) * (high - low), high - low)}`),
      ].join("\n");
      cursor.hidden = values.hidden = false;
      cursor.style.left = `${x / 10}%`;
      values.style.left = x < 500 ? `calc(${x / 10}% + 8px)` : "auto";
      values.style.right = x < 500 ? "auto" : `calc(${100 - x / 10}% + 8px)`;
    });
    drawing.addEventListener("pointerleave", () => { cursor.hidden = values.hidden = true; });
  };

  const toggles = (chart) => {
    const paths = [...chart.querySelectorAll("path.line")];
    for (const item of chart.querySelectorAll(".legend li")) {
      const colour = [...item.querySelector(".key").classList].find((name) => name !== "key");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...item.childNodes);
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        for (const path of paths) if (path.classList.contains(colour)) path.toggleAttribute("hidden", !on);
      });
      item.append(button);
    }
  };

  const filters = (log) => {
    const text = log.querySelector("pre");
    if (!text) return;
    const all = text.textContent.split("\n");
    if (all.length < 10) return;
    const label = document.createElement("label"), input = document.createElement("input"), told = document.createElement("span");
    label.className = "filter";
    input.type = "search";
    told.setAttribute("role", "status");
    label.append("Filter", input, told);
    text.before(label);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      const found = all.filter((line) => line.toLowerCase().includes(wanted));
      text.textContent = found.join("\n");
      told.textContent = wanted ? `${found.length} of ${all.length}` : "";
    });
  };

  const begin = (part) => {
    for (const chart of part.querySelectorAll(".chart[data-across]")) {
      follow(chart);
      toggles(chart);
    }
    for (const log of part.querySelectorAll(".log")) filters(log);
  };

  begin(document);
  // A page that brings parts of it anew says so
  document.addEventListener("tfinfra-anew", (event) => begin(event.target));
})();
