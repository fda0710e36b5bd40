// Tabs of the demo chat in a real browser, and what a visitor does there.
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export async function openBrowser(url, executablePath, folder) {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), { executablePath, args, headless: true });
  const errors = [];
  const open = async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url}`));
    await page.goto(url);
    return page;
  };
  const enter = async (nick) => comeIn(await open(), nick);
  return { open, enter, errors, close: () => context.close() };
}

export async function comeIn(page, nick) {
  await give(page, nick);
  await page.waitForSelector('#connection[data-state="connected"]');
  return page;
}

export async function give(page, nick) {
  await page.fill("#nick-input", nick);
  await page.click("#nick-submit");
}

export async function write(page, text) {
  await page.fill("#text", text);
  await page.click("#send");
}

export async function heard(page, text) {
  const found = page.locator(".message .text", { hasText: text });
  await found.waitFor();
  return found.textContent();
}

export const count = (page, selector) => page.getAttribute(selector, "data-count").then(Number);

// The subject is time without events: longer than an object takes to fall asleep.
export const silence = (seconds = 12) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
