// The day: a row for each slot, a column for each practitioner, a button in each cell.

/** Where the arrow keys go: rows, columns. */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param {object} props
 * @param {import('./appointments.js').Board} props.board
 * @param {import('./appointments.js').Appointment[]} [props.appointments]  not known yet: nothing can be booked
 * @param {string} props.day
 * @param {import('./appointments.js').Appointment} [props.fresh]  the one that has just changed
 * @param {(chosen: {base: any, plan: any}) => void} props.onChoose
 */
export function Grid({ board, appointments, day, fresh, onChoose }) {
  const bySlot = new Map(appointments?.map((one) => [`${one.slot} ${one.practitioner}`, one]));
  return (
    <div className="scroller" role="region" aria-label="Appointments of the day" tabIndex={0}>
      <table id="grid" aria-busy={!appointments} onKeyDown={walk}>
        <caption className="unseen">Arrow keys go from cell to cell; Enter books or changes an appointment.</caption>
        <thead>
          <tr>
            <th scope="col"><span className="unseen">Time</span></th>
            {board.practitioners.map(({ id, name, specialty }) => (
              <th key={id} scope="col">{name}<span className="specialty">{specialty}</span></th>
            ))}
          </tr>
        </thead>
        <tbody>
          {board.slots.map((slot) => (
            <tr key={slot}>
              <th scope="row"><time>{slot}</time></th>
              {board.practitioners.map((practitioner) => (
                <td key={practitioner.id}>
                  <Cell
                    {...{ slot, day, practitioner, fresh, onChoose }}
                    appointment={bySlot.get(`${slot} ${practitioner.id}`)}
                    isKnown={appointments !== undefined}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One button, whether free or booked: it keeps the focus when that changes. */
function Cell({ slot, day, practitioner, appointment, fresh, isKnown, onChoose }) {
  const empty = { practitioner: practitioner.id, day, slot, patient: '', reason: '' };
  const choose = () => onChoose({ base: appointment ?? null, plan: appointment ?? empty });
  const place = `${slot} with ${practitioner.name}`;
  const isFresh = appointment && fresh?.id === appointment.id && fresh.version === appointment.version;
  return (
    <button
      type="button"
      className={appointment ? 'cell booked' : 'cell'}
      data-slot={slot}
      data-practitioner={practitioner.id}
      data-version={appointment?.version}
      disabled={!isKnown}
      onClick={choose}
    >
      {appointment ? (
        <span key={appointment.version} className={isFresh ? 'what fresh' : 'what'}>
          <span className="patient">{appointment.patient}</span>
          <span className="reason">{appointment.reason}</span>
          <span className="unseen">, {place}: change</span>
        </span>
      ) : (
        <>
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 6v12M6 12h12" /></svg>
          <span className="unseen">Book {place}</span>
        </>
      )}
    </button>
  );
}

/** @param {import('react').KeyboardEvent} event */
function walk(event) {
  const step = STEPS[event.key];
  const cell = event.target.closest('td');
  if (!step || !cell) return;
  const [rows, columns] = step;
  const row = event.currentTarget.rows[cell.parentElement.rowIndex + rows];
  const next = row?.cells[cell.cellIndex + columns]?.querySelector('button');
  if (!next) return;
  event.preventDefault();
  next.focus();
}
