// Puts the stock browser bundle of socket.io-client where the page loads it from.
import { copyFileSync, mkdirSync } from "node:fs";

const root = new URL("../", import.meta.url);
const vendor = new URL("public/vendor/", root);
mkdirSync(vendor, { recursive: true });
copyFileSync(
  new URL("node_modules/socket.io-client/dist/socket.io.min.js", root),
  new URL("socket.io.min.js", vendor),
);
