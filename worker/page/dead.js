// Dead letters: the list, one of them, and what can be done.
import { change, get } from "./api.js";
import { ask } from "./ask.js";
import { byId, make, replace, setText, table } from "./dom.js";
import { age, moment, number, plural } from "./words.js";

const WORDS = {
  retry: { path: "/api/dead/retry", yes: "Retry", title: "Try again?", done: "put back into the queue: a worker applies it and removes the letter" },
  drop: { path: "/api/dead/drop", yes: "Drop", title: "Drop for good?", done: "dropped" },
};
let total = 0;

function filter() {
  const form = new FormData(byId("dead-filter"));
  const fields = {};
  for (const name of ["type", "reason"]) if (form.get(name).trim()) fields[name] = form.get(name).trim();
  const [key, value] = form.get("age").split("=");
  if (value) fields[key] = value;
  return fields;
}

const tell = (text) => setText("dead-told", text);

/** Repeats until all are done: the worker answers after some seconds, however many there are. */
async function carryOut(words, fields) {
  let count = 0;
  for (;;) {
    const answer = await change(words.path, fields);
    count += answer.count;
    if (!answer.more) return count;
    tell(`${number(count)} so far…`);
  }
}

async function act(verb, fields, what, question) {
  const words = WORDS[verb];
  if (!(await ask(words.title, question, words.yes, verb === "drop"))) return;
  tell("Working…");
  try {
    const count = await carryOut(words, fields);
    tell(count === 0 ? `${what}: it is no longer there.` : `${what}: ${number(count)} ${words.done}.`);
    byId("dead-letter").hidden = true;
  } catch (failure) {
    tell(`${what}: not done, ${failure.message}. The letters are kept.`);
  }
  await refresh();
}

function buttons(id) {
  const button = (verb, question) => make("button", { type: "button", class: verb === "drop" ? "danger" : null, onclick: () => act(verb, { id }, id, question) }, WORDS[verb].yes);
  return make("div", { class: "bar" },
    button("retry", `${id} goes back into the queue. If the reason is not cured it comes back here.`),
    button("drop", `${id} and its body are removed and cannot be brought back.`));
}

const STATES = {
  masked: "Codes, links and other secrets are left out.",
  withheld: "The body cannot be read as an event, so nothing of it is shown.",
  whole: "This is the exact body, secrets included.",
};

/** Laid out for reading; what is no JSON stays as it is. */
function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

async function open(id, whole) {
  const place = byId("dead-letter");
  let answer;
  try {
    answer = await get("/api/dead/letter", { id, whole: whole ? 1 : 0 });
  } catch (failure) {
    tell(`${id}: ${failure.message}`);
    return;
  }
  const letter = answer.letter;
  const facts = [["Reason", letter.reason], ["Type", letter.type || "(none)"], ["Object", letter.object_id || "–"],
    ["Attempts", number(letter.attempts)], ["Received", moment(letter.received_at)], ["Failed", moment(letter.failed_at)]];
  const more = make("button", { type: "button", onclick: () => open(id, true) }, "Show the exact body");
  place.replaceChildren(make("h2", {}, letter.svix_id), table([["What"], ["Value"]], facts, ""), buttons(id),
    make("p", {}, STATES[answer.body_state], " ", whole ? "" : more),
    ...(answer.body_state === "withheld" ? [] : [make("pre", {}, whole ? letter.body : pretty(letter.body))]));
  place.hidden = false;
  place.focus();
}

/** isCalm: not asked for by the person, so what is being read or focused stays. */
export async function refresh(isCalm = false) {
  let answer;
  try {
    answer = await get("/api/dead", filter());
  } catch (failure) {
    tell(`The list: ${failure.message}`);
    return;
  }
  total = answer.total;
  const now = Date.now();
  const link = (id) => make("button", { type: "button", class: "link", onclick: () => open(id, false) }, id || "(no svix-id)");
  const rows = answer.letters.map((l) => [link(l.svix_id), l.type || "(none)", l.reason, number(l.attempts), `${age(now - l.failed_at)} ago`]);
  const shown = total > rows.length ? ` The ${number(rows.length)} oldest are shown.` : "";
  const list = [make("p", { class: "hint" }, total ? `${plural(total, "letter", "letters")}.${shown}` : ""),
    table([["svix-id"], ["Type"], ["Reason"], ["Tries", true], ["Failed", true]], rows, "No dead letter. Nothing to do.")];
  if (isCalm) replace("dead-list", ...list);
  else byId("dead-list").replaceChildren(...list);
  for (const id of ["dead-retry-all", "dead-drop-all"]) byId(id).disabled = total === 0;
}

function actOnAll(verb) {
  const fields = filter();
  const what = Object.keys(fields).length ? `all ${number(total)} that match` : `all ${number(total)}`;
  const question = verb === "retry" ? `${what} go back into the queue.` : `${what} are removed and cannot be brought back.`;
  return act(verb, Object.keys(fields).length ? fields : { all: 1 }, what, question);
}

export function start() {
  byId("dead-filter").addEventListener("submit", (event) => {
    event.preventDefault();
    tell("");
    refresh();
  });
  byId("dead-retry-all").addEventListener("click", () => actOnAll("retry"));
  byId("dead-drop-all").addEventListener("click", () => actOnAll("drop"));
}
