"""Rules for schemathesis that the specification cannot express: links between operations, keys that are
used only once, and expected failures. Everything else that it finds is a failure.
"""

from datetime import datetime, timezone

import schemathesis

TOKEN = "$response.body#/token"
RECEIPT = "$response.body#/receipt"

# The operations that can follow two of the operations.
LINKS = {
    ("/api/v1/secrets", "201"): {
        "view": {"operationId": "by_get", "parameters": {"token": TOKEN}},
        "reveal": {"operationId": "reveal", "requestBody": {"token": TOKEN}},
        "unlock": {
            "operationId": "reveal",
            "requestBody": {"token": TOKEN, "passphrase": "$request.body#/passphrase"},
        },
        "status": {"operationId": "status", "requestBody": {"token": TOKEN}},
        "burn": {"operationId": "burn", "parameters": {"token": TOKEN}},
        "inspect": {"operationId": "inspect", "parameters": {"receipt": RECEIPT}},
        "revoke": {"operationId": "revoke", "parameters": {"receipt": RECEIPT}},
    },
    ("/api/v1/reveal", "200"): {
        "acknowledge": {
            "operationId": "acknowledge",
            "parameters": {"Idempotency-Key": "$request.header.Idempotency-Key"},
            "requestBody": {"token": "$request.body#/token"},
        },
    },
}
# Maximum wait for the end of a secret, in seconds.
PATIENCE = 0.1
CREATE = "POST /api/v1/secrets"
# Operations that end a secret when they succeed.
ENDS = {
    "GET /api/v1/secrets/{token}",
    "DELETE /api/v1/secrets/{token}",
    "POST /api/v1/reveal",
    "DELETE /api/v1/receipts/{receipt}",
}

# Known from the responses: the keys of creations, the expiry by token, the token by receipt, and the
# tokens of secrets that have ended.
keys, expiries, owners, ended = set(), {}, {}, set()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Adds the links between the operations that the schema contains."""
    paths = raw_schema["paths"]
    existing = {operation["operationId"] for path in paths.values() for operation in path.values()}
    for (path, status), links in LINKS.items():
        if path in paths:
            paths[path]["post"]["responses"][status]["links"] = {
                name: link for name, link in links.items() if link["operationId"] in existing
            }


@schemathesis.hook
def before_call(context, case, kwargs):
    """Shortens waits, and gives each creation a new key: a used key is refused if other fields differ,
    so those fields would stay untested.
    """
    wait = (case.query or {}).get("wait")
    if isinstance(wait, (int, float)) and not isinstance(wait, bool) and wait <= 30:
        case.query["wait"] = min(wait, PATIENCE)
    if case.operation.label == CREATE and (case.headers or {}).get("Idempotency-Key") in keys:
        case.headers["Idempotency-Key"] = f"key-of-creation-number-{len(expiries)}"


@schemathesis.hook
def after_call(context, case, response):
    """Records the keys, tokens, receipts and ends in a response."""
    label, status = case.operation.label, response.status_code
    sent = {**(case.path_parameters or {}), **(case.body if isinstance(case.body, dict) else {})}
    if label == CREATE and status == 201:
        created = response.json()
        keys.update((case.headers or {}).get("Idempotency-Key", "").split())
        expiries[created["token"]] = datetime.fromisoformat(created["expires_at"])
        owners[created.get("receipt")] = created["token"]
    elif label in ENDS and status in (200, 204):
        ended.add(sent.get("token") or owners[sent["receipt"]])
    elif status == 403 and response.json().get("attempts_left") == 0:
        ended.add(sent["token"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether this is a failure of the service."""
    # View-once: a new secret is no longer available when it has ended.
    if "ensure_resource_availability" in failure.checks:
        token = case.path_parameters["token"]
        return token not in ended and datetime.now(timezone.utc) < expiries[token]
    # Deleting a receipt deletes the secret; the receipt stays and reports the end.
    if "use_after_free" in failure.checks and "receipt" in case.path_parameters:
        return response.json()["state"] == "pending"
    return True
