// The last change that was heard of, in words: shown, and read out.

import { useChannelEvent } from 'channels-client/react';
import { useState } from 'react';

import { inShort } from './day.js';

const VERBS = {
  'appointment.created': 'booked',
  'appointment.updated': 'changed',
  'appointment.deleted': 'cancelled',
};

/** @param {any} connection @returns {{event: any} | null} */
export function useNews(connection) {
  const [news, setNews] = useState(null);
  const hear = (event) => setNews({ event });
  useChannelEvent(connection, 'appointment.created', hear);
  useChannelEvent(connection, 'appointment.updated', hear);
  useChannelEvent(connection, 'appointment.deleted', hear);
  return news;
}

/** @param {{news: {event: any} | null, board: any, day: string, me: string}} props */
export function News({ news, board, day, me }) {
  return (
    <p id="news" className="hint" aria-live="polite">
      {news && board ? sentence(news.event, board, day, me) : 'Changes by others are told here.'}
    </p>
  );
}

function sentence({ type, appointment }, board, day, me) {
  const { changed_by: by, patient } = appointment;
  return `${by === me ? 'You' : by} ${VERBS[type]}: ${patient}, ${placeOf(appointment, board, day)}.`;
}

/**
 * Where an appointment is, in words.
 * @param {import('./appointments.js').Appointment} appointment
 * @param {import('./appointments.js').Board} board
 * @param {string} day  the one that is shown, which goes without saying
 */
export function placeOf(appointment, board, day) {
  const practitioner = board.practitioners.find(({ id }) => id === appointment.practitioner);
  const date = appointment.day === day ? '' : `${inShort(appointment.day)}, `;
  return `${date}${appointment.slot} with ${practitioner?.name ?? 'somebody new'}`;
}
