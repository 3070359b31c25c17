"use strict";
// Comfort alone: without this the page says the same, and a reload brings what is new.
(() => {
  const EVERY = 2000, LOG_EVERY = 1000, LINES = 5000;
  const told = document.getElementById("ui-told");
  const box = document.querySelector("#ui-refresh input");
  const log = document.getElementById("ui-log");
  const live = document.querySelector("main [data-live]") !== null;
  if (!live) return;
  document.getElementById("ui-refresh").hidden = false;

  const tell = (text) => { if (told.textContent !== text) told.textContent = text; };
  const rests = () => document.hidden || !box.checked;

  const ask = async (address) => {
    const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
    if (answer.status === 403) throw new Error("this page is not let in any more: open the address on the terminal");
    if (!answer.ok) throw new Error("no news: the server answered " + answer.status);
    return answer;
  };

  const busy = (part) => {
    const chosen = document.getSelection();
    const selects = chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode);
    const types = part.contains(document.activeElement) && document.activeElement.matches("input, select");
    const set = part.querySelector('.drawing:hover, [aria-pressed="false"]') !== null;
    return selects || types || set || [...part.querySelectorAll("input")].some((input) => input.value !== "");
  };

  const folds = (part) => [...part.querySelectorAll("details")];
  const named = (fold, place) => (fold.id || (fold.querySelector("summary") || {}).textContent || place) + "";

  const shown = new Map();
  const replace = (part, fresh) => {
    if (shown.get(part.id) === fresh.innerHTML || busy(part)) return;
    shown.set(part.id, fresh.innerHTML);
    const open = new Map(folds(part).map((fold, place) => [named(fold, place), fold.open]));
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const copy = document.importNode(fresh, true);
    folds(copy).forEach((fold, place) => {
      if (open.has(named(fold, place))) fold.open = open.get(named(fold, place));
    });
    part.replaceChildren(...copy.childNodes);
    part.dispatchEvent(new Event("tfinfra-anew", { bubbles: true }));
    if (focused) {
      const again = [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    const text = await (await ask(location.href)).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh) replace(part, fresh);
    }
  };

  const follow = async () => {
    const answer = await ask(log.dataset.lines + "&after=" + encodeURIComponent(log.dataset.cursor));
    const news = await answer.json();
    log.dataset.cursor = news.next;
    document.getElementById("ui-log-note").textContent = news.note;
    if (!news.lines.length && !news.anew) return;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (news.anew) log.textContent = "";
    log.append(news.lines.map((line) => line + "\n").join(""));
    if (log.childNodes.length > 50) {
      const lines = log.textContent.split("\n");
      log.textContent = lines.slice(-LINES - 1).join("\n");
    }
    if (atEnd) log.scrollTop = log.scrollHeight;
  };

  const again = (work, pause) => {
    const turn = async () => {
      const begun = performance.now();
      if (!rests()) {
        try {
          await work();
          tell("");
        } catch (error) {
          tell(error instanceof TypeError ? "no news: tfinfra ui does not answer, or has ended" : error.message);
        }
      }
      setTimeout(turn, Math.max(pause, 10 * (performance.now() - begun)));
    };
    setTimeout(turn, pause);
  };

  for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.innerHTML);
  again(refresh, EVERY);
  if (log) {
    log.scrollTop = log.scrollHeight;
    again(follow, LOG_EVERY);
  }
})();
