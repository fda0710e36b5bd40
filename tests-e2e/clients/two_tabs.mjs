// Two tabs of the demo chat in a real browser; prints what was seen as one line of JSON.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { count, heard, openBrowser, silence, write } from "./demo_tabs.mjs";

const [url, executablePath, folder] = process.argv.slice(2);
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP4z8DAwMDAxAADCBaQBAAZ0gMBEOe8VQAAAABJRU5ErkJggg==";
const { enter, errors, close } = await openBrowser(url, executablePath, folder);

const ann = await enter("ann");
const bob = await enter("bob");
await ann.waitForSelector('#members [data-member="bob"]');
await bob.waitForSelector('#members [data-member="ann"]');
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
await silence();
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

// Bob's line is cut: he keeps his place, and gets what he missed.
const bobs = await bob.evaluate(() => document.querySelectorAll(".log .event").length);
await bob.bringToFront();
await bob.click("#about summary");
await bob.click("#cut");
await bob.waitForSelector('#connection[data-state="reconnecting"]');
await ann.bringToFront();
await write(ann, "while you were away");
await bob.bringToFront();
seen.missed = await heard(bob, "while you were away");
await bob.waitForFunction(() => document.querySelector("#connection-text").textContent !== "Reconnecting");
seen.recovered = [await bob.textContent("#connection-text"), (await bob.evaluate(() => document.querySelectorAll(".log .event").length)) - bobs];
await write(bob, "I am back");
await ann.bringToFront();
seen.back = await heard(ann, "I am back");
seen.errors = errors;
await close();
process.stdout.write(JSON.stringify(seen) + "\n");
