//! What everybody at the board is told, when it is done. Each event carries the appointment, and with it its version.

use channels_actix::{Event, Group, NameError};
use serde::{Deserialize, Serialize};

use crate::appointments::Appointment;

/// All who look at the board.
pub(crate) fn at_the_board() -> Result<Group, NameError> {
    Group::of("board", "appointments")
}

/// There is a new one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Created {
    pub(crate) appointment: Appointment,
}

/// One has changed; perhaps it is on another day now.
#[derive(Serialize, Deserialize)]
pub(crate) struct Updated {
    pub(crate) appointment: Appointment,
}

/// One is gone. It is as it was last, but `changed_by` is who cancelled it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) appointment: Appointment,
}

impl Event for Created {
    const TYPE: &'static str = "appointment.created";
}

impl Event for Updated {
    const TYPE: &'static str = "appointment.updated";
}

impl Event for Deleted {
    const TYPE: &'static str = "appointment.deleted";
}
