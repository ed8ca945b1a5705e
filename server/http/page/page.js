// The live page: a card a stream, told once a second how it is.

import { ask } from "/static/api.js";
import { Card } from "/static/card.js";
import { askForToken, initAdd, initRemove } from "/static/dialogs.js";
import { element } from "/static/elements.js";
import { Updates } from "/static/updates.js";

const $ = (id) => document.getElementById(id);
const cards = new Map();
let classes = { names: [], colours: [] };
let history = {};

const openRemove = initRemove();
const openAdd = initAdd();
const updates = new Updates({
  history(streams) {
    history = streams;
    for (const [stream, card] of cards) card.setHistory(streams[stream] ?? []);
  },
  update: show,
  away: () => setLink(false, "daemon away, trying again"),
  locked: lock,
});

async function start() {
  try {
    const session = await ask("GET", "/v1/session");
    $("leave").hidden = !session.is_needed;
    if (!session.is_open) return lock();
    const daemon = await ask("GET", "/v1/daemon");
    classes = {
      names: daemon.classes.map((one) => one.name),
      colours: daemon.classes.map((one) => one.colour),
    };
    $("version").textContent = `MaskStream ${daemon.version}`;
    $("add-source-hint").textContent =
      `Begins with ${daemon.protocols.map((name) => `${name}://`).join(", ")}`;
    showLegend();
  } catch (failure) {
    setLink(false, "daemon away, trying again");
    return setTimeout(start, 2000);
  }
  $("locked").hidden = true;
  $("add").hidden = $("add").disabled = false;
  updates.connect();
}

async function lock() {
  updates.stop();
  for (const card of cards.values()) card.close();
  cards.clear();
  setLink(false, "locked");
  $("totals").textContent = "";
  $("empty").hidden = $("leave").hidden = $("add").hidden = true;
  $("locked").hidden = false;
  await askForToken();
  start();
}

function show({ now, streams }) {
  setLink(true, "live");
  const seen = new Set(streams.map((status) => status.stream));
  for (const [stream, card] of cards) {
    if (seen.has(stream)) continue;
    card.close();
    cards.delete(stream);
  }
  for (const status of streams) {
    let card = cards.get(status.stream);
    if (!card) {
      card = new Card(status.stream, classes, { remove: openRemove });
      card.setHistory(history[status.stream] ?? []);
      cards.set(status.stream, card);
      $("grid").append(card.root);
    }
    if (card.status && card.status.state !== status.state) {
      $("spoken").textContent = `${status.stream}: ${status.state}. ${status.message ?? ""}`;
    }
    card.update(status, now);
  }
  $("empty").hidden = streams.length > 0;
  showTotals(streams);
}

function showTotals(streams) {
  const states = new Map();
  for (const { state } of streams) states.set(state, (states.get(state) ?? 0) + 1);
  const fps = streams.reduce((sum, status) => sum + status.fps_out, 0);
  const parts = [...states].map(([state, n]) => [n, state]);
  if (streams.length) parts.push([fps.toFixed(1), "fps"]);
  $("totals").replaceChildren(...parts.map(([figure, word]) => {
    const part = element("span", ` ${word}`);
    part.prepend(element("b", String(figure)));
    return part;
  }));
}

function showLegend() {
  $("legend").replaceChildren(...classes.names.map((name, i) => {
    const item = element("li", name);
    const chip = element("i", "", "chip");
    chip.style.background = classes.colours[i];
    item.prepend(chip);
    return item;
  }));
}

function setLink(isOn, text) {
  const link = $("link");
  link.classList.toggle("on", isOn);
  if (link.textContent !== text) link.textContent = text;
  document.body.classList.toggle("away", !isOn);
}

$("add").addEventListener("click", openAdd);
$("add-first").addEventListener("click", openAdd);
$("leave").addEventListener("click", async () => {
  await ask("DELETE", "/v1/session");
  location.reload();
});
start();
