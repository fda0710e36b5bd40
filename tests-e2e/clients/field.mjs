// A field test: many sockets of npm's socket.io-client lose their connections again and again while one more, which never does, has
// numbers published. Prints what became of the numbers, as JSON.
//   jitter     each is cut when it has been connected for 2 to 6 s, and comes back after some 2 s
//   avalanche  every 3.5 s all are cut at once, and come back together after 1 s
import { io } from "socket.io-client";

import { cuts } from "./cuts.mjs";

const { url, path, count, seconds, pattern, how, interval } = JSON.parse(process.argv[2]);
const [AWAY_MS, SPREAD] = pattern === "jitter" ? [2_000, 0.25] : [1_000, 0];
const CONNECTED_MS = [2_000, 6_000], AVALANCHE_MS = 3_500, PATIENCE_MS = 20_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const options = { path, transports: ["websocket"], forceNew: true, reconnectionDelay: AWAY_MS, reconnectionDelayMax: AWAY_MS, randomizationFactor: SPREAD };
const found = { published: 0, delivered: 0, cuts: 0, reconnects: 0, recovered: 0, gaps: 0, duplicates: 0, unasked: 0, catching_up_ms: [] };
let isOver = false, nextCut = 0;

/** Open a socket, and note what it sees: its last number, whether it was told that some may be missing, and what it is to catch up with. */
function open() {
  const socket = io(url, options);
  const client = { socket, connects: 0, last: 0, isTold: true, isCut: false, lost: 0, since: 0, begun: 0, target: 0 };
  socket.on("connect", () => {
    if (client.connects++) {
      found.reconnects++;
      found.recovered += Number(Boolean(socket.recovered));
    }
    client.isCut = false;
    if (!socket.recovered) client.isTold = true;
    // What the others have by now was missed; Node's server sends that before the answer to CONNECT, and ours after it.
    Object.assign(client, { begun: client.since, since: 0, target: socket.recovered && control.last > client.lost ? control.last : 0 });
    catchUp(client);
    if (pattern === "jitter" && client.connects > 1) later(client);
  });
  socket.on("disconnect", () => {
    found.unasked += Number(!client.isCut);
    Object.assign(client, { isCut: true, lost: client.last, target: 0 });
  });
  socket.io.on("reconnect_attempt", () => (client.since ||= performance.now()));
  socket.on("number", (number) => note(client, number));
  return client;
}

function note(client, number) {
  if (number <= client.last) {
    found.duplicates++;
    return;
  }
  if (!client.isTold) found.gaps += number - client.last - 1;
  Object.assign(client, { last: number, isTold: false });
  if (client !== control) found.delivered++;
  if (client.socket.connected) catchUp(client);
}

function catchUp(client) {
  if (!client.target || client.last < client.target) return;
  found.catching_up_ms.push(performance.now() - client.begun);
  client.target = 0;
}

function cut(client) {
  if (isOver || !client.socket.connected) return;
  found.cuts++;
  client.isCut = true;
  cuts[how[nextCut++ % how.length]](client.socket.io.engine);
}

function later(client) {
  const [least, most] = CONNECTED_MS;
  setTimeout(() => cut(client), least + Math.random() * (most - least));
}

async function until(holds) {
  for (const end = performance.now() + PATIENCE_MS; !holds() && performance.now() < end; ) await pause(20);
  return holds();
}

const publish = () => control.socket.timeout(PATIENCE_MS).emitWithAck("publish");
let control = null;
control = open();
const clients = [];
while (clients.length < count) {
  clients.push(...Array.from({ length: Math.min(20, count - clients.length) }, open));
  if (!(await until(() => [control, ...clients].every(({ socket }) => socket.connected)))) throw new Error("not all are connected");
}

process.stdout.write("connected\n");
const first = await publish();
const begun = performance.now(), pending = [];
const publishing = setInterval(() => pending.push(publish()), interval);
if (pattern === "jitter") clients.forEach(later);
const falling = pattern === "avalanche" ? setInterval(() => clients.forEach(cut), AVALANCHE_MS) : null;
await pause(seconds * 1_000);
isOver = true;
clearInterval(falling);
clearInterval(publishing);
const isBack = await until(() => clients.every(({ socket }) => socket.connected));
await Promise.all(pending);
// Whoever is back gets this one, behind all that was missed.
const last = await publish();
await until(() => [control, ...clients].every((client) => client.last >= last));
for (const client of clients) found.gaps += Math.max(0, last - client.last);

found.published = last - first + 1;
const times = found.catching_up_ms.sort((one, other) => one - other);
const share = (part) => (times.length ? times[Math.min(times.length - 1, Math.floor(part * times.length))] : null);
const result = { ...found, catching_up_ms: { count: times.length, p50: share(0.5), p95: share(0.95) }, is_back: isBack, seconds: (performance.now() - begun) / 1_000 };
process.stdout.write(JSON.stringify(result) + "\n", () => process.exit(0));
