// The worker's page in a real browser, against real programs. DATABASE=postgres: on PostgreSQL instead of SQLite.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { Stack, until } from "./stack.mjs";

const MARKUP = "<img/src=x/onerror=window.hacked=1>";
const stack = new Stack();
const browser = new Browser();
let tab;

before(async () => {
  await stack.start();
  await browser.start();
  tab = await browser.open(`${stack.url}/`);
});

after(async () => {
  const codes = await stack.end();
  await browser.end();
  assert.deepEqual(codes, [0, 0], "both programs end well");
});

const text = (selector) => tab.page.locator(selector).innerText();
const waitText = (selector, wanted) => until(async () => (await text(selector)).includes(wanted), `${wanted} in ${selector}`);
const show = (hash) => tab.page.goto(`${stack.url}/#${hash}`);
const applied = (id) => until(() => stack.sql(`SELECT 1 FROM webhook_events WHERE svix_id = '${id}' AND outcome = 'applied'`), `${id} to be applied`);
const dead = (id) => until(() => stack.sql(`SELECT 1 FROM dead_letters WHERE svix_id = '${id}'`), `${id} to be dead`);
const say = (yes) => tab.page.locator("#ask").getByRole("button", { name: yes }).click();

const refuseUsers = (why) => stack.database.refuseUsers(why);
const cure = () => stack.database.cure();

test("the page says that all is well, without a complaint and without another address", async () => {
  await waitText("#verdict", "All is well");
  await waitText("#consumers", "worker-of-the-tests");
  assert.equal(await tab.page.locator(".plot canvas").count() >= 4, true, "charts are drawn");
  assert.deepEqual(tab.complaints, []);
  assert.deepEqual(tab.foreign, []);
});

test("no chart is wider than its frame", async () => {
  const over = await tab.page.evaluate(() => [...document.querySelectorAll(".chart")].map((frame) =>
    Math.max(...[...frame.querySelectorAll("canvas")].map((c) => c.getBoundingClientRect().right)) - frame.getBoundingClientRect().right));
  assert.ok(over.every((px) => px <= 0), `over by ${over} px`);
});

test("the charts move while events flow", async () => {
  const picture = () => tab.page.evaluate(() => [...document.querySelectorAll(".plot canvas")].map((c) => c.toDataURL()).join());
  const still = await picture();
  for (let i = 0; i < 200; i++) await stack.deliver(`msg_flow${i}`, stack.user(`flow${i % 20}`));
  await until(async () => (await (await fetch(`${stack.url}/api/samples`)).json()).samples.some((s) => s[4] > 5), "a rate");
  await until(async () => (await picture()) !== still, "another picture");
  await until(async () => / \d+ ms/.test(await text(".chart:nth-child(3) .legend")), "a latency");
});

test("a chart is read with the keyboard", async () => {
  const chart = tab.page.locator(".chart").first();
  await chart.locator(".plot").focus();
  await tab.page.keyboard.press("ArrowLeft");
  await until(async () => /\d:\d\d/.test(await chart.locator(".legend").innerText()), "a time in the legend");
  await tab.page.keyboard.press("Escape");
  await until(async () => (await chart.locator(".legend").innerText()).endsWith("now"), "now in the legend");
});

test("a dead letter is found, tried again after the cure, and seen applied", async () => {
  refuseUsers("the accountant says no");
  await stack.deliver("msg_dead", stack.user("dead"));
  await dead("msg_dead");
  await waitText("#verdict", "dead letters: 1");
  cure();
  await show("dead");
  await tab.page.getByRole("button", { name: "msg_dead" }).click();
  await waitText("#dead-letter", "the accountant says no");
  await tab.page.locator("#dead-letter").getByRole("button", { name: "Retry" }).click();
  await say("Cancel");
  assert.equal(stack.sql("SELECT count(*) FROM dead_letters"), "1", "a no changes nothing");
  await tab.page.locator("#dead-letter").getByRole("button", { name: "Retry" }).click();
  await say("Retry");
  await waitText("#dead-told", "1 put back into the queue");
  await applied("msg_dead");
  await show("find=msg_dead");
  await waitText("#found", "applied");
  assert.match(stack.worker.text(), /event=page_dead_change svix_id=msg_dead .*action=put_back/);
});

test("all that match a filter are tried again, and no others", async () => {
  refuseUsers("the accountant says no");
  for (const n of [1, 2, 3]) await stack.deliver(`msg_all${n}`, stack.user(`all${n}`));
  await stack.deliver("msg_odd", "no JSON");
  for (const id of ["msg_all3", "msg_odd"]) await dead(id);
  cure();
  await show("dead");
  await tab.page.getByLabel("Reason has").fill("accountant");
  await tab.page.getByRole("button", { name: "Show", exact: true }).click();
  await waitText("#dead-list", "3 letters");
  await tab.page.locator("#dead-retry-all").click();
  await say("Retry");
  await waitText("#dead-told", "3 put back");
  for (const n of [1, 2, 3]) await applied(`msg_all${n}`);
  assert.equal(stack.sql("SELECT svix_id FROM dead_letters"), "msg_odd");
});

test("a letter is dropped after one question", async () => {
  await tab.page.getByLabel("Reason has").fill("");
  await tab.page.getByRole("button", { name: "Show", exact: true }).click();
  await tab.page.getByRole("button", { name: "msg_odd" }).click();
  await waitText("#dead-letter", "nothing of it is shown");
  await tab.page.locator("#dead-letter").getByRole("button", { name: "Drop" }).click();
  await say("Drop");
  await waitText("#dead-told", "1 dropped");
  await waitText("#dead-list", "No dead letter");
});

test("secrets of a body are shown when asked for, not before", async () => {
  await stack.deliver("msg_secret", stack.event("user.created", { id: 7, phone_numbers: [{ backup_codes: ["hunter2"] }], token: "hunter3" }));
  await dead("msg_secret");
  await show("overview");
  await show("dead");
  await tab.page.getByRole("button", { name: "msg_secret" }).click();
  await waitText("#dead-letter pre", "user.created");
  assert.doesNotMatch(await text("#dead-letter"), /hunter/);
  await tab.page.getByRole("button", { name: "Show the exact body" }).click();
  await waitText("#dead-letter pre", "hunter2");
  stack.sql("DELETE FROM dead_letters");
});

test("an event with markup in every field stays text everywhere", async () => {
  refuseUsers(MARKUP);
  await stack.deliver("msg_evil", stack.user("evil", { id: `user_${MARKUP}`, first_name: MARKUP, email_addresses: [{ id: MARKUP, email_address: MARKUP }] }));
  await dead("msg_evil");
  cure();
  await stack.deliver("msg_worse", stack.event(MARKUP, { id: MARKUP, object: MARKUP, name: MARKUP }));
  await applied("msg_worse");
  await show("dead");
  await tab.page.getByRole("button", { name: "msg_evil" }).click();
  await waitText("#dead-letter", MARKUP);
  await waitText("#dead-list", MARKUP);
  await show(`find=${encodeURIComponent(MARKUP)}`);
  await waitText("#found", "Row in other_objects");
  await show("overview");
  await waitText("#types", MARKUP);
  assert.equal(await tab.page.evaluate(() => window.hacked), undefined);
  assert.equal(await tab.page.locator("img").count(), 0);
  stack.sql("DELETE FROM dead_letters");
});

test("an event that waits for the database is found, and with whom it is", async () => {
  const lock = await stack.lockDatabase();
  await stack.deliver("msg_waits", stack.user("waits"));
  await show("find=msg_waits");
  await until(async () => {
    await tab.page.getByRole("button", { name: "Look up" }).click();
    return (await text("#found")).includes("with worker-of-the-tests");
  }, "the worker that holds it");
  await lock.release();
  await applied("msg_waits");
  await show("find=user_waits");
  await waitText("#found", "Row in users");
  await waitText("#found", "msg_waits");
});

test("the page goes on by itself when Redis comes back", async () => {
  await show("overview");
  await stack.redis.stop();
  await waitText("#verdict", "Redis:");
  stack.redis.start();
  await waitText("#verdict", "All is well");
});

test("a Redis that is frozen is named, and forgotten once it is not", async () => {
  stack.redis.child.kill("SIGSTOP");
  await until(async () => (await text("#verdict")).includes("Redis:"), "the verdict on Redis", 25000);
  stack.redis.child.kill("SIGCONT");
  await until(async () => (await text("#verdict")).includes("All is well"), "All is well", 25000);
});

test("the page goes on by itself when the worker comes back, and may still change something", async () => {
  await stack.deliver("msg_late", "no JSON either");
  await dead("msg_late");
  assert.equal(await stack.worker.stop(), 0);
  await waitText("#verdict", "The worker does not answer");
  stack.worker.start();
  await stack.answers(stack.url);
  await show("dead");
  await tab.page.getByRole("button", { name: "msg_late" }).click();
  await tab.page.locator("#dead-letter").getByRole("button", { name: "Drop" }).click();
  await say("Drop");
  await waitText("#dead-told", "1 dropped");
  await waitText("#verdict", "All is well");
});

test("with a token only those who have it see anything", async () => {
  const port = await stack.freePort();
  const token = "correct-horse-battery";
  const guarded = stack.startWorker("guarded", port, { WORKER_ADMIN_TOKEN: token });
  const url = `http://127.0.0.1:${port}`;
  await stack.answers(url);
  assert.equal((await fetch(`${url}/api/status`)).status, 401);
  assert.equal((await fetch(`${url}/api/status`, { headers: { Authorization: `Bearer ${token}` } })).status, 200);
  const { page } = await browser.open(`${url}/`);
  await page.getByLabel("Token").fill("incorrect-horse-battery");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("That is not the token.").waitFor();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("All is well").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor();
  await page.close();
  assert.equal(await guarded.stop(), 0);
});

test("nothing runs over the edge of a telephone", async () => {
  await tab.page.setViewportSize({ width: 375, height: 740 });
  for (const hash of ["overview", "dead", "find=user_waits"]) {
    await show(hash);
    await waitText("#verdict", "All is well");
    const over = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${hash} is ${over} px too wide`);
  }
});
