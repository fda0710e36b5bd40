// How a connection of npm's socket.io-client ends: closed by its client; cut in the middle; or given up by the client alone, so that the
// server hears nothing.
export const cuts = {
  close: (engine) => engine.close(),
  destroy: (engine) => (engine.transport.ws ? engine.transport.ws._socket.destroy() : engine.close()),
  abandon: (engine) => {
    const transport = engine.transport;
    if (transport.ws) transport.ws.close = () => {};
    transport.doClose = () => {};
    (engine._onClose ?? engine.onClose).call(engine, "transport close");
  },
};
