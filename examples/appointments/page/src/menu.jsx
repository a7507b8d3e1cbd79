// Who is logged in, and how they leave.

import { useEffect, useRef } from 'react';

import { paintAvatar } from '/static/site.js';
import { session } from './session.js';

/** @param {{name: string}} props */
export function Menu({ name }) {
  const avatar = useRef(null);
  useEffect(() => { paintAvatar(avatar.current, name); }, [name]);
  return (
    <>
      <button type="button" className="who" popoverTarget="menu">
        <span className="avatar" aria-hidden="true" ref={avatar} />
        <span id="me">{name}</span>
        <span className="unseen">: log out</span>
      </button>
      <div id="menu" popover="auto">
        <button type="button" id="logout" className="quiet" onClick={() => session.logOut()}>Log out</button>
        <button type="button" id="logout-all" className="quiet" onClick={() => session.logOutEverywhere()}>
          Log out on all devices
        </button>
      </div>
    </>
  );
}
