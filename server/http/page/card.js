// One stream: its picture, figures, charts and ledger.

import { ask, streamPath } from "/static/api.js";
import { drawAreas, drawLine, SPAN_S } from "/static/chart.js";
import { element } from "/static/elements.js";
import { capital, count, percent, seconds, sinceNow, words } from "/static/format.js";
import { Picture } from "/static/picture.js";
import { Recordings } from "/static/recordings.js";

const NUM_CLASSES_TOLD = 5;
const LAST_S = 50; // the daemon shows no picture that is older than a minute
const NONE = "–";
const TITLES = {
  starting: "Starting",
  connecting: "Connecting",
  waiting: "Away",
  paused: "Paused",
  failed: "Given up",
  ended: "Ended",
};

export class Card {
  #points = [];

  // on: problem(sentence), remove(stream)
  constructor(stream, classes, on) {
    this.stream = stream;
    this.classes = classes;
    const template = document.getElementById("card");
    this.root = template.content.firstElementChild.cloneNode(true);
    this.root.dataset.stream = stream;
    this.parts = {};
    for (const part of this.root.querySelectorAll("[data-is]")) {
      this.parts[part.dataset.is] = part;
    }
    this.parts.name.textContent = stream;
    this.root.setAttribute("aria-label", `Stream ${stream}`);
    this.problem = this.root.querySelector(".problem");
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.#act(button, on));
    }
    this.picture = new Picture(this.root, stream);
    this.recordings = new Recordings(this.root, stream);
  }

  setHistory(points) {
    this.#points = points;
  }

  update(status, now) {
    this.status = status;
    const { parts } = this;
    this.root.dataset.state = status.state;
    this.picture.want(status.state === "running");
    const isUp = status.state === "running";
    const isHolding = isUp && status.overload !== "none";
    this.root.toggleAttribute("data-overload", isHolding);
    parts.state.textContent = isHolding ? `overload: ${status.overload}` : status.state;
    const isAway = status.state === "waiting" || status.state === "connecting";
    const hasLast = status.last_frame_at !== null && now - status.last_frame_at < LAST_S;
    if (isAway && hasLast) this.picture.showLast();
    parts.source.textContent = parts.source.title = status.source;
    this.#tellWhy(status, now);

    parts.fps.textContent = isUp ? status.fps_out.toFixed(1) : NONE;
    parts["fps-in"].textContent = isUp ? `of ${status.fps_in.toFixed(1)}` : "";
    const p95 = status.latency_s.p95;
    const isTimed = isUp && Number.isFinite(p95);
    parts.latency.textContent = isTimed ? Math.round(1000 * p95) : NONE;
    parts["latency-unit"].textContent = isTimed ? "ms" : "";
    const outages = Object.entries(status.reconnects).sort(([, a], [, b]) => b - a);
    parts.outages.textContent = count(outages.reduce((sum, [, times]) => sum + times, 0));
    parts["outages-of"].textContent = outages.length ? words(outages[0][0]) : "";
    parts["outages-of"].title = outages.map(([why, n]) => `${words(why)} ${n}`).join(", ");
    this.#tellLedger(status);
    this.recordings.update(status);
    this.#tellShares(status, now);
    const pause = this.root.querySelector("[data-do=pause]");
    pause.textContent = status.state === "paused" ? "Resume" : "Pause";
  }

  close() {
    this.picture.close();
    this.root.remove();
  }

  #tellWhy(status, now) {
    const { parts } = this;
    const isUp = status.state === "running";
    this.root.querySelector(".why").hidden = isUp;
    if (isUp) return;
    const isAway = status.reason && status.state !== "paused";
    parts.reason.textContent = isAway ? capital(words(status.reason)) : TITLES[status.state];
    const message = status.message ?? "";
    const prefix = `${status.source}: `;
    parts.message.textContent = message.startsWith(prefix)
      ? message.slice(prefix.length)
      : message;
    const since = `${status.state} for ${sinceNow(now - status.since)}`;
    const isDue = Number.isFinite(status.retry_in_s);
    parts.retry.textContent = isDue
      ? `${since}, next attempt in ${seconds(status.retry_in_s)}`
      : since;
  }

  #tellShares(status, now) {
    const { names, colours } = this.classes;
    const isUp = status.state === "running";
    const shares = names.map((name) => Math.round(1000 * (isUp ? status.shares[name] ?? 0 : 0)));
    const p95_ms = isUp ? Math.round(1000 * (status.latency_s.p95 ?? 0)) : 0;
    this.#points.push([now, isUp ? status.fps_out : 0, p95_ms, ...shares]);
    this.#points = this.#points.filter((point) => now - point[0] <= SPAN_S + 2);

    const areas = this.root.querySelector(".areas");
    drawAreas(areas, this.#points, now, colours);
    const ink = getComputedStyle(this.root).getPropertyValue("--accent");
    for (const canvas of this.root.querySelectorAll("[data-line]")) {
      drawLine(canvas, this.#points, now, Number(canvas.dataset.line), ink);
    }
    const order = names.map((_, i) => i).filter((i) => shares[i] > 0)
      .sort((a, b) => shares[b] - shares[a]).slice(0, NUM_CLASSES_TOLD);
    this.parts.shares.replaceChildren(...order.map((i) => {
      const item = element("span", names[i]);
      const chip = element("i", "", "chip");
      chip.style.background = colours[i];
      item.prepend(chip);
      item.append(element("b", percent(shares[i] / 1000)));
      return item;
    }));
    const told = order.map((i) => `${names[i]} ${percent(shares[i] / 1000)}`).join(", ");
    areas.setAttribute("aria-label", `Shares of the classes over two minutes; now ${told}`);
  }

  #tellLedger(status) {
    const sinks = Object.entries(status.sinks);
    const of = (sink, isLimit) => sink.dropped
      .filter(({ reason }) => (reason === "fps_limit") === isLimit)
      .reduce((sum, d) => sum + d.frames, 0);
    const lost = sinks.map(([, sink]) => of(sink, false));
    const dropped = Math.max(0, ...lost);
    const leftOut = Math.max(0, ...sinks.map(([, sink]) => of(sink, true))); // by max_fps
    const { parts } = this;
    parts.dropped.textContent = count(dropped);
    parts["dropped-of"].textContent = status.decoded ? percent(dropped / status.decoded) : "";
    parts.ledger.textContent = `${count(status.decoded)} decoded, ${count(dropped)} dropped`
      + (leftOut ? `, ${count(leftOut)} left out by max_fps` : "");
    if (!this.root.querySelector(".ledger").open) return;
    this.root.querySelector("tbody").replaceChildren(...sinks.map(([name, sink], row) => {
      const line = element("tr");
      const head = element("td", name);
      if (sink.state !== "ok") head.append(element("small", sink.state, "wrong"));
      const drops = element("td", count(lost[row]));
      for (const { stage, reason, frames } of sink.dropped) {
        drops.append(element("small", `${count(frames)} ${words(reason)} (${stage})`));
      }
      const cells = [sink.written, sink.in_flight].map((n) => element("td", count(n)));
      line.append(head, ...cells, drops);
      return line;
    }));
    const facts = [
      status.size && `picture ${status.size[1]}×${status.size[0]}`,
      status.network_size && `network ${status.network_size[1]}×${status.network_size[0]}`,
      ...["p50", "p99"].filter((q) => Number.isFinite(status.latency_s[q]))
        .map((q) => `${q} ${Math.round(1000 * status.latency_s[q])} ms`),
      ...Object.entries(status.reconnects).map(([why, n]) => `lost ${n}× ${words(why)}`),
      status.num_crashes && `started again ${status.num_crashes}×`,
      ...Object.entries(status.notes)
        .filter(([what]) => !what.startsWith("lost_")) // told above
        .map(([what, n]) => `${words(what)} ${count(n)}`),
    ];
    parts.facts.replaceChildren(...facts.filter(Boolean).map((fact) => element("li", fact)));
  }

  async #act(button, on) {
    const wanted = button.dataset.do;
    if (wanted === "remove") return on.remove(this.stream, button);
    const action = wanted === "pause" && this.status.state === "paused" ? "resume" : wanted;
    button.disabled = true;
    try {
      await ask("POST", `${streamPath(this.stream)}/${action}`);
      this.problem.textContent = "";
    } catch (failure) {
      this.problem.textContent = failure.message;
    } finally {
      button.disabled = false;
    }
  }
}
