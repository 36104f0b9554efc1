// The page behind a link. The token is in the address's fragment, which the browser sends to
// nobody; it leaves the page only in the body of the two requests below.
"use strict";

const token = location.hash.slice(1);
const part = (id) => document.getElementById(id);
const parts = ["checking", "ready", "open", "gone", "incomplete", "failed"];

/** Shows one part of the page and moves the focus to its heading, for those who listen. */
function show(id) {
  for (const name of parts) part(name).hidden = name !== id;
  const heading = part(id).querySelector("h1");
  document.title = `${heading.textContent} · viewonce`;
  heading.focus();
}

/** Posts the token. Resolves to the status and, if the answer was good, its document. */
async function post(path) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return { status: response.status, document: response.ok ? await response.json() : null };
}

function fail(message) {
  part("failure").textContent = message;
  show("failed");
}

async function check() {
  if (token === "") return show("incomplete");
  show("checking");
  try {
    const { status, document } = await post("api/v1/status");
    if (status === 404) return show("gone");
    if (document === null) return fail("The service cannot tell right now. Nothing was used up.");
    part("expiry").textContent = new Date(document.expires_at).toLocaleString();
    part("reveal").disabled = false;
    show("ready");
  } catch {
    fail("The service cannot be reached. Nothing was used up.");
  }
}

async function reveal() {
  part("reveal").disabled = true;
  try {
    const { status, document } = await post("api/v1/reveal");
    if (status === 404) return show("gone");
    if (document === null) return fail("The service could not show the secret. Check again whether it is still there.");
    part("content").value = document.content;
    show("open");
  } catch {
    fail("The connection broke while the secret was on its way. Check again whether it is still there.");
  }
}

async function copy() {
  const content = part("content");
  try {
    await navigator.clipboard.writeText(content.value);
  } catch {
    // Without TLS there is no clipboard API.
    content.select();
    document.execCommand("copy");
  }
  part("copied").textContent = "Copied.";
}

part("reveal").addEventListener("click", reveal);
part("copy").addEventListener("click", copy);
part("retry").addEventListener("click", check);
addEventListener("hashchange", () => location.reload());
// A page that is left keeps nothing for the back button.
addEventListener("pagehide", () => { part("content").value = ""; });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
check();
