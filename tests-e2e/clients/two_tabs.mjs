// Two tabs of the demo chat in a real browser; prints what was seen as one line of JSON.
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, executablePath, folder] = process.argv.slice(2);
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP4z8DAwMDAxAADCBaQBAAZ0gMBEOe8VQAAAABJRU5ErkJggg==";
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), { executablePath, args, headless: true });
const errors = [];

const enter = async (nick) => {
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url);
  await page.fill("#nick-input", nick);
  await page.click("#nick-submit");
  await page.waitForSelector('#connection[data-state="connected"]');
  return page;
};
const write = async (page, text) => {
  await page.fill("#text", text);
  await page.click("#send");
};
const heard = async (page, text) => {
  const found = page.locator(".message .text", { hasText: text });
  await found.waitFor();
  return found.textContent();
};
const count = (page, selector) => page.getAttribute(selector, "data-count").then(Number);

const ann = await enter("ann");
const bob = await enter("bob");
await ann.waitForSelector('#members [data-member="bob"]');
const seen = { presence: await bob.$$eval("#members [data-member]", (items) => items.map((item) => item.dataset.member).sort()) };

await ann.bringToFront();
await ann.type("#text", "he");
await bob.waitForFunction(() => document.querySelector("#typing").textContent.includes("ann"));
seen.typing = true;
await write(ann, "hello from ann");
await bob.bringToFront();
seen.heard = await heard(bob, "hello from ann");
await ann.waitForSelector('.message[data-mine][data-state="shown"]');
seen.ticks = await ann.getAttribute(".message[data-mine]", "data-state");

const file = join(folder, "dot.png");
writeFileSync(file, Buffer.from(PNG, "base64"));
await bob.setInputFiles("#file", file);
await ann.bringToFront();
await ann.waitForFunction(() => document.querySelector(".message img")?.naturalWidth > 0);
seen.image = await ann.$eval(".message img", (image) => [image.naturalWidth, image.naturalHeight]);

await ann.click("#about summary");
const before = { engine: await count(ann, "#engine-wakes"), socket: await count(ann, "#socket-wakes"), session: await ann.textContent("#session-id") };
await new Promise((resolve) => setTimeout(resolve, 12_000));
await write(ann, "after sleep");
await bob.bringToFront();
const after = await heard(bob, "after sleep");
await ann.bringToFront();
await ann.waitForFunction((wakes) => Number(document.querySelector("#socket-wakes").dataset.count) > wakes, before.socket);
await ann.click("#check");
seen.sleep = {
  engine: (await count(ann, "#engine-wakes")) > before.engine,
  socket: (await count(ann, "#socket-wakes")) > before.socket,
  sameSession: (await ann.textContent("#session-id")) === before.session && before.session !== "",
  heard: after,
};
await ann.waitForSelector("#counters dd");
seen.counters = await ann.textContent("#counters");
seen.errors = errors;
await context.close();
process.stdout.write(JSON.stringify(seen) + "\n");
