// A room of Socket.IO, over WebSockets alone.
//
// node room-socketio.js PORT; what is said in the namespace / goes to its room.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });

io.on('connection', (socket) => {
  socket.join('room');
  socket.on('say', (message) => io.to('room').emit('said', message));
});
http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`ws://127.0.0.1:${http.address().port}`);
});
