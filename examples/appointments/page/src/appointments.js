// What is booked: asked for by REST, kept in step by events, changed by REST.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useChannelEvent } from 'channels-client/react';
import { syncQueries } from 'channels-client/query';
import { useEffect } from 'react';

import { session } from './session.js';

/**
 * @typedef {object} Appointment
 * @property {number} id
 * @property {number} practitioner
 * @property {string} day
 * @property {string} slot
 * @property {string} patient
 * @property {string} reason
 * @property {number} version
 * @property {string} changed_by
 */
/** @typedef {Pick<Appointment, 'practitioner' | 'day' | 'slot' | 'patient' | 'reason'>} Plan */
/** @typedef {{id: number, name: string, specialty: string}} Practitioner */
/** @typedef {{practitioners: Practitioner[], slots: string[]}} Board */

const ALL = ['appointments'];

/** What the board is drawn from; it does not change. */
export function useBoard() {
  return useQuery({
    queryKey: ['board'],
    queryFn: ({ signal }) => session.call('GET', '/api/board', undefined, signal),
    staleTime: Infinity,
  });
}

/** @param {string} day */
export function useAppointments(day) {
  return useQuery({
    queryKey: [...ALL, day],
    queryFn: ({ signal }) => session.call('GET', `/api/appointments?day=${day}`, undefined, signal),
  });
}

/** Keeps all days that were asked for as they are on the server. @param {any} connection */
export function useSync(connection) {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (!connection) return undefined;
    // two servers may tell of a change and of the cancellation after it in the wrong order
    const cancelled = new Set();
    const end = syncQueries(queryClient, connection, {
      queryKey: ALL,
      created: 'appointment.created',
      updated: 'appointment.updated',
      deleted: 'appointment.deleted',
      item: ({ appointment }) => appointment,
      isNewer: (one, cached) => one.version > cached.version,
      belongs: (one, [, day]) => one.day === day && !cancelled.has(one.id),
    });
    const off = connection.on('appointment.deleted', ({ appointment }) => cancelled.add(appointment.id));
    return () => {
      off();
      end();
    };
  }, [queryClient, connection]);
  // the server has missed events itself
  useChannelEvent(connection, 'channels.gap', () => queryClient.invalidateQueries({ queryKey: ALL }));
}

/** Books what has no `id` yet, or changes the version that was seen. */
export function useSave() {
  return useChange(({ base, plan }) => (base
    ? session.call('PUT', `/api/appointments/${base.id}`, { ...plan, version: base.version })
    : session.call('POST', '/api/appointments', plan)));
}

/** Cancels the version that was seen. */
export function useCancel() {
  return useChange(({ base }) => session.call('DELETE', `/api/appointments/${base.id}?version=${base.version}`));
}

/**
 * The event tells this page, too; where there is no connection, what is asked for anew does.
 * @param {(change: any) => Promise<any>} mutationFn
 */
function useChange(mutationFn) {
  const queryClient = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => { queryClient.invalidateQueries({ queryKey: ALL }); } });
}
