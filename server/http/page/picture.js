// A stream's picture: fragmented MP4 into a <video>, or JPEGs onto a <canvas> where the
// browser cannot play that. Watches only while somebody can see it.

import { openSocket, streamPath } from "/static/api.js";
import { codecOf, isInit } from "/static/mp4.js";
import { Player } from "/static/player.js";

const MediaSourceClass = self.ManagedMediaSource ?? self.MediaSource;
const MAX_FAILURES = 3;

export class Picture {
  #socket = null;
  #player = null;
  #retry = 0;
  #wait = 1000;
  #failures = 0;
  #isWanted = false;
  #isSeen = false;
  #isDrawing = false;
  #hasLast = false;

  constructor(card, stream) {
    this.card = card;
    this.stream = stream;
    this.video = card.querySelector("video");
    this.canvas = card.querySelector(".still");
    this.observer = new IntersectionObserver(([entry]) => {
      this.#isSeen = entry.isIntersecting;
      this.#decide();
    }, { rootMargin: "200px" });
    this.observer.observe(card);
    this.onVisibility = () => this.#decide();
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  // There is something to watch.
  want(isWanted) {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.#decide();
  }

  // Show what was seen last, where there is nothing to watch.
  async showLast() {
    if (this.#hasLast || this.card.classList.contains("still")) return;
    this.#hasLast = true;
    try {
      const answer = await fetch(`${streamPath(this.stream)}/snapshot.jpg`);
      if (answer.ok && !this.#isWanted) await this.#draw(await answer.arrayBuffer());
    } catch {
      this.#hasLast = false;
    }
  }

  close() {
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.#isWanted = false;
    this.#decide();
  }

  #decide() {
    const may = this.#isWanted && this.#isSeen && document.visibilityState === "visible";
    if (may && !this.#socket && !this.#retry) this.#watch();
    if (!may) this.#leave();
  }

  #watch() {
    const isMp4 = MediaSourceClass !== undefined && this.#failures < MAX_FAILURES;
    const path = `${streamPath(this.stream)}/preview${isMp4 ? "" : "?format=jpeg"}`;
    const socket = (this.#socket = openSocket(path));
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#wait = 1000;
      if (isMp4) this.#play(data);
      else this.#draw(data);
    };
    socket.onclose = () => socket === this.#socket && this.#again();
  }

  #play(data) {
    if (isInit(data)) {
      const codec = codecOf(data);
      if (!codec || !MediaSourceClass.isTypeSupported(`video/mp4; codecs="${codec}"`)) {
        this.#failures = MAX_FAILURES;
        return this.#again(0);
      }
      this.#keepStill();
      this.#player?.close();
      this.#player = new Player(this.video, new MediaSourceClass(), codec, {
        playing: () => this.card.classList.remove("still"),
        failed: () => {
          this.#failures += 1;
          this.#again();
        },
      });
    }
    this.#player?.append(data);
  }

  async #draw(data) {
    if (this.#isDrawing) return; // the next one is newer
    this.#isDrawing = true;
    try {
      const bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
      this.#paint(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
    } finally {
      this.#isDrawing = false;
    }
  }

  #paint(picture, width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
    this.card.classList.add("still");
  }

  // Show the last picture while the video has none.
  #keepStill() {
    const { video } = this;
    if (video.readyState >= 2 && !this.card.classList.contains("still")) {
      this.#paint(video, video.videoWidth, video.videoHeight);
    }
  }

  #again(wait = this.#wait) {
    this.#leave();
    this.#wait = Math.min(8000, this.#wait * 1.6);
    this.#retry = setTimeout(() => {
      this.#retry = 0;
      this.#decide();
    }, wait);
  }

  #leave() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#keepStill();
    this.#player?.close();
    this.#player = null;
  }
}
