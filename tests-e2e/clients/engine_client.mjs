// One engine.io-client socket of revision 4 or 3: commands come in as JSON lines, what happens goes out as JSON lines. Ends with its input.
import { createInterface } from "node:readline";
import { Socket as Socket4 } from "engine.io-client";
import socket3 from "engine.io-client-3";

const { url, revision, options } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const bytes = (value) => ({ $bytes: Buffer.from(value).toString("base64") });

const socket = revision === 3 ? socket3(url, options) : new Socket4(url, options);
socket.binaryType = "arraybuffer";
socket.on("open", () => say({ what: "open", id: socket.id, transport: socket.transport.name }));
socket.on("upgrade", (transport) => say({ what: "upgrade", transport: transport.name }));
socket.on("upgradeError", (error) => say({ what: "upgradeError", message: error.message }));
socket.on(revision === 3 ? "pong" : "ping", () => say({ what: "heartbeat" }));
// Both revisions' clients tell an empty text as undefined.
socket.on("message", (data = "") => say({ what: "message", data: typeof data === "string" ? data : bytes(data) }));
socket.on("close", (reason) => say({ what: "close", reason }));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { send } = JSON.parse(line);
    if (send === undefined) socket.close();
    else socket.send(typeof send === "string" ? send : Buffer.from(send.$bytes, "base64"));
  })
  .on("close", () => {
    socket.close();
    setTimeout(() => process.exit(0), 200);
  });
