// Many sockets of npm's socket.io-client that lose their connections and come back: commands come in as JSON lines, answers go out.
// Each notes what it receives, and at each connect whether it was recovered.
import { createInterface } from "node:readline";

import { cuts } from "./cuts.mjs";

const { urls, count, options, from, namespace } = JSON.parse(process.argv[2]);
const { io } = await import(from);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const plain = (value) => (Buffer.isBuffer(value) || value instanceof ArrayBuffer ? { $bytes: Buffer.from(value).toString("base64") } : value);

const clients = Array.from({ length: count }, (_, index) => {
  const socket = io(urls[index % urls.length] + namespace, { forceNew: true, ...options, auth: { name: index } });
  const client = { socket, history: [], holds: false };
  socket.on("connect", () => client.history.push({ connect: socket.id, recovered: Boolean(socket.recovered) }));
  socket.on("connect_error", (error) => client.history.push({ error: error.message }));
  socket.onAny((event, ...args) => {
    const acknowledge = typeof args.at(-1) === "function" ? args.pop() : null;
    // What the protocol adds is the last argument of an event that asks for no answer.
    const offset = acknowledge || !socket._pid ? null : args.pop();
    client.history.push({ event, args: args.map(plain), ...(offset === null ? {} : { offset }) });
    if (acknowledge && !client.holds) acknowledge(...args);
  });
  return client;
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { number, do: what, which, args } = JSON.parse(line);
    const chosen = which === null ? clients : which.map((index) => clients[index]);
    if (what === "cut") chosen.forEach((client) => client.socket.connected && cuts[args[0]](client.socket.io.engine));
    else if (what === "hold") chosen.forEach((client) => (client.holds = args[0]));
    else if (what === "reconnect") chosen.forEach((client) => client.socket.io.reconnection(args[0]) && args[0] && client.socket.connect());
    else if (what === "forge") chosen.forEach((client) => Object.assign(client.socket, args[0]));
    else if (what === "call") {
      chosen[0].socket.emit(...args, (...answer) => say({ number, answer }));
      return;
    }
    const answer = what === "histories" ? chosen.map((client) => client.history) : chosen.map((client) => ({
      connected: client.socket.connected, id: client.socket.id ?? null, pid: client.socket._pid ?? null, offset: client.socket._lastOffset ?? null,
    }));
    say({ number, answer });
  })
  .on("close", () => {
    clients.forEach((client) => client.socket.disconnect());
    setTimeout(() => process.exit(0), 100); // a connection that was abandoned would keep the process
  });
