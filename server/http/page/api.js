// The daemon's API. A failure is an Error whose message is the daemon's sentence.

export class Failure extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    throw new Failure(0, "the daemon does not answer");
  }
  const text = await answer.text();
  const json = text.startsWith("{") ? JSON.parse(text) : null;
  if (!answer.ok) throw new Failure(answer.status, json?.error ?? answer.statusText);
  return json;
}

export const streamPath = (stream) => `/v1/streams/${encodeURIComponent(stream)}`;

export function openSocket(path) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${path}`);
  socket.binaryType = "arraybuffer";
  return socket;
}
