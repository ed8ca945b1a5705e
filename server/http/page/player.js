// Plays fragments as they come, close behind the newest.

const KEPT_S = 10;
const MAX_WAITING = 120;

export class Player {
  #queue = [];
  #buffer = null;
  #gap = 0.2;
  #lastAt = 0;
  #isClosed = false;

  constructor(video, source, codec, handlers) {
    this.video = video;
    this.source = source;
    this.handlers = handlers;
    this.url = URL.createObjectURL(source);
    source.addEventListener("sourceopen", () => {
      if (this.#isClosed) return;
      this.#buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
      this.#buffer.addEventListener("updateend", () => this.#settle());
      this.#pump();
    }, { once: true });
    video.onplaying = () => this.handlers.playing();
    video.onerror = () => this.#fail();
    video.src = this.url;
  }

  append(fragment) {
    const now = performance.now();
    if (this.#lastAt) {
      const gap = Math.min(2, (now - this.#lastAt) / 1000);
      this.#gap += (gap - this.#gap) / 8;
    }
    this.#lastAt = now;
    this.#queue.push(fragment);
    if (this.#queue.length > MAX_WAITING) this.#fail();
    else this.#pump();
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.video.onerror = this.video.onplaying = null;
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
  }

  #pump() {
    if (this.#isClosed || !this.#buffer || this.#buffer.updating) return;
    if (!this.#queue.length) return;
    try {
      this.#buffer.appendBuffer(this.#queue.shift());
    } catch {
      this.#fail();
    }
  }

  #settle() {
    if (this.#isClosed) return;
    this.#follow();
    const { buffered, currentTime } = this.video;
    if (buffered.length && currentTime - buffered.start(0) > KEPT_S) {
      this.#buffer.remove(0, currentTime - KEPT_S / 2);
      return; // and settle again
    }
    this.#pump();
  }

  // Stay two fragments behind the newest: hurry a little, or jump when far.
  #follow() {
    const { video } = this;
    const { buffered } = video;
    if (!buffered.length) return;
    const newest = buffered.end(buffered.length - 1);
    const oldest = buffered.start(buffered.length - 1);
    const wanted = Math.min(2, Math.max(0.12, 1.5 * this.#gap));
    const behind = newest - video.currentTime;
    if (video.currentTime < oldest || behind > wanted + 1) {
      video.currentTime = Math.max(oldest, newest - wanted);
    }
    video.playbackRate = behind > wanted + 0.25 ? 1.1 : 1;
    if (video.paused) video.play().catch(() => {});
  }

  #fail() {
    if (!this.#isClosed) this.handlers.failed();
  }
}
