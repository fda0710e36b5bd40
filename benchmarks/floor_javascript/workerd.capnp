# What `wrangler.json` says, for plain workerd: `tools/local_runtime` writes this for Workers in Python only.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  durableObjectStorage = (localDisk = "storage"),
  durableObjectNamespaces = [(className = "Floor", uniqueKey = "floor-javascript-Floor", enableSql = true)],
  bindings = [(name = "FLOOR", durableObjectNamespace = "Floor")],
  modules = [(name = "worker.js", esModule = embed "worker.js")],
);
