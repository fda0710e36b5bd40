// Many sockets of npm's socket.io-client that write, ask to be asked, and publish, each with an acknowledgement, whatever becomes of
// their connections; commands come in as JSON lines, answers go out. Each notes what was acknowledged, and what it received.
import { createInterface } from "node:readline";

import { io } from "socket.io-client";

const { groups, timeout } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const reconnection = { reconnectionDelay: 50, reconnectionDelayMax: 300, forceNew: true };
let isOver = false;

function open({ url, path, transports, name: group }, number) {
  const name = `node ${transports} ${number}`;
  const socket = io(url, { path, transports, ...reconnection });
  const client = { name, group, socket, written: [], asked: [], published: [], unanswered: 0, refused: [], history: [] };
  socket.on("connect", () => client.history.push({ connect: socket.id, recovered: Boolean(socket.recovered) }));
  socket.on("connect_error", (error) => error.data !== undefined && client.refused.push(error.message));
  socket.on("number", (number) => client.history.push({ event: "number", args: [number] }));
  socket.on("question", (entry, answer) => answer(["yes", entry]));
  return client;
}

const ask = (client, ...args) => client.socket.timeout(timeout).emitWithAck(...args);
const acts = [
  async (client, number) => client.written.push([client.name, number, await ask(client, "write", client.name, number)]),
  async (client) => client.asked.push(await ask(client, "ask", 30)),
  async (client) => client.published.push(await ask(client, "publish")),
];

async function talk(client) {
  for (let number = 1; !isOver; number++) {
    try {
      await acts[number % acts.length](client, number);
    } catch {
      client.unanswered++;
    }
    await pause(Math.random() * 200);
  }
}

const clients = groups.flatMap((group) => Array.from({ length: group.count }, (_, number) => open(group, number)));
const talking = Promise.all(clients.map(talk));
const commands = {
  states: () =>
    clients.map(({ socket, written, asked, published }) => ({
      connected: socket.connected,
      written: written.length,
      acknowledged: written.length + asked.length + published.length,
    })),
  stop: async () => ((isOver = true), await talking, true),
  found: () => clients.map(({ socket, ...found }) => found),
};

createInterface({ input: process.stdin })
  .on("line", async (line) => say(await commands[line]()))
  .on("close", () => process.exit(0));
