// The verdict in words, the numbers, who holds what, and what waits.
import { get } from "./api.js";
import { latest } from "./charts.js";
import { byId, make, replace, setText, table } from "./dom.js";
import { age, number, plural, rate, size, took } from "./words.js";

/** state: good, bad or wait; lines: [{trouble, text}]. */
export function showVerdict(state, title, lines) {
  byId("verdict").dataset.state = state;
  setText("verdict-title", title);
  const wanted = lines.map((line) => line.text).join("\n");
  if (byId("advice").dataset.text === wanted) return; // a screen reader would read it again
  byId("advice").dataset.text = wanted;
  byId("advice").replaceChildren(...lines.map((line) => make("li", { class: line.trouble ? null : "remark" }, line.href ? make("a", { href: line.href }, line.text) : line.text)));
}

function judge(status) {
  const troubles = status.advice.filter((a) => a.trouble).length;
  const lines = [...status.advice];
  if (status.database.dead_letters > 0) lines.push({ text: "Open the dead letters", href: "#dead" });
  if (troubles === 0) showVerdict("good", "All is well", lines);
  else showVerdict("bad", troubles === 1 ? "One thing needs a look" : `${troubles} things need a look`, lines);
}

function showTiles(status) {
  const queue = status.queue ?? {};
  const database = status.database;
  const last = database.last_processed_ms ? `${age(status.now_ms - database.last_processed_ms)} ago` : "–";
  const tiles = [
    ["Waiting", number(queue.length)],
    ["Oldest waits for", queue.length ? age(queue.oldest_age_ms) : "–"],
    ["In", rate(latest("in_per_second"))],
    ["Out", rate(latest("out_per_second"))],
    ["Ingest to commit", took(latest("latency_ms"))],
    ["Last commit", last],
    ["Dead letters", number(database.dead_letters)],
  ];
  byId("tiles").replaceChildren(...tiles.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function showWorkers(queue) {
  const rows = (queue?.consumers ?? []).map((c) => [c.name, number(c.pending), `${age(c.idle_ms)} ago`]);
  replace("consumers", table([["Name"], ["Holds", true], ["Last read", true]], rows, queue ? "No worker has ever read." : "Redis does not say."));
}

function showHealth(status) {
  const { redis, database } = status;
  const rows = [
    ["Redis", redis.up ? `answers; version ${redis.version}` : `away: ${redis.why}`],
    ["Its memory", redis.up ? `${size(redis.used_bytes)}${redis.max_bytes ? ` of ${size(redis.max_bytes)}` : ", no limit"}` : "–"],
    ["Its log on disk", redis.up ? (redis.aof ? (redis.aof_ok ? "written" : "cannot be written") : "none") : "–"],
    ["Database", database.up ? `answers; ${size(database.file_bytes)}, log ${size(database.log_bytes)}` : `away: ${database.why}`],
    ["Ledger", database.up ? plural(database.ledger_rows, "event", "events") : "–"],
  ];
  replace("health", table([["What"], ["State"]], rows, ""));
}

function showTypes(status) {
  const rows = status.types.map((t) => [t.type || "(none)", `${age(status.now_ms - t.last_ms)} ago`, number(t.recent_count)]);
  replace("types", table([["Type"], ["Last", true], ["Recently", true]], rows, "No event has been processed yet."));
}

function showWaiting(entries) {
  const link = (id) => make("a", { href: `#find=${encodeURIComponent(id)}` }, id);
  const rows = entries.map((e) => [e.svix_id ? link(e.svix_id) : "–", e.type || "(none)", age(e.age_ms), e.object_id || "–"]);
  replace("waiting", table([["svix-id"], ["Type"], ["Waits", true], ["Object"]], rows, "Nothing waits."));
}

export async function refresh(isShown) {
  const status = await get("/api/status");
  judge(status);
  const count = status.database.dead_letters ?? 0;
  byId("dead-count").hidden = count === 0;
  setText("dead-count", number(count));
  if (!isShown) return;
  showTiles(status);
  showWorkers(status.queue);
  showHealth(status);
  showTypes(status);
  if (status.redis.up) showWaiting(await get("/api/waiting", { count: 10 }));
}
