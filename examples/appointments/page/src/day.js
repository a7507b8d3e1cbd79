// Days as `2026-03-02`: the same everywhere, without a time zone. The one that is shown is in the address.

import { useSyncExternalStore } from 'react';

const LONG = new Intl.DateTimeFormat([], { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
const SHORT = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** @returns {string} today, where the page is */
export function today() {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** @param {string} day @param {number} count @returns {string} */
export function daysAfter(day, count) {
  const date = new Date(day);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
}

/** @param {string} day */
export const inWords = (day) => LONG.format(new Date(day));

/** @param {string} day */
export const inShort = (day) => SHORT.format(new Date(day));

/** @returns {string} the day that the address names, or today */
function shown() {
  const day = location.hash.slice(1);
  return /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : today();
}

/** @param {() => void} listener */
function subscribe(listener) {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

/** @returns {[string, (day: string) => void]} the day that is shown, and what shows another */
export function useDay() {
  const day = useSyncExternalStore(subscribe, shown);
  return [day, (next) => { location.hash = next; }];
}
