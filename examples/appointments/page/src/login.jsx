// The login. What is wrong, and why one is here again, is read out.

import { useState } from 'react';

import { session, useFarewell } from './session.js';

export function Login() {
  const farewell = useFarewell();
  const [error, setError] = useState('');
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    const { username, password } = event.currentTarget.elements;
    setIsBusy(true);
    setError('');
    try {
      await session.logIn(username.value, password.value);
    } catch (refused) {
      setError(refused.message);
      setIsBusy(false);
    }
  }

  return (
    <form id="login" method="post" onSubmit={submit}>
      <h1>Good to see you</h1>
      <p className="hint">Log in to see who comes today.</p>
      <label htmlFor="username">Username</label>
      <input
        id="username"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck="false"
        required
        autoFocus
      />
      <label htmlFor="password">Password</label>
      <input id="password" name="password" type="password" autoComplete="current-password" required />
      <p id="login-error" role="alert">{error || farewell}</p>
      <button id="login-button" className="primary" disabled={isBusy}>Log in</button>
      <p className="hint">
        Two people work at this clinic: <kbd>alice</kbd> and <kbd>bob</kbd>. Each one’s password is their name; open a
        second browser to be both.
      </p>
    </form>
  );
}
