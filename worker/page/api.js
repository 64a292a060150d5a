// Talking to the worker.

const TIMEOUT_MS = 15000;
let csrf = "";

export class Failure extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Failure("the worker does not answer", 0);
  }
  if (response.status === 401) location.assign("/login");
  const answer = await response.json().catch(() => ({ error: `the worker answered ${response.status}` }));
  if (!response.ok) throw new Failure(answer.error, response.status);
  return answer;
}

export const get = (path, fields = {}) => {
  const query = new URLSearchParams(fields).toString();
  return call(query ? `${path}?${query}` : path);
};

/** Who answers; learns the token that changes need. A worker that was restarted has a new one. */
export async function session() {
  const answer = await get("/api/session");
  csrf = answer.csrf;
  return answer;
}

const post = (path, fields) => call(path, { method: "POST", headers: { "X-CSRF-Token": csrf }, body: new URLSearchParams(fields) });

/** A change; tried once more with a new token where the old one is no longer good. */
export async function change(path, fields = {}) {
  try {
    return await post(path, fields);
  } catch (failure) {
    if (failure.status !== 403) throw failure;
    await session();
    return post(path, fields);
  }
}
