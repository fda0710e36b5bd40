// Many engine.io-client sockets that begin with polling and upgrade while numbered messages flow both ways; each line of input is a round.
// Each client sends "up:1", "up:2", ... and expects "down:1", "down:2", ...; meanwhile it expects "stream:1", "stream:2", ....
import { createInterface } from "node:readline";
import { Socket } from "engine.io-client";

const { url, options, clients, messages } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const faults = [];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Client {
  sent = 0;
  down = 0;
  stream = 0;
  streamed = 0;
  upgraded = false;

  constructor(number) {
    this.number = number;
    this.socket = new Socket(url, options);
    this.opened = new Promise((resolve) => this.socket.on("open", resolve));
    this.socket.on("upgrade", () => (this.upgraded = true));
    this.socket.on("upgradeError", (error) => faults.push(`${number}: upgrade failed: ${error.message}`));
    this.socket.on("close", (reason) => this.ending || faults.push(`${number}: closed: ${reason}`));
    this.socket.on("message", (data) => this.take(data));
  }

  take(data) {
    const kind = data.split(":")[0];
    const expected = kind === "down" ? `down:${++this.down}` : kind === "stream" ? `stream:${++this.stream}` : "nothing else";
    if (data !== expected) faults.push(`${this.number}: ${data} in place of ${expected}`);
  }

  async talk() {
    await this.opened;
    this.stream = 0;
    this.socket.send(`stream:${messages}`);
    for (let number = 0; number < messages; number++) {
      this.socket.send(`up:${++this.sent}`);
      if (Math.random() < 0.7) await pause(Math.random() * 12);
    }
    const until = Date.now() + 30_000;
    while ((this.down < this.sent || this.stream < messages || !this.upgraded) && Date.now() < until && this.socket.readyState === "open") await pause(20);
    if (this.down !== this.sent || this.stream !== messages)
      faults.push(`${this.number}: ${this.down} of ${this.sent} answered, ${this.stream} of ${messages} streamed`);
  }

  close() {
    this.ending = true;
    this.socket.close();
  }
}

const all = Array.from({ length: clients }, (_, number) => new Client(number));
createInterface({ input: process.stdin })
  .on("line", async () => {
    await Promise.all(all.map((one) => one.talk()));
    say({ what: "round", upgraded: all.filter((one) => one.upgraded).length, answered: all.reduce((sum, one) => sum + one.down, 0), faults });
  })
  .on("close", () => {
    all.forEach((one) => one.close());
    setTimeout(() => process.exit(0), 300);
  });
