CREATE TABLE sio_callbacks (socket_sid TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
  context TEXT NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY (socket_sid, number)) WITHOUT ROWID;
CREATE TABLE sio_counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sio_log (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, tail INTEGER NOT NULL, size INTEGER NOT NULL,
  key TEXT NOT NULL, targets TEXT NOT NULL, entries TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE sio_namespaces (namespace TEXT PRIMARY KEY, parent TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sio_parked (engine_sid TEXT PRIMARY KEY, due_ms INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sio_rooms (namespace TEXT NOT NULL, room TEXT NOT NULL, socket_sid TEXT NOT NULL,
  PRIMARY KEY (namespace, room, socket_sid)) WITHOUT ROWID;
CREATE TABLE sio_sessions (engine_sid TEXT PRIMARY KEY, actor TEXT NOT NULL, environ TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sio_sockets (socket_sid TEXT PRIMARY KEY, engine_sid TEXT NOT NULL, namespace TEXT NOT NULL,
  actor TEXT NOT NULL, data TEXT NOT NULL, ticket TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX sio_callbacks_by_due ON sio_callbacks (due_ms);
CREATE INDEX sio_parked_by_due ON sio_parked (due_ms);
CREATE INDEX sio_rooms_by_socket ON sio_rooms (socket_sid);
CREATE INDEX sio_sessions_by_actor ON sio_sessions (actor, engine_sid);
CREATE INDEX sio_sockets_by_namespace ON sio_sockets (namespace, socket_sid, engine_sid, actor);
CREATE UNIQUE INDEX sio_sockets_by_session ON sio_sockets (engine_sid, namespace);
INSERT INTO sio_callbacks (socket_sid, number, name, context, due_ms) VALUES ('socket-a-main', 7, 'paid', '{"order":5}', 60000);
INSERT INTO sio_callbacks (socket_sid, number, name, context, due_ms) VALUES ('socket-a-main', 9007199254740991, 'paid', 'null', 90000);
INSERT INTO sio_callbacks (socket_sid, number, name, context, due_ms) VALUES ('socket-b-main', 7, 'paid', '{"order":5}', 60000);
INSERT INTO sio_counts (name, number) VALUES ('namespaces', 1);
INSERT INTO sio_log (slot, number, tail, size, key, targets, entries, at_ms) VALUES (0, 0, -1, 69, 'key-of-golden-layout', '["/parked\n"]', '[["/parked",null,[],[],["2/parked,[\"said\",\"one\"]"]]]', 0);
INSERT INTO sio_log (slot, number, tail, size, key, targets, entries, at_ms) VALUES (1, 1, -1, 526, 'key-of-golden-layout', '["/parked\n\"lobby\"","\r~socket-parked-00000","/parked\n\"~socket-parked-00000\""]', '[["/parked",["\"lobby\""],[],[],["51-/parked,[\"said\",{\"_placeholder\":true,\"num\":0}]",["AP8="]]],["/parked","\"lobby\"",["~socket-parked-00000"],false],["/parked",["\"lobby\""],[],["\"deaf\""],["2/parked,[\"said\",\"not for it\"]"]],["/parked","\"lobby\"",["~socket-parked-00000"],true],["/parked",["\"~socket-parked-00000\""],[],[],["2/parked,[\"said\",\"café 😀\"]"]]]', 0);
INSERT INTO sio_namespaces (namespace, parent) VALUES ('/room-1', 'may_enter');
INSERT INTO sio_parked (engine_sid, due_ms, reason) VALUES ('session-p', 60000, 'ping timeout');
INSERT INTO sio_rooms (namespace, room, socket_sid) VALUES ('/', '"lobby"', 'socket-a-main');
INSERT INTO sio_rooms (namespace, room, socket_sid) VALUES ('/', '1', 'socket-a-main');
INSERT INTO sio_rooms (namespace, room, socket_sid) VALUES ('/', '"\u00fc"', 'socket-b-main');
INSERT INTO sio_rooms (namespace, room, socket_sid) VALUES ('/', '"lobby"', 'socket-b-main');
INSERT INTO sio_rooms (namespace, room, socket_sid) VALUES ('/parked', '"lobby"', '~socket-parked-00000');
INSERT INTO sio_sessions (engine_sid, actor, environ) VALUES ('session-a', 'engine-0', '{"REQUEST_METHOD": "GET", "PATH_INFO": "/socket.io/", "HTTP_USER_AGENT": "caf\u00e9 \"1\""}');
INSERT INTO sio_sessions (engine_sid, actor, environ) VALUES ('session-b', 'engine-1', '{}');
INSERT INTO sio_sessions (engine_sid, actor, environ) VALUES ('session-p', 'engine-1', '{}');
INSERT INTO sio_sockets (socket_sid, engine_sid, namespace, actor, data, ticket) VALUES ('socket-a-main', 'session-a', '/', 'engine-0', '{"name":"Bo","tags":["x\"y",null]}', '');
INSERT INTO sio_sockets (socket_sid, engine_sid, namespace, actor, data, ticket) VALUES ('socket-a-room', 'session-a', '/room-1', 'engine-0', '{}', '');
INSERT INTO sio_sockets (socket_sid, engine_sid, namespace, actor, data, ticket) VALUES ('socket-b-main', 'session-b', '/', 'engine-1', '{}', '');
INSERT INTO sio_sockets (socket_sid, engine_sid, namespace, actor, data, ticket) VALUES ('~socket-parked-00000', 'session-p', '/parked', 'engine-1', '{"name":"Cy"}', '["secret-of-the-parked", "", false]');
