// The application `talk` on Node's socket.io, and beside it an Engine.IO server that sends back; says its port when it listens.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { Server as Engine } from "engine.io";

const http = createServer();
const limits = { pingInterval: 6_000_000, pingTimeout: 5_000_000, maxHttpBufferSize: 100_000 };

const engine = new Engine({ ...limits, allowEIO3: true });
engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
engine.attach(http, { path: "/echo/", destroyUpgrade: false });

const io = new Server(http, { ...limits, path: "/socket/", serveClient: false, destroyUpgrade: false });
const split = (args) => [args, typeof args.at(-1) === "function" ? args.pop() : () => {}];

const refusal = (auth) => Object.assign(new Error("not you"), { data: auth.refuse });
const admit = (socket, next) => next("refuse" in (socket.handshake.auth ?? {}) ? refusal(socket.handshake.auth) : undefined);

const talk = (socket) => {
  socket.on("echo", (...all) => {
    const [args, ack] = split(all);
    ack(...args);
  });
  socket.on("nothing", (...all) => split(all)[1]());
  socket.on("back", (...all) => socket.emit("back", ...split(all)[0]));
  socket.on("join", (room) => socket.join(room));
  socket.on("leave", (room) => socket.leave(room));
  socket.on("tell", (room, ...args) => socket.nsp.to(room).emit("told", ...args));
  socket.on("ask", (...args) => socket.emit("question", ...args, (...answer) => socket.emit("answered", ...answer)));
  socket.on("bye", () => socket.disconnect());
};

for (const name of ["/", "/other"]) io.of(name).use(admit).on("connection", talk);

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
