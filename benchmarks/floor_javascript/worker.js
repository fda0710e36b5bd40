// What any server on a Durable Object costs at the least: it accepts, and sends back what it gets. See ../floor_worker for Python's.
import { DurableObject } from "cloudflare:workers";

export class Floor extends DurableObject {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.send('0{"sid":"floor"}');
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(ws, message) {
    ws.send(message);
  }

  webSocketClose(ws) {
    ws.close(1000);
  }
}

export default {
  fetch(request, env) {
    return request.headers.get("upgrade") ? env.FLOOR.getByName("floor").fetch(request) : new Response("floor");
  },
};
