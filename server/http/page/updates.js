// What the daemon tells once a second; comes back by itself when the daemon does.

import { ask, openSocket } from "/static/api.js";

const SILENCE_MS = 8000; // a daemon that tells nothing for so long has hung
const LONGEST_WAIT_MS = 5000;

export class Updates {
  #wait = 500;
  #socket = null;
  #watchdog = 0;

  // handlers: history(streams), update({now, streams}), away(), locked()
  constructor(handlers) {
    this.handlers = handlers;
  }

  connect() {
    const socket = (this.#socket = openSocket("/v1/updates"));
    this.#expect();
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#expect();
      this.#wait = 500;
      const message = JSON.parse(data);
      if (message.history) this.handlers.history(message.history);
      else this.handlers.update(message);
    };
    socket.onclose = () => socket === this.#socket && this.#retry();
  }

  stop() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #expect() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      const socket = this.#socket;
      this.#socket = null;
      socket?.close();
      this.#retry();
    }, SILENCE_MS);
  }

  async #retry() {
    this.stop();
    // A browser does not tell why a WebSocket was refused; the API does.
    try {
      const session = await ask("GET", "/v1/session");
      if (!session.is_open) return this.handlers.locked();
    } catch {
      // It does not answer at all yet.
    }
    this.handlers.away();
    setTimeout(() => this.connect(), this.#wait);
    this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 1.6);
  }
}
