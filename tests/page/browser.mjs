// Debian's chromium, and what it complains about.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export class Browser {
  async start() {
    this.profile = mkdtempSync(join(tmpdir(), "clerk-chromium-"));
    this.context = await chromium.launchPersistentContext(this.profile, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
      viewport: { width: 1200, height: 900 },
      timezoneId: "UTC",
    });
    this.context.setDefaultTimeout(10000);
  }

  /** A tab whose complaints are collected; foreign: addresses asked for outside of origin. */
  async open(url) {
    const page = await this.context.newPage();
    const seen = { page, complaints: [], foreign: [] };
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && seen.complaints.push(message.text()));
    page.on("pageerror", (error) => seen.complaints.push(String(error)));
    page.on("request", (request) => new URL(request.url()).origin === new URL(url).origin || seen.foreign.push(request.url()));
    await page.goto(url);
    return seen;
  }

  async end() {
    await this.context?.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
