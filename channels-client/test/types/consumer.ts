// What a TypeScript application writes, against the types that are published. Compiled, never run.

import { QueryClient } from '@tanstack/react-query';
import { type Sent, type Status, connect, createAuthenticatedWebSocket, tokenChanged } from 'channels-client';
import { syncQueries } from 'channels-client/query';
import { ConnectionState, useConnection } from 'channels-client/react';

type Events = {
  'chat.message': { from: string; text: string };
  'chat.typing': { from: string };
};

const connection = connect<Events>('/ws/chat/lobby/', { token: async ({ refresh }) => (refresh ? null : 'x') });

connection.on('chat.message', ({ text }) => text.toUpperCase());
connection.on('*', (event) => event.from.toUpperCase());
// @ts-expect-error: no such event
connection.on('chat.mesage', () => {});
// @ts-expect-error: this event has no text
connection.on('chat.typing', ({ text }) => text);
// @ts-expect-error: no such option
connect('/ws/', { retries: 3 });

connection.onState(({ state, code, reason, retryAt }: Status) => [state, code, reason, retryAt]);
export const sent: Promise<Sent> = connection.send({ text: 'hello' }, { rest: async (message) => message });
export const socket: Promise<WebSocket> = createAuthenticatedWebSocket('/ws/', { token: 'x', tokenIn: 'subprotocol' });
tokenChanged();

syncQueries<{ id: number; version: number }>(new QueryClient(), connection, {
  queryKey: ['messages'],
  created: 'chat.message',
  isNewer: (item, cached) => item.version > cached.version,
});
export const drawn = () => ConnectionState({ connection: useConnection(null), labels: { open: 'Online' } });
