// One user's day at the board, with a cache of their own.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useConnectionStatus } from 'channels-client/react';
import { useState } from 'react';

import { useAppointments, useBoard, useSync } from './appointments.js';
import { Dialog } from './dialog.jsx';
import { daysAfter, inWords, today, useDay } from './day.js';
import { Grid } from './grid.jsx';
import { News, useNews } from './news.jsx';

/** How often a list is asked for again when the server does not answer. */
const RETRIES = 3;

/** @param {{connection: any, me: string}} props */
export function Office({ connection, me }) {
  const [queryClient] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: isWorthwhile } } }));
  return (
    <QueryClientProvider client={queryClient}>
      <Day connection={connection} me={me} />
    </QueryClientProvider>
  );
}

/** What the server says it says again; its silence may end. */
function isWorthwhile(failures, { status }) {
  return failures < RETRIES && (status === 0 || status >= 500);
}

/** @param {{connection: any, me: string}} props */
function Day({ connection, me }) {
  const [day, showDay] = useDay();
  const board = useBoard();
  const appointments = useAppointments(day);
  const [chosen, choose] = useState(null);
  useSync(connection);
  const news = useNews(connection);
  const failure = board.error ?? appointments.error;
  const fresh = news?.event.appointment;

  function tryAgain() {
    board.refetch();
    appointments.refetch();
  }

  return (
    <section className="day" aria-labelledby="day-title">
      <div className="toolbar">
        <h1 id="day-title">{inWords(day)}</h1>
        <button type="button" className="quiet" aria-label="The day before" onClick={() => showDay(daysAfter(day, -1))}>
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l-7 7 7 7" /></svg>
        </button>
        <button type="button" className="quiet" disabled={day === today()} onClick={() => showDay(today())}>
          Today
        </button>
        <button type="button" className="quiet" aria-label="The day after" onClick={() => showDay(daysAfter(day, 1))}>
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 5l7 7-7 7" /></svg>
        </button>
        <label className="unseen" htmlFor="go-to">Go to a day</label>
        <input id="go-to" type="date" value={day} onChange={({ target }) => target.value && showDay(target.value)} />
      </div>
      <Outage connection={connection} />
      {failure && (
        <p className="outage" role="alert">
          {failure.message}
          <button type="button" className="quiet" onClick={tryAgain}>Try again</button>
        </p>
      )}
      {board.data && (
        <Grid board={board.data} appointments={appointments.data} day={day} fresh={fresh} onChoose={choose} />
      )}
      <News news={news} board={board.data} day={day} me={me} />
      {chosen && (
        <Dialog {...chosen} board={board.data} news={news} onClose={() => choose(null)} />
      )}
    </section>
  );
}

/** What it means that there is no connection: the indicator has told that already. @param {{connection: any}} props */
function Outage({ connection }) {
  const { state, retryable } = useConnectionStatus(connection);
  if (!['reconnecting', 'closed'].includes(state)) return null;
  return (
    <p className="outage">
      You do not see what others change until you are connected again.
      {(state === 'reconnecting' || retryable) && (
        <button type="button" className="quiet" onClick={() => connection.reconnect()}>Connect now</button>
      )}
    </p>
  );
}
