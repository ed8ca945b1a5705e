// What the page asks people: a new stream, whether to remove one, the token.

import { ask, streamPath } from "/static/api.js";

const $ = (id) => document.getElementById(id);

export function initAdd() {
  const dialog = $("add-dialog");
  $("add-cancel").addEventListener("click", () => dialog.close());
  $("add-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    $("add-problem").textContent = "";
    try {
      await ask("PUT", streamPath($("add-id").value), { source: $("add-source").value.trim() });
      dialog.close();
    } catch (failure) {
      $("add-problem").textContent = failure.message;
    }
  });
  return () => {
    $("add-form").reset();
    $("add-problem").textContent = "";
    dialog.showModal();
  };
}

export function initRemove() {
  const dialog = $("remove-dialog");
  return (stream, button) => {
    $("remove-name").textContent = stream;
    dialog.returnValue = "no";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "yes") return;
      button.disabled = true;
      try {
        await ask("DELETE", streamPath(stream));
      } catch (failure) {
        const card = button.closest(".card");
        if (card) card.querySelector(".card > .problem").textContent = failure.message;
        button.disabled = false;
      }
    };
    dialog.showModal();
  };
}

// A link may bring the token: /#token=... No server ever sees what stands behind #, and
// it is taken out of the address at once.
let brought = new URLSearchParams(location.hash.slice(1)).get("token");
if (brought) history.replaceState(null, "", location.pathname);

// Resolves once the daemon has taken a token.
export function askForToken() {
  const field = $("token");
  field.focus();
  return new Promise((resolve) => {
    const offer = async (token) => {
      $("token-problem").textContent = "";
      try {
        await ask("POST", "/v1/session", { token });
        field.value = "";
        $("token-form").onsubmit = null;
        resolve();
      } catch (failure) {
        $("token-problem").textContent = failure.message;
        field.select();
      }
    };
    $("token-form").onsubmit = (event) => {
      event.preventDefault();
      offer(field.value);
    };
    if (brought) offer(brought);
    brought = null;
  });
}
