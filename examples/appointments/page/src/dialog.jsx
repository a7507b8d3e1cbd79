// One appointment: booked, changed or cancelled; and what is told when somebody else was faster.

import { useEffect, useRef, useState } from 'react';

import { useAppointments, useCancel, useSave } from './appointments.js';
import { placeOf } from './news.jsx';

/**
 * @param {object} props
 * @param {import('./appointments.js').Appointment | null} props.base  the version that is changed; `null`: a new one
 * @param {import('./appointments.js').Plan} props.plan  what stands in the fields at first
 * @param {import('./appointments.js').Board} props.board
 * @param {{event: any} | null} props.news  the last change that was heard of
 * @param {() => void} props.onClose
 */
export function Dialog({ board, news, onClose, ...initial }) {
  const dialog = useRef(null);
  const [base, setBase] = useState(initial.base);
  const [plan, setPlan] = useState(() => planOf(initial.plan));
  const [refusal, setRefusal] = useState(null);
  const [isSure, setIsSure] = useState(false);
  const [save, cancel] = [useSave(), useCancel()];
  const overtaken = useOvertaken(base, initial.plan.day, news);
  const isBusy = save.isPending || cancel.isPending;
  // what we do ourselves is heard of, too
  const conflict = refusal ?? (isBusy || save.isSuccess || cancel.isSuccess ? null : overtaken);
  // what is gone is booked anew
  const target = conflict?.code === 'gone' ? null : base;

  useEffect(() => { if (!dialog.current.open) dialog.current.showModal(); }, []);

  /** @param {any} mutation */
  async function change(mutation) {
    setRefusal(null);
    setIsSure(false);
    try {
      await mutation.mutateAsync({ base: target, plan });
      dialog.current.close();
    } catch ({ status, message, body }) {
      if (status === 404) setBase(null);
      const code = status === 404 ? 'gone' : body?.code;
      setRefusal({ code, detail: message, appointment: body?.appointment });
    }
  }

  /**
   * @param {any} theirs  the version that counts from now on
   * @param {boolean} isTaken  whether what they wrote does, too
   */
  function settle(theirs, isTaken) {
    setBase(theirs);
    if (isTaken) setPlan(planOf(theirs));
    setRefusal(null);
  }

  function set({ target: { name, value } }) {
    setPlan((before) => ({ ...before, [name]: name === 'practitioner' ? Number(value) : value }));
    if (refusal?.code === 'taken' && ['practitioner', 'day', 'slot'].includes(name)) setRefusal(null);
  }

  return (
    <dialog id="appointment" ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); change(save); }}>
        <h2 id="dialog-title">{target ? 'Change the appointment' : 'New appointment'}</h2>
        {conflict && (
          <Conflict
            {...conflict}
            board={board}
            day={plan.day}
            onTheirs={(theirs) => settle(theirs, true)}
            onMine={(theirs) => settle(theirs, false)}
          />
        )}
        <label htmlFor="patient">Patient</label>
        <input
          id="patient"
          name="patient"
          value={plan.patient}
          onChange={set}
          maxLength={80}
          autoComplete="off"
          required
        />
        <label htmlFor="reason">Reason</label>
        <input id="reason" name="reason" value={plan.reason} onChange={set} maxLength={200} autoComplete="off" />
        <label htmlFor="practitioner">With</label>
        <select id="practitioner" name="practitioner" value={plan.practitioner} onChange={set}>
          {board.practitioners.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </select>
        <div className="when">
          <div>
            <label htmlFor="day">Day</label>
            <input id="day" name="day" type="date" value={plan.day} onChange={set} required />
          </div>
          <div>
            <label htmlFor="slot">Time</label>
            <Slots board={board} plan={plan} base={base} onChange={set} />
          </div>
        </div>
        <div className="actions">
          {target && (
            <button
              type="button"
              id="cancel"
              className="quiet danger"
              disabled={isBusy}
              onClick={() => (isSure ? change(cancel) : setIsSure(true))}
            >
              {isSure ? 'Yes, cancel it' : 'Cancel appointment'}
            </button>
          )}
          <button type="button" id="close" className="quiet" onClick={() => dialog.current.close()}>Close</button>
          <button id="save" className="primary" disabled={isBusy}>{target ? 'Save' : 'Book'}</button>
        </div>
      </form>
    </dialog>
  );
}

/** What the other one did, and what can be done about it. */
function Conflict({ code, detail, appointment, board, day, onTheirs, onMine }) {
  const alert = useRef(null);
  useEffect(() => { alert.current.scrollIntoView({ block: 'nearest' }); }, []);
  const what = appointment && `${appointment.patient}${appointment.reason && ` (${appointment.reason})`}`;
  return (
    <div id="conflict" role="alert" data-code={code} ref={alert}>
      <p>{detail}</p>
      {code === 'gone' && <p>You may book it again, or close this.</p>}
      {code === 'taken' && appointment && <p>It is for {what}. Please choose another time.</p>}
      {code === 'stale' && (
        <>
          <p>It is now {what}, {placeOf(appointment, board, day)}.</p>
          <div className="choices">
            <button type="button" id="theirs" className="quiet" onClick={() => onTheirs(appointment)}>Take this</button>
            <button type="button" id="mine" className="quiet" onClick={() => onMine(appointment)}>Keep mine</button>
          </div>
        </>
      )}
    </div>
  );
}

/** The times of the plan's day, with those that are taken marked. */
function Slots({ board, plan, base, onChange }) {
  const { data } = useAppointments(plan.day);
  const taken = new Set(
    data
      ?.filter(({ id, practitioner }) => practitioner === plan.practitioner && id !== base?.id)
      .map(({ slot }) => slot),
  );
  return (
    <select id="slot" name="slot" value={plan.slot} onChange={onChange}>
      {board.slots.map((slot) => <option key={slot} value={slot}>{taken.has(slot) ? `${slot} (taken)` : slot}</option>)}
    </select>
  );
}

/**
 * What others have done to the appointment since it was opened, as far as that is known before it is saved.
 * @param {import('./appointments.js').Appointment | null} base
 * @param {string} day  the one that it was opened on
 * @param {{event: any} | null} news
 */
function useOvertaken(base, day, news) {
  const { data = [] } = useAppointments(day);
  if (!base) return null;
  const { type, appointment: heard } = news?.event ?? {};
  if (type === 'appointment.deleted' && heard.id === base.id) {
    return { code: 'gone', detail: `${heard.changed_by} has cancelled this appointment.` };
  }
  const isNewer = (one) => one?.id === base.id && one.version > base.version;
  const newer = [heard, ...data].filter(isNewer).sort((one, other) => other.version - one.version)[0];
  if (!newer) return null;
  const detail = `${newer.changed_by} has changed this appointment in the meantime.`;
  return { code: 'stale', detail, appointment: newer };
}

/** @returns {import('./appointments.js').Plan} */
function planOf({ practitioner, day, slot, patient, reason }) {
  return { practitioner, day, slot, patient, reason };
}
