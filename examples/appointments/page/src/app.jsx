// The bar on top, and below it the login or the board. One connection, for as long as the page is there.

import { ConnectionState, useConnection, useConnectionStatus } from 'channels-client/react';
import { useEffect } from 'react';

import { Login } from './login.jsx';
import { Menu } from './menu.jsx';
import { Office } from './office.jsx';
import { EXPIRED, TOKEN_KEY, session, useToken } from './session.js';

/** The close code after a logout on another device. */
const REVOKED = 4500;

export function App() {
  const token = useToken();
  const connection = useConnection('/ws/scheduling/appointments/', {
    token: session.present,
    storageKey: TOKEN_KEY,
  });
  const { state, code } = useConnectionStatus(connection);

  useEffect(() => {
    if (state === 'unauthorized') session.endPresented(EXPIRED);
    if (state === 'closed' && code === REVOKED) session.endPresented('You have been logged out.');
  }, [state, code]);

  return (
    <>
      <header className="bar">
        <p className="brand">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M7 2a1 1 0 0 1 1 1v1h8V3a1 1 0 1 1 2 0v1h1a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3h1V3a1 1 0 0 1 1-1zM4 10v9a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-9z" />
          </svg>
          <span>Appointments</span>
        </p>
        <ConnectionState connection={connection} labels={token === null ? { idle: 'Signed out' } : undefined} />
        {token !== null && <Menu name={session.name} />}
      </header>
      <main>
        {token === null ? <Login /> : <Office key={token} connection={connection} me={session.name} />}
      </main>
    </>
  );
}
