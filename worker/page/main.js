// Views by the address's hash, and a look at the worker every two seconds.
import { change, get, session } from "./api.js";
import * as charts from "./charts.js";
import * as dead from "./dead.js";
import { byId, make } from "./dom.js";
import * as find from "./find.js";
import { refresh, showVerdict } from "./overview.js";

const EVERY_MS = 2000;
const VIEWS = ["overview", "dead", "find"];
let isKnown = false; // the session of the worker that answers

function view() {
  const [name, rest] = location.hash.slice(1).split("=");
  return [VIEWS.includes(name) ? name : "overview", rest];
}

function showView() {
  const [name, rest] = view();
  for (const id of VIEWS) byId(`view-${id}`).hidden = id !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name === "overview") charts.show();
  if (name === "dead") dead.refresh();
  if (name === "find" && rest) find.find(decodeURIComponent(rest));
}

async function meet() {
  const who = await session();
  const out = make("button", { type: "button", class: "link", onclick: () => change("/api/logout").then(() => location.assign("/login")) }, "Log out");
  byId("who").replaceChildren(`worker ${who.worker}, version ${who.version}`, ...(who.logged_in ? [" · ", out] : []));
  isKnown = true;
}

async function look() {
  if (!isKnown) await meet();
  charts.addSamples(await get("/api/samples", { after: charts.lastTime() }));
  await refresh(view()[0] === "overview");
  if (view()[0] === "dead") await dead.refresh(true);
}

async function turn() {
  try {
    if (!document.hidden) await look();
  } catch (failure) {
    isKnown = false;
    showVerdict("bad", failure.status === 0 ? "The worker does not answer" : "The worker cannot tell", [
      { trouble: true, text: failure.status === 0 ? "it is stopped, or this page cannot reach it; the page goes on by itself once it is back" : failure.message },
    ]);
  }
  setTimeout(turn, EVERY_MS);
}

charts.start();
dead.start();
find.start();
addEventListener("hashchange", () => {
  scrollTo(0, 0);
  showView();
});
showView();
turn();
