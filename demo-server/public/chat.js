// The page of the chat: one Socket.IO connection, a view per room, and lamps that tell who sleeps.
// Everything that comes from others reaches the document as text, never as markup.

const ACK_MS = 15_000;
const FILE_LIMIT = 700_000;
const TYPING_REPEAT_MS = 3_000;
const TYPING_FORGET_MS = 6_000;
const ASLEEP_AFTER_MS = 10_000;
const CUT_MS = 4_000;
const LOG_LIMIT = 300;
const CONFIRM_LIMIT = 50;
const INLINE_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const NICK_KEY = "dormouse-nick";
const SERVER_NICK = "Dormouse";
const BOARD_LIMIT = 200;
const ROLL_WORDS = { asked: "asked", present: "here", silent: "no answer" };

const $ = (id) => document.getElementById(id);
const rooms = new Map();
const lives = { engine: null, socket: null };
let socket = null;
let board = null;
let active = null;
let typingSentAt = 0;
let noticeTimer = 0;

class Refusal extends Error {}

// --- the connection -------------------------------------------------------------------------

function enter(nick) {
  setConnection("connecting", "Connecting");
  $("nick-submit").disabled = true;
  $("me-nick").textContent = nick;
  socket = io({ auth: { nick } });
  socket.on("connect", arrived);
  socket.on("connect_error", (error) => (socket.active ? waiting() : refused(error.message)));
  socket.on("disconnect", dropped);
  const heard = { joined, left, typing: othersTyping, said: received, shared: received, seen };
  Object.assign(heard, { roll_called: rollCalled, present: rollAnswered, silent: rollUnanswered, announced });
  for (const [event, handler] of Object.entries(heard)) socket.on(event, handler);
}

function waiting() {
  setConnection("reconnecting", "Reconnecting");
  $("nick-error").textContent = "The server cannot be reached. Still trying.";
}

function refused(message) {
  signOut();
  $("nick-error").textContent = message;
  $("nick-input").focus();
}

async function arrived() {
  setConnection("connected", socket.recovered ? "Recovered" : "Connected");
  $("nick-error").textContent = "";
  showView("chat");
  await attempt(async () => {
    if (socket.recovered) for (const room of rooms.values()) resume(room);
    else await joinAll();
    await askStatus();
  });
}

// A new socket is in no room, and what was asked of the last one it cannot answer.
async function joinAll() {
  for (const room of rooms.values()) endRoll(room);
  const wanted = rooms.size ? [...rooms.keys()] : [undefined];
  await Promise.all(wanted.map((name) => attempt(() => join(name))));
}

function dropped() {
  for (const room of rooms.values()) room.ready = false;
  if (!socket) return;
  if (socket.active) waiting();
  else setConnection("closed", "Disconnected");
}

// What others say meanwhile is sent when the line is back: the server kept this page's place, and a log of what it missed.
function cutLine() {
  const { io: manager } = socket;
  manager.reconnection(false);
  manager.engine.close();
  waiting();
  setTimeout(() => {
    manager.reconnection(true);
    socket?.connect();
    board?.connect();
  }, CUT_MS);
}

function signOut() {
  const leaving = socket;
  leaveBoard();
  socket = null;
  leaving?.disconnect();
  for (const room of [...rooms.values()]) forgetRoom(room);
  active = null;
  $("nick-submit").disabled = false;
  showView("entrance");
}

async function ask(event, data = {}, on = socket) {
  const reply = await on.timeout(ACK_MS).emitWithAck(event, data);
  for (const kind of ["engine", "socket"]) noteLife(kind, reply.lives[kind]);
  if (!reply.ok) throw new Refusal(reply.error);
  return reply;
}

// For what needs no answer and is pointless later.
function tell(event, data) {
  if (socket?.connected) ask(event, data).catch(() => {});
}

async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Refusal) notify(error.message);
    else if (socket?.connected) notify("The server did not answer. Please try again.");
    return undefined;
  }
}

async function askStatus() {
  const { session } = await ask("status");
  $("session-id").textContent = session;
}

// What each object's current life has cost, in the units a bill is made of: asking wakes both.
async function askCounters() {
  const counters = await (await fetch("/counters")).json();
  const lines = Object.entries(counters).flatMap(([kind, { life, ...units }]) => {
    const term = document.createElement("dt");
    term.textContent = `${kind} ${life.slice(0, 6)}`;
    const costs = document.createElement("dd");
    costs.textContent = Object.entries(units).map(([unit, count]) => `${unit.replaceAll("_", " ")} ${count}`).join(" · ") || "nothing yet";
    return [term, costs];
  });
  $("counters").replaceChildren(...lines);
  $("counters").hidden = false;
}

function setConnection(state, text) {
  $("connection").dataset.state = state;
  $("connection-text").textContent = text;
  $("reconnect").hidden = state !== "closed";
}

// --- who sleeps -----------------------------------------------------------------------------

function noteLife(kind, id) {
  const known = lives[kind] ?? { id, wakes: 0, timer: 0 };
  if (known.id !== id) known.wakes += 1;
  clearTimeout(known.timer);
  lives[kind] = { id, wakes: known.wakes, timer: setTimeout(() => dim(kind), ASLEEP_AFTER_MS) };
  showLife(kind, known.id !== id);
}

function showLife(kind, changed) {
  const { id, wakes } = lives[kind];
  $(kind).dataset.lamp = "awake";
  $(`${kind}-life`).textContent = id;
  $(`${kind}-wakes`).dataset.count = wakes;
  $(`${kind}-wakes`).textContent = describeWakes(wakes);
  if (changed) flash($(kind));
}

function describeWakes(count) {
  if (count === 0) return "has not slept yet";
  return `slept and woke ${count === 1 ? "once" : `${count} times`}`;
}

function dim(kind) {
  $(kind).dataset.lamp = "asleep";
}

function flash(node) {
  node.classList.remove("new");
  void node.offsetWidth;
  node.classList.add("new");
}

// --- rooms ----------------------------------------------------------------------------------

async function join(name) {
  const reply = await ask("join", name === undefined ? {} : { room: name });
  const room = rooms.get(reply.room) ?? newRoom(reply.room);
  room.members = new Map(reply.members.map(({ id, nick }) => [id, nick]));
  if (!active) openRoom(room);
  showRooms();
  showMembers();
  resume(room);
  return room;
}

function resume(room) {
  room.ready = true;
  for (const message of room.outbox.values()) if (message.state === "waiting") deliver(message);
}

function newRoom(name) {
  const log = document.createElement("ol");
  log.className = "log";
  log.dataset.room = name;
  log.hidden = true;
  log.setAttribute("role", "log");
  log.setAttribute("aria-live", "polite");
  log.setAttribute("aria-label", `Messages in ${name}`);
  log.tabIndex = 0;
  log.dataset.stick = true;
  log.addEventListener("scroll", () => (log.dataset.stick = atEnd(log)));
  $("messages").append(log);
  const room = { name, log, ready: false, members: new Map(), typing: new Map(), roll: new Map(), rollCard: null };
  Object.assign(room, { outbox: new Map(), known: new Set(), unconfirmed: [], unread: 0, draft: "" });
  rooms.set(name, room);
  return room;
}

function openRoom(room) {
  if (active) active.draft = $("text").value;
  active = room;
  for (const { log, name } of rooms.values()) log.hidden = name !== room.name;
  $("room-title").textContent = room.name;
  $("text").value = room.draft;
  fitComposer();
  showRooms();
  showMembers();
  showTyping();
  openBoard(room);
  room.log.dataset.stick = true;
  stickToEnd(room.log);
  confirmShown();
}

async function leaveRoom(room) {
  await ask("leave", { room: room.name });
  forgetRoom(room);
  openRoom(rooms.values().next().value);
}

function forgetRoom(room) {
  for (const timer of room.typing.values()) clearTimeout(timer);
  for (const entry of room.log.children) release(entry);
  room.log.remove();
  rooms.delete(room.name);
}

function showRooms() {
  $("rooms").replaceChildren(...[...rooms.values()].map(roomEntry));
  $("leave-room").hidden = rooms.size < 2;
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  const elsewhere = unread - (active?.unread ?? 0);
  $("unread-elsewhere").hidden = elsewhere === 0;
  $("unread-elsewhere").textContent = elsewhere;
  document.title = unread ? `(${unread}) Dormouse` : "Dormouse: a chat whose server sleeps";
}

function roomEntry(room) {
  const button = element("button", "room", room.name);
  button.type = "button";
  button.dataset.room = room.name;
  if (room === active) button.setAttribute("aria-current", "true");
  if (room.unread) {
    const badge = element("span", "badge", room.unread);
    badge.setAttribute("aria-label", `${room.unread} unread`);
    button.append(badge);
  }
  button.addEventListener("click", () => {
    openRoom(room);
    togglePanels(false);
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

// --- people ---------------------------------------------------------------------------------

function joined({ room: name, id, nick }) {
  const room = rooms.get(name);
  if (!room) return;
  room.members.set(id, nick);
  append(room, element("li", "event", `${nick} came in`));
  showMembers();
}

function left({ room: name, id }) {
  const room = rooms.get(name);
  if (!room?.members.has(id)) return;
  append(room, element("li", "event", `${room.members.get(id)} left`));
  room.members.delete(id);
  stopTyping(room, id);
  showMembers();
}

function showMembers() {
  if (!active) return;
  const byName = ([a, nickA], [b, nickB]) =>
    (b === socket?.id) - (a === socket?.id) || nickA.localeCompare(nickB);
  $("members").replaceChildren(...[...active.members].sort(byName).map(memberEntry));
  $("member-count").textContent = active.members.size;
  $("roll").disabled = active.members.size < 2;
}

function memberEntry([id, nick]) {
  const item = element("li", "member");
  item.dataset.member = nick;
  item.append(avatar(nick), element("span", "name", nick));
  if (id === socket?.id) item.append(element("span", "you", "you"));
  const answer = active.roll.get(id);
  if (answer) {
    item.dataset.roll = answer;
    item.append(element("span", "answer", ROLL_WORDS[answer]));
  }
  return item;
}

function avatar(nick) {
  const node = element("span", "avatar", [...nick][0].toUpperCase());
  node.style.setProperty("--hue", hue(nick));
  node.setAttribute("aria-hidden", "true");
  return node;
}

function hue(nick) {
  let sum = 0;
  for (const character of nick) sum = (sum * 31 + character.codePointAt(0)) % 100_003;
  return (sum * 137.508) % 360;
}

function othersTyping({ room: name, id, on }) {
  const room = rooms.get(name);
  if (!room) return;
  stopTyping(room, id);
  if (on) room.typing.set(id, setTimeout(() => stopTyping(room, id), TYPING_FORGET_MS));
  showTyping();
}

function stopTyping(room, id) {
  clearTimeout(room.typing.get(id));
  room.typing.delete(id);
  showTyping();
}

function showTyping() {
  const nicks = [...(active?.typing.keys() ?? [])].map((id) => active.members.get(id));
  const known = nicks.filter(Boolean);
  $("typing").textContent = known.length ? describeTyping(known) : "";
}

function describeTyping(nicks) {
  if (nicks.length === 1) return `${nicks[0]} is writing`;
  return nicks.length === 2 ? `${nicks.join(" and ")} are writing` : "Several people are writing";
}

function sendTyping(on) {
  const now = Date.now();
  if (!active?.ready || (on ? now - typingSentAt < TYPING_REPEAT_MS : !typingSentAt)) return;
  typingSentAt = on ? now : 0;
  tell("typing", { room: active.name, on });
}

// --- the roll: a question that people may take their time to answer ----------------------------

async function callRoll(room) {
  const { seconds } = await ask("call_roll", { room: room.name });
  beginRoll(room, socket.id, `You called the roll. Answers count for ${describeSeconds(seconds)}.`);
}

// `answer` acknowledges the event: the server may have slept, and been built anew, when it comes.
function rollCalled({ room: name, by, seconds }, answer) {
  const room = rooms.get(name);
  if (!room) return;
  const nick = room.members.get(by) ?? "Somebody";
  const card = beginRoll(room, by, `${nick} calls the roll: are you there? You have ${describeSeconds(seconds)}.`);
  const button = element("button", "primary", "I am here");
  button.type = "button";
  button.addEventListener("click", () => {
    endRoll(room);
    answer();
  });
  card.append(button);
  room.rollCard = card;
}

function beginRoll(room, by, text) {
  endRoll(room);
  room.roll = new Map([...room.members.keys()].filter((id) => id !== by).map((id) => [id, "asked"]));
  const card = element("li", "event roll", text);
  append(room, card);
  showMembers();
  return card;
}

function endRoll(room) {
  room.rollCard?.querySelector("button").remove();
  room.rollCard = null;
}

function rollAnswered({ room, id }) {
  noteAnswer(room, id, "present", "is here");
}

function rollUnanswered({ room, id }) {
  noteAnswer(room, id, "silent", "did not answer");
}

function noteAnswer(name, id, answer, words) {
  const room = rooms.get(name);
  if (!room?.members.has(id)) return;
  room.roll.set(id, answer);
  if (id === socket.id) endRoll(room);
  append(room, element("li", "event", `${room.members.get(id)} ${words}`));
  showMembers();
}

function describeSeconds(seconds) {
  return seconds === 60 ? "a minute" : `${seconds} seconds`;
}

// --- the board: a namespace of its own over the same connection ------------------------------

function openBoard(room) {
  leaveBoard();
  const name = encodeURIComponent(room.name);
  $("board").hidden = name.length > BOARD_LIMIT;
  if ($("board").hidden) return;
  const opened = (board = socket.io.socket(`/board-${name}`, { auth: { nick: $("me-nick").textContent } }));
  board.on("connect", () => attempt(async () => opened === board && showNotes(await ask("notes", {}, opened))));
  board.on("connect_error", (error) => opened.active || notify(error.message));
  board.on("pinned", showNotes);
}

function leaveBoard() {
  board?.off();
  board?.disconnect();
  board = null;
  $("notes").replaceChildren();
}

function showNotes({ notes }) {
  $("notes").replaceChildren(...notes.map(noteEntry));
}

function noteEntry({ nick, text }) {
  const item = element("li", "note", text);
  item.append(element("span", "by", nick));
  return item;
}

// --- messages -------------------------------------------------------------------------------

function send(event, content, show) {
  const id = newId();
  const node = messageNode({ id, nick: $("me-nick").textContent, mine: true }, show);
  const message = { id, event, content, node, room: active, state: "waiting", seenBy: new Set() };
  active.outbox.set(id, message);
  append(active, node, true);
  node.querySelector(".retry").addEventListener("click", () => deliver(message));
  deliver(message);
}

async function deliver(message) {
  setState(message, "waiting");
  if (!message.room.ready) return;
  try {
    const { id, room, content } = message;
    const { recipients } = await ask(message.event, { room: room.name, id, ...content });
    message.recipients = recipients;
    if (message.state !== "shown") setState(message, "sent");
  } catch (error) {
    if (error instanceof Refusal) notify(error.message);
    if (error instanceof Refusal || socket?.connected) setState(message, "failed");
  }
}

function setState(message, state) {
  message.state = state;
  message.node.dataset.state = state;
  message.node.querySelector(".retry").hidden = state !== "failed";
  const label = describeState(message);
  const ticks = message.node.querySelector(".ticks");
  ticks.setAttribute("aria-label", label);
  ticks.title = label;
}

function describeState({ state, recipients, seenBy }) {
  if (state === "waiting") return "Waiting to be sent";
  if (state === "failed") return "Not sent";
  if (state === "sent") return recipients ? `Sent to ${recipients}` : "Nobody else is here";
  return `Seen by ${seenBy.size} of ${Math.max(recipients ?? 0, seenBy.size)}`;
}

function seen({ room: name, ids, by }) {
  const outbox = rooms.get(name)?.outbox;
  for (const message of ids.map((id) => outbox?.get(id)).filter(Boolean)) {
    message.seenBy.add(by);
    setState(message, "shown");
  }
}

function received(message) {
  const room = rooms.get(message.room);
  if (!room || room.known.has(message.id)) return;
  room.known.add(message.id);
  stopTyping(room, message.from);
  append(room, messageNode(message, message.data ? fileContent(message) : textContent(message.text)));
  room.unconfirmed.push(message);
  room.unread += 1;
  showRooms();
  confirmShown();
}

// From outside, by HTTP; nobody can come in under this name.
function announced({ room: name, text }) {
  const room = rooms.get(name);
  if (!room) return;
  const node = messageNode({ id: newId(), nick: SERVER_NICK }, textContent(text));
  node.classList.add("announcement");
  append(room, node);
  room.unread += room === active ? 0 : 1;
  showRooms();
}

function confirmShown() {
  if (!active || document.visibilityState !== "visible") return;
  const batch = active.unconfirmed;
  active.unconfirmed = [];
  active.unread = 0;
  for (const [author, ids] of byAuthor(batch))
    for (let start = 0; start < ids.length; start += CONFIRM_LIMIT)
      tell("shown", { room: active.name, from: author, ids: ids.slice(start, start + CONFIRM_LIMIT) });
  showRooms();
}

function byAuthor(messages) {
  const groups = new Map();
  for (const { from, id } of messages) groups.set(from, [...(groups.get(from) ?? []), id]);
  return groups;
}

function messageNode({ id, nick, mine }, content) {
  const node = $("message-template").content.firstElementChild.cloneNode(true);
  node.dataset.id = id;
  node.dataset.nick = nick;
  node.dataset.mine = Boolean(mine);
  node.querySelector(".author").append(avatar(nick), element("span", "name", nick));
  node.querySelector(".bubble").append(content);
  node.querySelector(".ticks").hidden = !mine;
  const now = new Date();
  const time = node.querySelector("time");
  time.dateTime = now.toISOString();
  time.textContent = now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return node;
}

function textContent(text) {
  return element("p", "text", text);
}

function fileContent({ name, type, data }) {
  const inline = INLINE_TYPES.has(type);
  const blob = new Blob([data], { type: inline ? type : "application/octet-stream" });
  const url = URL.createObjectURL(blob);
  const link = downloadLink(url, name, blob.size);
  return inline ? picture(url, name, link) : link;
}

function downloadLink(url, name, size) {
  const link = element("a", "file");
  link.href = url;
  link.download = name;
  link.append(element("span", "name", name), element("span", "size", `${describeSize(size)}, download`));
  return link;
}

function picture(url, name, fallback) {
  const image = document.createElement("img");
  image.alt = name;
  image.addEventListener("load", () => stickToEnd(image.closest(".log")));
  image.addEventListener("error", () => image.replaceWith(fallback));
  image.src = url;
  return image;
}

function describeSize(bytes) {
  return bytes < 1_000 ? `${bytes} bytes` : `${Math.ceil(bytes / 1_000)} kB`;
}

function append(room, entry, always = false) {
  const { log } = room;
  const previous = log.lastElementChild;
  const same = ["nick", "mine"].every((key) => previous?.dataset[key] === entry.dataset[key]);
  entry.classList.toggle("follows", same && entry.classList.contains("message"));
  if (always) log.dataset.stick = true;
  log.append(entry);
  while (log.children.length > LOG_LIMIT) dropOldest(room);
  stickToEnd(log);
}

function atEnd(log) {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function stickToEnd(log) {
  if (log?.dataset.stick === "true") log.scrollTop = log.scrollHeight;
}

function dropOldest(room) {
  const oldest = room.log.firstElementChild;
  release(oldest);
  room.outbox.delete(oldest.dataset.id);
  room.known.delete(oldest.dataset.id);
  oldest.remove();
}

function release(entry) {
  const url = entry.querySelector("img")?.src ?? entry.querySelector("a")?.href;
  if (url) URL.revokeObjectURL(url);
}

function sendText() {
  const text = $("text").value.trim();
  if (!text || !active) return;
  $("text").value = "";
  typingSentAt = 0;
  fitComposer();
  send("say", { text }, textContent(text));
}

async function sendFile(file) {
  if (!file || !active) return;
  if (file.size === 0 || file.size > FILE_LIMIT) {
    notify(`${file.name} has ${describeSize(file.size)}; the limit is ${describeSize(FILE_LIMIT)}.`);
    return;
  }
  const content = { name: file.name, type: file.type, data: await file.arrayBuffer() };
  send("share", content, fileContent(content));
}

function newId() {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- the page -------------------------------------------------------------------------------

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function showView(name) {
  if (document.body.dataset.view === name) return;
  document.body.dataset.view = name;
  $("entrance").hidden = name !== "entrance";
  $("chat").hidden = name !== "chat";
  $(name === "chat" ? "text" : "nick-input").focus();
}

function notify(message) {
  $("notice").textContent = message;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").textContent = ""), 8_000);
}

function togglePanels(open) {
  $("chat").classList.toggle("panels-open", open);
  $("panels-toggle").setAttribute("aria-expanded", open);
  $("conversation").inert = open;
}

function fitComposer() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 160)}px`;
}

$("nick-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const nick = $("nick-input").value.trim();
  $("nick-error").textContent = nick ? "" : "Please choose a nickname.";
  if (!nick) return;
  localStorage.setItem(NICK_KEY, nick);
  enter(nick);
});

$("room-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const room = await join($("room-input").value);
    $("room-input").value = "";
    openRoom(room);
    togglePanels(false);
    $("text").focus();
  });
});

$("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("note").value.trim();
  if (!text || !board) return;
  attempt(async () => {
    await ask("pin", { text }, board);
    $("note").value = "";
  });
});

$("roll").addEventListener("click", () => attempt(() => callRoll(active)));

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  sendText();
});

$("text").addEventListener("input", () => {
  fitComposer();
  sendTyping($("text").value !== "");
});

$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendText();
});

$("text").addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (!file) return;
  event.preventDefault();
  sendFile(file);
});

$("file").addEventListener("change", async () => {
  await sendFile($("file").files[0]);
  $("file").value = "";
});

$("leave-room").addEventListener("click", () => attempt(() => leaveRoom(active)));
$("sign-out").addEventListener("click", signOut);
$("reconnect").addEventListener("click", () => socket.connect());
$("cut").addEventListener("click", cutLine);
$("check").addEventListener("click", () => attempt(async () => {
  await askStatus();
  await askCounters();
}));
$("panels-toggle").addEventListener("click", () => {
  togglePanels($("panels-toggle").getAttribute("aria-expanded") !== "true");
});
$("scrim").addEventListener("click", () => togglePanels(false));
document.addEventListener("keydown", (event) => event.key === "Escape" && togglePanels(false));
document.addEventListener("visibilitychange", confirmShown);
matchMedia("(max-width: 60rem)").addEventListener("change", () => togglePanels(false));
new ResizeObserver(() => stickToEnd(active?.log)).observe($("messages"));

$("origin").textContent = location.origin;
$("nick-input").value = localStorage.getItem(NICK_KEY) ?? "";
$("nick-input").focus();
