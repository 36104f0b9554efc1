// The page behind a link. The token is in the address's fragment, which browsers never send. It leaves
// the page only in the bodies of the requests below.
"use strict";

/** The problems after which certainly nothing was done. */
const NOT_RUN = ["busy", "too-many-requests", "no-memory", "no-room", "stopping", "store-failed"].map((name) => `/problems/${name}`);

const token = location.hash.slice(1);
const part = (id) => document.getElementById(id);

/** Shows one section of the page and moves the focus to its heading, for screen readers. */
function show(id) {
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== id;
  // The passphrase stays only while its form is shown.
  part("passphrase").value = "";
  const heading = part(id).querySelector("h1");
  document.title = `${heading.textContent} · viewonce`;
  heading.focus();
}

function fail(message) {
  part("failure").textContent = message;
  show("failed");
}

/** Says in the form why nothing was revealed, and enables the form for another attempt. */
function refuse(message) {
  part("refusal").textContent = message;
  part("reveal").disabled = false;
  const field = part(part("guard").hidden ? "reveal" : "passphrase");
  field.focus();
  field.select?.();
}

/** Posts the token and the fields of `more`. Resolves to the status and the fields of the response. */
async function post(path, more, headers) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ token, ...more }),
  });
  const { status } = response;
  const answer = status === 200 ? await response.json() : await response.json().catch(() => null);
  return { ...answer, status };
}

/**
 * The random key that makes a reveal repeatable, generated for the first reveal. It is kept in the
 * history entry, so only this visit of the link in this tab finds it, also after a reload.
 */
function key() {
  if (!history.state?.key) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
    history.replaceState({ key: digits.join("") }, "");
  }
  return { "Idempotency-Key": history.state.key };
}

async function check() {
  if (!/^[\w-]{43}$/.test(token)) return show("incomplete");
  show("checking");
  try {
    const { status, expires_at, passphrase_required } = await post("api/v1/status");
    // The secret is gone. If this page has revealed it, its key can still repeat the reveal.
    if (status === 404) return history.state?.key ? reveal() : show("gone");
    if (status !== 200) return fail("The service cannot tell right now. Checking used nothing up.");
    part("expiry").textContent = new Date(expires_at)
      .toLocaleString([], { dateStyle: "long", timeStyle: "short" });
    part("guard").hidden = !passphrase_required;
    part("passphrase").required = passphrase_required;
    part("refusal").textContent = "";
    part("reveal").disabled = false;
    show("ready");
  } catch {
    fail("The service cannot be reached. Checking used nothing up.");
  }
}

async function reveal(passphrase) {
  try {
    const { status, content, attempts_left, type } =
      await post("api/v1/reveal", { passphrase }, key());
    if (status === 404) return show("gone");
    if (attempts_left === 0) return show("locked");
    if (attempts_left > 0) return refuse(`This is not the passphrase. Attempts left: ${attempts_left}.`);
    if (NOT_RUN.includes(type) && !part("ready").hidden) return refuse("The service cannot do that right now. Nothing was used up: try again.");
    if (status !== 200) return fail("The service could not show the secret. Check again whether it is still there.");
    part("content").value = content;
    show("open");
  } catch {
    fail("The connection broke while the secret was on its way. Check again whether it is still there.");
  }
}

/** Sends the form by script, so that the browser never submits it by itself. */
function submit(event) {
  event.preventDefault();
  part("reveal").disabled = true;
  part("refusal").textContent = "";
  reveal(part("passphrase").value || undefined);
}

async function keep() {
  part("notice").textContent = "";
  const { status } = await post("api/v1/acknowledge", {}, key()).catch(() => ({}));
  if (status !== 204 && status !== 404) {
    part("notice").textContent = "The service could not be told. Try again, or leave it: it forgets the secret by itself.";
    return;
  }
  part("content").value = "";
  show("kept");
}

async function copy() {
  part("notice").textContent = "";
  const copied = await toClipboard(part("content"));
  part("notice").textContent = copied
    ? "Copied."
    : "Your browser did not allow it. The text is selected: copy it by hand.";
}

async function toClipboard(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Without TLS there is no clipboard API.
    field.select();
    return document.execCommand("copy");
  }
}

part("request").addEventListener("submit", submit);
part("legible").addEventListener("change", ({ target }) => {
  part("passphrase").type = target.checked ? "text" : "password";
});
part("copy").addEventListener("click", copy);
part("keep")?.addEventListener("click", keep);
part("retry").addEventListener("click", check);
addEventListener("hashchange", () => location.reload());
// Wipe the fields when the page is left. A page restored from the browser's cache asks the service again.
addEventListener("pagehide", () => { part("content").value = part("passphrase").value = ""; });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
check();
