// The page behind a link. The token is in the address's fragment, which the browser sends to
// nobody; it leaves the page only in the body of the two requests below.
"use strict";

const token = location.hash.slice(1);
const part = (id) => document.getElementById(id);

/** Shows one section of the page and moves the focus to its heading, for those who listen. */
function show(id) {
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== id;
  const heading = part(id).querySelector("h1");
  document.title = `${heading.textContent} · viewonce`;
  heading.focus();
}

function fail(message) {
  part("failure").textContent = message;
  show("failed");
}

/** Posts the token. Resolves to the status and, if the answer was good, what it says. */
async function post(path) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return { status: response.status, answer: response.ok ? await response.json() : null };
}

async function check() {
  if (!/^[\w-]{43}$/.test(token)) return show("incomplete");
  show("checking");
  try {
    const { status, answer } = await post("api/v1/status");
    if (status === 404) return show("gone");
    if (answer === null) return fail("The service cannot tell right now. Nothing was used up.");
    part("expiry").textContent = new Date(answer.expires_at)
      .toLocaleString([], { dateStyle: "long", timeStyle: "short" });
    part("reveal").disabled = false;
    show("ready");
  } catch {
    fail("The service cannot be reached. Nothing was used up.");
  }
}

async function reveal() {
  part("reveal").disabled = true;
  try {
    const { status, answer } = await post("api/v1/reveal");
    if (status === 404) return show("gone");
    if (answer === null) return fail("The service could not show the secret. Check again whether it is still there.");
    part("content").value = answer.content;
    show("open");
  } catch {
    fail("The connection broke while the secret was on its way. Check again whether it is still there.");
  }
}

async function copy() {
  part("copied").textContent = "";
  const copied = await toClipboard(part("content"));
  part("copied").textContent = copied
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

part("reveal").addEventListener("click", reveal);
part("copy").addEventListener("click", copy);
part("retry").addEventListener("click", check);
addEventListener("hashchange", () => location.reload());
// A page that is left keeps nothing for the back button.
addEventListener("pagehide", () => { part("content").value = ""; });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
check();
