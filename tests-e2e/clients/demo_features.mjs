// What the demo shows besides a chat, as a visitor sees it; prints what was seen as one line of JSON.
import { comeIn, count, give, openBrowser, silence } from "./demo_tabs.mjs";

const [url, executablePath, folder, token] = process.argv.slice(2);
const { open, enter, errors, close } = await openBrowser(url, executablePath, folder);
const seen = {};

const join = async (page, room) => {
  await page.fill("#room-input", room);
  await page.click("#room-submit");
  await page.waitForSelector(`#rooms [data-room="${room}"][aria-current]`);
};
const visit = async (page, room) => {
  await page.bringToFront();
  await page.click(`#rooms [data-room="${room}"]`);
};
const notes = (page) => page.$$eval("#notes .note", (items) => items.map((item) => item.textContent));
const pinned = (page, text) => page.locator("#notes .note", { hasText: text }).waitFor();
const answer = async (page, nick, state) => {
  await page.waitForSelector(`#members [data-member="${nick}"][data-roll="${state}"]`, { timeout: 60_000 });
  return page.textContent(`#members [data-member="${nick}"] .answer`);
};
// How many lives of the socket object this page has met, this one included.
const wakes = async (page) => {
  const told = page.waitForResponse(`${url}/counters`); // the page asks for it when it has its acknowledgement
  await page.click("#check");
  await told;
  return count(page, "#socket-wakes");
};

// Middleware: the server's own name is taken.
const ann = await open();
await give(ann, "dormouse");
await ann.waitForFunction(() => document.querySelector("#nick-error").textContent);
seen.refused = [await ann.textContent("#nick-error"), await ann.getAttribute("body", "data-view")];
await comeIn(ann, "ann");
const bob = await enter("bob");

// A dynamic namespace: each room has a board.
await ann.fill("#note", "buy nuts");
await ann.click("#pin");
await pinned(bob, "buy nuts");
await join(bob, "tea room");
await bob.waitForFunction(() => document.querySelectorAll("#notes .note").length === 0);
await bob.fill("#note", "four o'clock");
await bob.click("#pin");
await pinned(bob, "four o'clock");
await join(ann, "tea room");
await pinned(ann, "four o'clock");
seen.boards = [await notes(ann)];
await visit(ann, "lobby");
await pinned(ann, "buy nuts");
seen.boards.push(await notes(ann));

// Durable callbacks: bob answers in the lobby after a sleep, and never in the tea room.
await ann.click("#about summary");
await visit(ann, "tea room");
await ann.waitForSelector('#members [data-member="bob"]');
await ann.click("#roll");
seen.asked = [await answer(ann, "bob", "asked")];
await ann.click("#roll");
await ann.waitForFunction(() => document.querySelector("#notice").textContent);
seen.again = await ann.textContent("#notice");
await visit(ann, "lobby");
await ann.click("#roll");
seen.asked.push(await answer(ann, "bob", "asked"));
const called = await wakes(ann);
await silence(36); // within 25 seconds of the first connect the engine object reports its sessions, once
await visit(bob, "lobby");
await bob.click('.log:not([hidden]) .roll button');
await ann.bringToFront();
seen.answered = await answer(ann, "bob", "present");
const answered = await wakes(ann);
await visit(ann, "tea room");
seen.silent = await answer(ann, "bob", "silent");
seen.lives = [answered > called, (await wakes(ann)) > answered];
seen.late = await bob.$$eval(".roll button", (buttons) => buttons.length);
seen.told = await ann.$$eval(".log:not([hidden]) .event", (items) => items.map((item) => item.textContent));

// An Emitter: by HTTP, from outside; a page that comes later finds the board.
const response = await fetch(`${url}/announce`, {
  method: "POST",
  headers: { Authorization: `Bearer ${token}` },
  body: JSON.stringify({ room: "Tea Room", text: "<b>from outside</b>" }),
});
seen.response = [response.status, await response.json()];
const announcement = ann.locator(".announcement");
await announcement.waitFor();
seen.announced = [await announcement.getAttribute("data-nick"), await announcement.locator(".text").textContent()];
const cy = await enter("cy");
await pinned(cy, "buy nuts");

// Middleware: nobody talks too fast.
await cy.evaluate(() => {
  for (let number = 0; number < 21; number += 1) {
    document.querySelector("#text").value = `message ${number}`;
    document.querySelector("#composer").requestSubmit();
  }
});
await cy.waitForSelector('.message[data-state="failed"]');
seen.fast = [await cy.textContent("#notice"), await cy.$$eval('.message[data-state="failed"]', (items) => items.length)];

seen.errors = errors;
await close();
process.stdout.write(JSON.stringify(seen) + "\n");
