// Where is this event, and what is in this object's row?
import { get } from "./api.js";
import { byId, make, table } from "./dom.js";
import { age, moment, number } from "./words.js";

const OUTCOMES = {
  applied: "applied",
  stale: "stale: the row was newer already",
  ignored: "ignored: a test message, or of another instance",
  dead: "a dead letter",
  retrying: "being tried again",
};

function waits(found) {
  return found.waiting.map(({ entry, held_by, held_ms, deliveries }) => [entry.svix_id, entry.type || "(none)", age(entry.age_ms),
    held_by ? `with ${held_by} for ${age(held_ms)}, delivered ${number(deliveries)} times` : "not yet given to a worker"]);
}

const events = (found) => found.events.map((e) => [e.svix_id, e.type || "(none)", OUTCOMES[e.outcome] ?? e.outcome, moment(e.processed_at), moment(e.event_at)]);

/** One sentence that answers the question. */
function summary(found) {
  if (found.waiting.length) return `Waiting: ${found.waiting.length === 1 ? "one event" : `${number(found.waiting.length)} events`} in the queue.`;
  if (found.dead.length) return `Dead letter: ${found.dead[0].reason}`;
  if (found.deleted_at) return `Deleted at ${moment(found.deleted_at)}.`;
  if (found.object) return `In the table ${found.object.table}.`;
  if (found.events.length) return `Processed: ${OUTCOMES[found.events[0].outcome] ?? found.events[0].outcome}, ${moment(found.events[0].processed_at)}.`;
  return "Not found: neither waiting nor processed. If Clerk says that it was sent, look at the endpoint's attempts in its dashboard.";
}

function show(found) {
  const parts = [make("p", { class: "answer" }, summary(found))];
  const add = (title, content) => parts.push(make("h2", {}, title), content);
  if (found.waiting.length) add("Waiting", table([["svix-id"], ["Type"], ["Waits", true], ["Where"]], waits(found), ""));
  if (!found.stream_looked_through) parts.push(make("p", {}, found.redis_why ? `Redis: ${found.redis_why}` : "The backlog is long; only its oldest part was looked through."));
  if (found.database_why) parts.push(make("p", {}, `Database: ${found.database_why}`));
  if (found.dead.length) parts.push(make("p", {}, make("a", { href: "#dead" }, "Open the dead letters")));
  if (found.events.length) add("Events", table([["svix-id"], ["Type"], ["Outcome"], ["Processed"], ["Happened"]], events(found), ""));
  if (found.object) add(`Row in ${found.object.table}`, table([["Column"], ["Value"]], Object.entries(found.object.columns).map(([k, v]) => [k, v ?? "NULL"]), ""));
  byId("found").replaceChildren(...parts);
}

export async function find(id) {
  byId("find-form").elements.id.value = id;
  try {
    show(await get("/api/find", { id }));
  } catch (failure) {
    byId("found").replaceChildren(make("p", { class: "answer" }, failure.message));
  }
}

export function start() {
  byId("find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = byId("find-form").elements.id.value.trim();
    if (location.hash === `#find=${encodeURIComponent(id)}`) find(id);
    else location.hash = `find=${encodeURIComponent(id)}`;
  });
}
