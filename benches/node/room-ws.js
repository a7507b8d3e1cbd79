// A room of ws, as its documentation has it: what one says is sent to all clients.
//
// node room-ws.js PORT; /echo says a message back, /room to all.

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) });

server.on('connection', (socket, request) => {
  const echo = request.url.startsWith('/echo');
  socket.on('error', () => {});
  socket.on('message', (data) => {
    for (const client of echo ? [socket] : server.clients) {
      client.send(data, { binary: false });
    }
  });
});
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}`));
