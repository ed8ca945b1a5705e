// The finished files of a stream: a line for those that begin together, newest first.

import { ask, streamPath } from "/static/api.js";
import { element } from "/static/elements.js";
import { bytes, clock, sinceNow } from "/static/format.js";

const KINDS = ["video", "mask", "records"];
const PAGE = 30; // files
const PERIOD_MS = 15_000;

export class Recordings {
  #next = null;
  #shownAt = 0;
  #isAsking = false;
  #isBack = false; // among earlier files, where nothing should move

  constructor(card, stream) {
    this.path = `${streamPath(stream)}/recordings`;
    this.root = card.querySelector(".recordings");
    this.list = this.root.querySelector("ul");
    this.told = card.querySelector("[data-is=recordings]");
    this.earlier = this.root.querySelector("button");
    this.earlier.addEventListener("click", () => this.#show(this.#next));
    this.root.addEventListener("toggle", () => this.root.open && this.#show());
  }

  // Told every second.
  update(status) {
    this.root.hidden = !KINDS.some((kind) => kind in status.sinks);
    const isDue = performance.now() - this.#shownAt > PERIOD_MS;
    if (this.root.open && isDue && !this.#isBack) this.#show();
  }

  async #show(before = null) {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#shownAt = performance.now();
    this.#isBack = before !== null;
    try {
      const query = before ? `&before=${encodeURIComponent(before)}` : "";
      const page = await ask("GET", `${this.path}?limit=${PAGE}${query}`);
      if (!before) this.list.replaceChildren();
      this.#append(page.recordings);
      this.#next = page.next;
      this.earlier.hidden = page.next === null;
      const isEmpty = !this.list.childElementCount;
      this.told.textContent = isEmpty ? "no file is finished yet" : "";
    } catch (failure) {
      this.told.textContent = failure.message;
    } finally {
      this.#isAsking = false;
    }
  }

  #append(files) {
    for (const file of files) {
      let line = this.list.lastElementChild;
      if (line?.dataset.start !== String(file.start)) {
        line = element("li");
        line.dataset.start = file.start;
        line.append(element("time", clock(file.start)), element("span", "", "length"));
        line.append(element("p"));
        this.list.append(line);
      }
      if (file.is_cut) line.dataset.cut = "";
      const length = sinceNow(file.duration_s);
      line.querySelector(".length").textContent = "cut" in line.dataset ? `${length}, cut` : length;
      line.querySelector("p").append(this.#link(file));
    }
  }

  #link(file) {
    const link = element("a", file.kind);
    link.href = `${this.path}/${encodeURIComponent(file.name)}`;
    const isPlayable = file.name.endsWith(".mp4");
    if (isPlayable) link.target = "_blank";
    else link.download = "";
    link.title = `${isPlayable ? "Play" : "Download"}, ${file.frames} frames`;
    const item = element("span");
    item.dataset.kind = file.kind;
    item.append(link, element("small", bytes(file.bytes)));
    return item;
  }
}
