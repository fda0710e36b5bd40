// The application that is measured, on Node's socket.io, with further options as JSON; says its port when it listens.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(new URL("../tests-e2e/package.json", import.meta.url))("socket.io");
const http = createServer();
const io = new Server(http, { pingInterval: 600_000, pingTimeout: 100_000, serveClient: false, ...JSON.parse(process.argv[2] ?? "{}") });
let number = 0;

io.on("connection", (socket) => {
  socket.on("echo", (data, ack) => ack(data));
  socket.on("reply", (data) => socket.emit("replied", data));
  socket.on("note", () => {});
  socket.on("enter", async (room, ack) => {
    await socket.join(room);
    ack(room);
  });
  socket.on("enter_many", async (rooms, ack) => {
    for (const room of rooms) await socket.join(room);
    ack(rooms.length);
  });
  socket.on("publish", (ack) => {
    io.emit("number", ++number);
    ack(number);
  });
  socket.on("say", (room, data) => io.to(room).emit("said", data));
});

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
