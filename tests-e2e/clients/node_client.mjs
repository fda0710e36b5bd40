// One socket.io-client socket: commands come in as JSON lines, what happens goes out as JSON lines. Ends with its input.
// Events are acknowledged with their arguments at once; those named in `holds` when told to.
import { createInterface } from "node:readline";

const encode = (value) => {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(encode);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
  return value;
};
const decode = (value) => {
  if (Array.isArray(value)) return value.map(decode);
  if (value && typeof value === "object") {
    if ("$bytes" in value) return Buffer.from(value.$bytes, "base64");
    if ("$date" in value) return new Date(value.$date);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
  }
  return value;
};
const say = (line) => process.stdout.write(JSON.stringify(encode(line)) + "\n");

const { url, options, holds = [], from } = JSON.parse(process.argv[2]);
const { io } = await import(from);
if (options.parser) options.parser = (await import(options.parser)).default;
const held = [];
const socket = io(url, options);
socket.on("connect", () => say({ what: "connect", id: socket.id, transport: socket.io.engine.transport.name }));
socket.on("connect_error", (error) => say({ what: "connect_error", message: error.message, data: error.data ?? null }));
socket.on("disconnect", (reason) => say({ what: "disconnect", reason }));
socket.onAny((event, ...args) => {
  const acknowledge = typeof args.at(-1) === "function" ? args.pop() : null;
  say({ what: "event", event, args });
  if (acknowledge && holds.includes(event)) held.push(acknowledge);
  else if (acknowledge) acknowledge(...args);
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    const args = decode(command.args);
    if (command.do === "answer") held.shift()(...args);
    else if (command.do === "leave") socket.disconnect();
    else if (command.do === "emit") socket.emit(command.event, ...args);
    else socket.emit(command.event, ...args, (...answer) => say({ what: "ack", number: command.number, args: answer }));
  })
  .on("close", () => {
    socket.disconnect();
    process.exitCode = 0;
  });
