// Options of npm's socket.io-client and engine.io-client, each used against a server. Prints one line of JSON: what was observed in
// each case, and the names of the options that were used. The test says what each case must show.
import { spawn } from "node:child_process";
import { Agent } from "node:http";
import { fileURLToPath } from "node:url";

// What a page has, and `closeOnBeforeunload` needs; the clients look for it when they are loaded.
const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);
globalThis.removeEventListener = page.removeEventListener.bind(page);
const { io } = await import("socket.io-client");
const engineIo = await import("engine.io-client");
const msgpack = (await import("socket.io-msgpack-parser")).default;

const { url, engineUrl, idle } = JSON.parse(process.argv[2]);
const realSetTimeout = globalThis.setTimeout;
const PATIENCE_MS = 10_000;
const NOWHERE = "/nowhere/";
const BYTES = Buffer.from([0, 1, 254, 255]);
const used = new Set();
const toClose = [];

function within(promise, what, patience = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => (timer = realSetTimeout(() => reject(new Error(`no ${what}`)), patience)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const once = (emitter, event) => within(new Promise((resolve) => emitter.once(event, (...args) => resolve(args[0] ?? null))), event);
const note = (options) => Object.keys(options).forEach((name) => used.add(name));

// A socket of its own connection; only the options of the case itself count as used.
function open(options = {}, at = "/") {
  note(options);
  const socket = io(url + at, { path: "/parity/", forceNew: true, reconnection: false, ...options });
  toClose.push(() => socket.disconnect());
  return socket;
}

async function connected(options, at) {
  const socket = open(options, at);
  const failed = new Promise((_, reject) => socket.once("connect_error", reject));
  await Promise.race([once(socket, "connect"), failed]);
  return socket;
}

function openEngine(options, ...at) {
  note(options);
  const engine = new engineIo.Socket(...at.filter(Boolean), { path: "/engine.io", ...options });
  toClose.push(() => engine.close());
  return engine;
}

async function openedEngine(options, ...at) {
  const engine = openEngine(options, ...(at.length ? at : [engineUrl]));
  const failed = new Promise((_, reject) => engine.once("error", reject));
  await Promise.race([once(engine, "open"), failed]);
  return engine;
}

async function echo(engine, data) {
  engine.send(data);
  return once(engine, "message");
}

const call = (socket, event, ...args) => within(socket.emitWithAck(event, ...args), `answer to ${event}`);
const environ = (socket) => call(socket, "do", "get_environ", { sid: socket.id });
const query = async (socket) => Object.fromEntries(new URLSearchParams((await environ(socket)).QUERY_STRING));
const transport = (socket) => (socket.io ? socket.io.engine : socket).transport.name;
const refused = (options, at) => once(open(options, at), "connect_error").then((error) => error.message);
async function upgraded(socket) {
  if (transport(socket) === "polling") await once(socket.io.engine, "upgrade");
  return socket;
}

// The connection is lost without a word of either side.
const drop = (socket) => socket.io.engine.transport.ws._socket.destroy();
const visit = (path) => fetch(engineUrl + path).then((response) => response.text());

// Keeps what is requested through it.
class Recorder extends Agent {
  asked = [];

  addRequest(request, ...rest) {
    this.asked.push({ path: request.path, cookie: request.getHeader("cookie") ?? null });
    super.addRequest(request, ...rest);
  }

  count(text) {
    return this.asked.filter((one) => one.path.includes(text)).length;
  }
}

// The delays of a manager's timers, except the one for the attempt to connect.
function delaysOf(manager) {
  const delays = [];
  const real = manager.setTimeoutFn;
  manager.setTimeoutFn = (work, delay) => {
    if (delay !== manager.timeout()) delays.push(delay);
    return real(work, delay);
  };
  return delays;
}

async function failedReconnections(options) {
  const socket = open({ autoConnect: false, reconnection: true, path: NOWHERE, ...options });
  const delays = delaysOf(socket.io);
  let attempts = 0;
  socket.io.on("reconnect_attempt", () => (attempts += 1));
  const failed = once(socket.io, "reconnect_failed");
  socket.connect();
  await failed;
  return { attempts, delays };
}

// A Node process of its own that has nothing to do but to stay connected; tells how it ended and what it had.
function stay(options) {
  note(options);
  const process_ = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify({ url, idle: options })]);
  let said = "";
  process_.stdout.on("data", (data) => (said += data));
  process_.stderr.on("data", (data) => (said += data));
  return within(new Promise((resolve) => process_.on("close", (code) => resolve([code, said.trim()]))), "end").finally(() => process_.kill());
}

const cases = {
  async multiplex() {
    const engines = async (options) => {
      const sockets = [await connected(options), await connected(options, "/class")];
      return new Set(sockets.map((socket) => socket.io.engine.id)).size;
    };
    return [await engines({ forceNew: false }), await engines({ forceNew: false, multiplex: false }), await engines({ forceNew: true })];
  },
  async path() {
    const socket = await connected({ path: "/parity" });
    return [(await environ(socket)).PATH_INFO, (await call(socket, "describe")).async_mode];
  },
  async addTrailingSlash() {
    return [(await environ(await connected({ addTrailingSlash: false }))).PATH_INFO, (await environ(await connected({ addTrailingSlash: true }))).PATH_INFO];
  },
  async query() {
    const given = await query(await connected({ query: { room: "tea & co", n: 1 } }));
    const { room } = await query(await connected({}, "/?room=blue"));
    return [given.room, given.n, room];
  },
  async timestampParam() {
    const agent = new Recorder();
    const seen = await query(await connected({ timestampParam: "stamp", transports: ["polling"], agent }));
    return ["stamp" in seen, "t" in seen, agent.count("stamp=") === agent.asked.length];
  },
  async timestampRequests() {
    const seen = async (options) => "t" in (await query(await connected(options)));
    const agent = new Recorder();
    return {
      websocket: [await seen({ transports: ["websocket"], timestampRequests: true }), await seen({ transports: ["websocket"] })],
      polling: [await seen({ transports: ["polling"], timestampRequests: false, agent }), await seen({ transports: ["polling"] })],
      withoutIt: agent.asked.length > 2 && agent.count("&t=") === 0,
    };
  },
  async extraHeaders() {
    const seen = async (name) => (await environ(await connected({ transports: [name], extraHeaders: { "X-Shop": "open" } }))).HTTP_X_SHOP;
    return [await seen("polling"), await seen("websocket")];
  },
  async transportOptions() {
    const transportOptions = { polling: { extraHeaders: { "X-Way": "slow" } }, websocket: { extraHeaders: { "X-Way": "fast" } } };
    const seen = async (name) => (await environ(await connected({ transports: [name], transportOptions }))).HTTP_X_WAY;
    return [await seen("polling"), await seen("websocket")];
  },
  async transports() {
    const names = [];
    for (const transports of [["polling"], ["websocket"], ["websocket", "polling"], [engineIo.NodeXHR], [engineIo.NodeWebSocket]]) {
      const socket = await connected({ transports });
      names.push([transport(socket), (await environ(socket))["engine_do.transport"]].join(" "));
    }
    return names;
  },
  async tryAllTransports() {
    const fails = { transports: ["polling", "websocket"], transportOptions: { polling: { path: NOWHERE } } };
    const only = { path: "/shop", transports: ["websocket", "polling"] }; // the server serves polling only
    return {
      nowhere: [await refused(fails), transport(await connected({ ...fails, tryAllTransports: true }))],
      only: [await openedEngine(only).catch((error) => error.message), transport(await openedEngine({ ...only, tryAllTransports: true }))],
    };
  },
  async upgrade() {
    const agents = [new Recorder(), new Recorder()];
    const moving = await upgraded(await connected({ agent: agents[0], upgrade: true }));
    const staying = await connected({ agent: agents[1], upgrade: false });
    for (let number = 0; number < 3; number += 1) await environ(staying);
    return [moving, staying].map((socket, index) => [transport(socket), agents[index].count("transport=websocket")]);
  },
  async rememberUpgrade() {
    const firstRequest = async (rememberUpgrade) => {
      const agent = new Recorder();
      await upgraded(await connected({ rememberUpgrade, agent }));
      return new URLSearchParams(agent.asked[0].path.split("?")[1]).get("transport");
    };
    return [await firstRequest(true), await firstRequest(true), await firstRequest(false)];
  },
  async forceBase64() {
    const seen = async (options) => {
      const socket = await connected({ transports: ["websocket"], ...options });
      const kinds = new Set();
      socket.io.engine.transport.ws.addEventListener("message", (event) => kinds.add(typeof event.data));
      const answer = await call(socket, "message-with-ack", BYTES);
      return [(await query(socket)).b64 ?? null, [...kinds].sort(), BYTES.equals(answer)];
    };
    return [await seen({ forceBase64: true }), await seen({ forceBase64: false })];
  },
  async withCredentials() {
    const seen = async (options) => {
      const agent = new Recorder();
      const engine = await openedEngine({ path: "/shop", transports: ["polling"], agent, ...options });
      await echo(engine, "hello");
      const cookies = new Set(agent.asked.slice(1).map((one) => one.cookie && one.cookie.replace(engine.id, "sid")));
      return [agent.asked[0].cookie, ...cookies];
    };
    return [await seen({ withCredentials: true }), await seen({ withCredentials: false })];
  },
  async protocols() {
    const socket = open({ transports: ["websocket"], protocols: ["chat", "superchat"] });
    const failed = new Promise((resolve) => socket.once("connect_error", (error) => resolve(error.description?.message ?? error.message)));
    return Promise.race([once(socket, "connect").then(() => socket.io.engine.transport.ws.protocol), failed]);
  },
  async protocolsAtAnUpgrade() {
    const engine = openEngine({ protocols: ["chat"] }, engineUrl);
    const failed = new Promise((resolve) => engine.once("upgradeError", (error) => resolve(error.message)));
    return Promise.race([once(engine, "upgrade").then((to) => to.ws.protocol), failed]);
  },
  async protocolsOfABrowser() {
    const failed = (error) => error.message;
    const engine = await openedEngine({ transportImplementations: [engineIo.WebSocket], protocols: ["chat"] }).catch(failed);
    return engine.transport?.ws.protocol ?? engine;
  },
  async parser() {
    const socket = await connected({ parser: msgpack, path: "/msgpack/", transports: ["websocket"] });
    const kinds = new Set();
    socket.io.engine.on("data", (data) => kinds.add(typeof data));
    const answer = await call(socket, "echo", { of: [BYTES, 1.5] });
    return [[...kinds], BYTES.equals(answer.of[0]), answer.of[1]];
  },
  async autoConnect() {
    const socket = open({ autoConnect: false });
    await new Promise(setImmediate);
    const before = [socket.active, socket.io.engine === undefined];
    socket.connect();
    await once(socket, "connect");
    return [before, socket.connected];
  },
  async auth() {
    const socket = await connected({ path: "/socket.io/", auth: { user: "ann" }, transports: ["websocket"] });
    let asked = 0;
    const auth = (answer) => answer({ user: `ann ${(asked += 1)}` });
    const other = await connected({ path: "/socket.io/", auth, transports: ["websocket"], reconnection: true, reconnectionDelay: 20 });
    const users = [(await call(socket, "whoami")).session.user, (await call(other, "whoami")).session.user];
    drop(other);
    await once(other, "connect");
    return [...users, (await call(other, "whoami")).session.user];
  },
  async authThatIsRefused() {
    const socket = open({ path: "/socket.io/", auth: { refuse: { code: 7 } } });
    const error = await once(socket, "connect_error");
    return [error.message, error.data, socket.active];
  },
  async reconnection() {
    const socket = await connected({ reconnection: true, reconnectionDelay: 20, transports: ["websocket"] });
    const [id, session] = [socket.id, socket.io.engine.id];
    drop(socket);
    await once(socket, "connect");
    return [socket.id !== id, socket.io.engine.id !== session];
  },
  async noReconnection() {
    const socket = await connected({ reconnection: false, transports: ["websocket"] });
    const delays = delaysOf(socket.io);
    drop(socket);
    return [await once(socket, "disconnect"), delays, socket.io._reconnecting ?? false];
  },
  async reconnectionDelay() {
    const options = { reconnectionDelay: 40, reconnectionDelayMax: 100, randomizationFactor: 0, reconnectionAttempts: 4 };
    return failedReconnections(options);
  },
  async randomizationFactor() {
    const { delays } = await failedReconnections({ reconnectionDelay: 40, randomizationFactor: 0.5, reconnectionAttempts: 4 });
    const shares = delays.map((delay, attempt) => delay / (40 * 2 ** attempt));
    return [delays.length, shares.every((share) => 0.5 <= share && share <= 1.5), shares.some((share) => share !== 1)];
  },
  async timeout() {
    await visit("/kill/ENGINE/e1/-"); // a new life holds handshakes again
    const socket = io(engineUrl, { path: "/engine.io/", query: { held: 1, actor: 1 }, timeout: 150, reconnection: false, transports: ["polling"] });
    used.add("timeout");
    const { message } = await once(socket, "connect_error");
    await visit("/let_in/ENGINE/e1/-");
    return [message, (await connected({ timeout: 5_000 })).connected];
  },
  async ackTimeout() {
    const socket = await connected({ path: "/beside/", ackTimeout: 1_000 });
    const failed = await call(socket, "wait", 3).catch((error) => error.message);
    return [failed, await call(socket, "echo", "soon")];
  },
  async retries() {
    const socket = await connected({ path: "/beside/", retries: 50, ackTimeout: 200 });
    const other = await connected({ path: "/beside/" });
    const name = `retries ${socket.id}`;
    let [tries, answer] = [0, null];
    socket.onAnyOutgoing(() => (tries += 1));
    socket.emit("hold", name, (error, ...args) => (answer = [error, ...args]));
    const behind = call(socket, "echo", "behind it");
    while (tries < 2) await new Promise((resolve) => realSetTimeout(resolve, 10));
    while (answer === null) await call(other, "release", name);
    return [answer, await behind, tries >= 3];
  },
  async retriesOverAReconnection() {
    const options = { path: "/beside/", transports: ["websocket"], retries: 3, ackTimeout: 8_000, reconnection: true, reconnectionDelay: 20 };
    const socket = await connected(options);
    let tries = 0;
    socket.onAnyOutgoing(() => (tries += 1));
    const answer = call(socket, "wait", 0.3);
    drop(socket);
    return [await answer, tries];
  },
  async retriesThatAreUsedUp() {
    const socket = await connected({ path: "/beside/", retries: 1, ackTimeout: 60 });
    let tries = 0;
    socket.onAnyOutgoing((event) => (tries += event === "wait"));
    const failed = await call(socket, "wait", 1).catch((error) => error.message);
    return [failed, tries];
  },
  async closeOnBeforeunload() {
    const watcher = await connected({ path: "/socket.io/" });
    const user = `of a page, ${watcher.id}`;
    const leaver = await connected({ path: "/socket.io/", auth: { user }, closeOnBeforeunload: true, transports: ["websocket"] });
    const told = [];
    leaver.on("disconnect", (reason) => told.push(reason));
    const left = new Promise((resolve) => watcher.on("left", (gone) => gone.user === user && resolve(gone.reason)));
    page.dispatchEvent(new Event("beforeunload"));
    return [await within(left, "word of it"), [...told], watcher.connected];
  },
  async autoUnref() {
    return { with: await stay({ autoUnref: true }), without: await stay({ autoUnref: false }) };
  },
  async agent() {
    const agent = new Recorder({ keepAlive: true });
    await upgraded(await connected({ agent }));
    return [agent.count("transport=polling") >= 2, agent.count("transport=websocket")];
  },
  async tls() {
    const nothing = Buffer.from("nothing");
    const options = { pfx: nothing, key: nothing, passphrase: "x", cert: nothing, ca: nothing, ciphers: "x", rejectUnauthorized: true, checkServerIdentity: () => new Error("never") };
    return [transport(await connected({ ...options, transports: ["polling"] })), transport(await connected({ ...options, transports: ["websocket"] }))];
  },
  async localAddress() {
    const socket = await connected({ transports: ["websocket"], localAddress: "127.0.0.2", family: 4 });
    const { localAddress, remoteFamily } = socket.io.engine.transport.ws._socket;
    return [localAddress, remoteFamily];
  },
  async origin() {
    const same = await environ(await connected({ transports: ["websocket"], origin: url }));
    const foreign = { transports: ["websocket"], origin: "https://page.example" };
    return [same.HTTP_ORIGIN === url, await refused(foreign), (await connected({ path: "/fast/", ...foreign })).connected];
  },
  async maxPayload() {
    const socket = await connected({ transports: ["websocket"], maxPayload: 1_000 });
    const gone = once(socket, "disconnect");
    socket.emit("message-with-ack", "x".repeat(2_000), () => {});
    return gone;
  },
  async protocolVersion() {
    const outcome = async (protocolVersion) => {
      const socket = open({ transports: ["websocket"], protocolVersion });
      const failed = once(socket, "connect_error").then((error) => error.description?.message ?? error.message);
      return Promise.race([once(socket, "connect").then(() => "connected"), failed]);
    };
    return [await outcome(13), await outcome(8)];
  },
  async perMessageDeflate() {
    const sent = async (options) => {
      const engine = await openedEngine({ transports: ["websocket"], ...options });
      const { extensions, _socket } = engine.transport.ws;
      const before = _socket.bytesWritten;
      const same = (await echo(engine, "x".repeat(20_000))) === "x".repeat(20_000);
      return [extensions, _socket.bytesWritten - before < 1_000, same];
    };
    return [await sent({ perMessageDeflate: { threshold: 10 } }), await sent({ perMessageDeflate: { threshold: 1e6 } }), await sent({ perMessageDeflate: false })];
  },
  async useNativeTimers() {
    const outcome = async (useNativeTimers) => {
      const asked = [];
      globalThis.setTimeout = (work, delay, ...args) => (asked.push(delay), realSetTimeout(work, delay, ...args));
      try {
        const options = { useNativeTimers, transports: ["websocket"], reconnection: true, reconnectionDelay: 23, randomizationFactor: 0 };
        const socket = await connected(options);
        drop(socket);
        await once(socket, "connect");
      } finally {
        globalThis.setTimeout = realSetTimeout;
      }
      return asked.includes(23);
    };
    return [await outcome(true), await outcome(false)];
  },
  async hostAndPort() {
    const { hostname, port } = new URL(engineUrl);
    const one = await openedEngine({ hostname, port, secure: false, query: { keep: "" } }, null);
    const two = await openedEngine({ host: hostname, port }, null);
    return [await echo(one, "kept:-"), await echo(two, "kept:-")];
  },
  async transportImplementations() {
    const outcomes = {};
    for (const [name, transportImplementations] of Object.entries({
      fetch: [engineIo.Fetch],
      xhr: [engineIo.NodeXHR],
      ws: [engineIo.NodeWebSocket],
      builtin: [engineIo.WebSocket],
      both: [engineIo.Fetch, engineIo.WebSocket],
    })) {
      const engine = await openedEngine({ transportImplementations });
      if (name === "both") await once(engine, "upgrade");
      outcomes[name] = [await echo(engine, "transport:"), await echo(engine, "hello")];
    }
    return outcomes;
  },
};

if (idle) {
  const patience = setTimeout(() => process.exit(1), PATIENCE_MS);
  const socket = io(url, { path: "/parity/", transports: ["websocket"], ...idle });
  socket.on("connect", () => {
    clearTimeout(patience);
    process.stdout.write("connected\n");
    if (!idle.autoUnref) process.exitCode = process.getActiveResourcesInfo().includes("Timeout") ? 3 : 4;
    if (!idle.autoUnref) socket.disconnect();
  });
} else {
  const observed = {};
  for (const [name, run] of Object.entries(cases)) {
    observed[name] = await within(run(), "end of the case", 2 * PATIENCE_MS).catch((error) => ({ error: String(error.stack ?? error) }));
    toClose.splice(0).forEach((close) => close());
  }
  process.stdout.write(JSON.stringify({ observed, used: [...used] }) + "\n", () => process.exit(0));
}
