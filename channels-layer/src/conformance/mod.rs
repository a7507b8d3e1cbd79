//! The suite that every channel layer passes, yours included.
//!
//! A layer of your own is checked by one line in a test file. It becomes one `#[test]` for each check, named
//! for what is false if it fails:
//!
//! ```
//! # use channels_layer::{MemoryLayer as MyLayer, Retention};
//! // tests/conformance.rs
//! channels_layer::conformance_tests!(async |retention: Retention| MyLayer::new(retention));
//! ```
//!
//! The closure is called once for each check. It returns a layer that keeps as much as the
//! [`Retention`](crate::Retention) says and shares nothing with the layers of other checks, which run at the
//! same time: a layer with a server takes a prefix of its own each time. If it cannot, it panics.
//!
//! What is checked depends on what a layer is:
//!
//! | macro | layer | checks |
//! | --- | --- | --- |
//! | `conformance_tests!(make)` | keeps events on a server, as Redis lists do | [`channels`], [`values`], [`groups`], [`mod@drop`], [`expiry`], [`flush`], [`subscribe`], [`queues`], [`capacity`] |
//! | `conformance_tests!(make, local)` | keeps them in this process | these, and [`local`] |
//! | `conformance_tests!(make, pub_sub)` | keeps nothing for those who are not there | these without [`queues`], [`capacity`] and [`local`], and without the `!` in new channels' names |
//!
//! What is *not* asked of a layer with a server, since one queue may serve all mailboxes of a process: that the
//! sender learns that one mailbox is full, or that a full mailbox leaves the room of others alone.
//!
//! Nothing hangs: what does not happen within ten seconds fails, and so does a check that takes a minute.
//! Lifetimes are some 100 ms, and a layer that counts whole seconds passes if it rounds up, only later.
//! Several processes on one server are not checked.
#![expect(clippy::missing_panics_doc, reason = "that is how a check fails")]

pub mod capacity;
pub mod channels;
pub mod drop;
pub mod expiry;
pub mod flush;
pub mod groups;
mod listener;
pub mod local;
pub mod queues;
mod run;
mod subject;
pub mod subscribe;
pub mod values;

pub use self::run::{Maker, run};

/// Makes one `#[test]` for each check of the [conformance suite](crate::conformance).
///
/// `local` after the closure adds what only a layer within one process can promise; `pub_sub` leaves out what
/// needs a queue.
///
/// ```
/// # use channels_layer::{MemoryLayer, Retention};
/// channels_layer::conformance_tests!(async |retention: Retention| MemoryLayer::new(retention), local);
/// ```
///
/// Where the layer needs what not every machine has, the tests can be left out by default:
///
/// ```
/// # use channels_layer::{MemoryLayer, Retention};
/// channels_layer::conformance_tests!(
///     async |retention: Retention| MemoryLayer::new(retention);
///     ignore = "needs a server"
/// );
/// ```
#[macro_export]
macro_rules! conformance_tests {
    (@every $ignore:tt $make:expr) => { $crate::conformance_tests! { @tests $ignore $make;
        channels: events_arrive_in_the_order_sent
        channels: events_on_a_normal_channel_arrive_in_the_order_sent
        channels: a_channel_gets_no_events_of_another
        channels: new_channels_have_names_of_their_own
        channels: the_name_of_a_new_channel_has_its_prefix
        channels: a_prefix_that_makes_no_name_is_refused
        channels: sending_to_a_channel_that_is_gone_is_no_error
        channels: a_sender_does_not_wait_for_a_receiver
        channels: a_receiver_that_gives_up_waiting_loses_nothing
        channels: a_receiver_that_gives_up_as_events_arrive_loses_none
        channels: threads_that_send_at_once_each_keep_their_order
        values: an_event_arrives_with_its_wire_name
        values: values_of_every_type_survive
        values: an_event_of_one_mebibyte_survives
        values: an_event_that_came_from_elsewhere_is_passed_on
        groups: a_group_reaches_its_members_and_nobody_else
        groups: a_channel_added_twice_gets_an_event_once
        groups: a_channel_added_twice_leaves_at_once
        groups: discarding_what_is_no_member_is_no_error
        groups: a_group_without_members_reaches_nobody
        groups: groups_do_not_leak_into_each_other
        groups: a_channel_gets_the_events_of_all_its_groups
        groups: leaving_one_group_keeps_the_others
        groups: a_group_and_a_channel_of_one_name_are_two_things
        groups: a_normal_channel_can_be_in_a_group
        groups: events_of_a_group_arrive_in_the_order_sent
        groups: a_full_member_is_no_error_and_others_miss_nothing
        drop: a_dropped_mailbox_leaves_its_groups
        drop: a_channel_that_is_gone_joins_no_group
        drop: a_mailbox_dropped_while_it_joins_does_not_stay
        drop: mailboxes_that_come_and_go_leave_nothing_that_receives
        drop: mailboxes_dropped_while_others_send_disturb_nobody
        expiry: events_that_nobody_received_in_time_are_dropped
        expiry: events_behind_expired_ones_arrive
        expiry: a_membership_that_is_not_renewed_lapses
        expiry: a_membership_that_is_renewed_stays
        flush: a_flush_forgets_events
        flush: a_flush_forgets_memberships
        flush: mailboxes_work_after_a_flush
        subscribe: a_subscriber_gets_what_is_sent_to_its_group
        subscribe: a_subscriber_gets_nothing_of_other_groups
        subscribe: a_subscriber_and_a_member_get_an_event_once_each
        subscribe: a_dropped_subscription_ends
        subscribe: a_subscription_needs_no_renewal
        subscribe: a_subscription_holds_more_than_a_channel
        subscribe: a_subscription_outlives_a_flush
    } };
    (@queues $ignore:tt $make:expr) => { $crate::conformance_tests! { @tests $ignore $make;
        channels: the_name_of_a_new_channel_says_that_it_is_of_one_mailbox
        queues: events_wait_on_a_normal_channel_until_somebody_receives
        queues: each_event_goes_to_one_of_several_receivers
        capacity: a_full_channel_refuses_and_says_how_much_it_holds
        capacity: the_first_pattern_that_fits_decides_the_capacity
        capacity: a_full_channel_does_not_limit_another
        capacity: a_receive_makes_room
        capacity: expiry_makes_room
    } };
    (@local $ignore:tt $make:expr) => { $crate::conformance_tests! { @tests $ignore $make;
        local: a_full_mailbox_refuses_and_says_how_much_it_holds
        local: a_full_mailbox_does_not_limit_another
        local: a_delivery_tells_how_many_got_it_and_how_many_missed_it
        local: a_dropped_mailbox_is_gone_at_once
        local: every_receiver_that_waits_is_woken
        local: receivers_that_come_and_go_lose_nothing
    } };
    (@tests $ignore:tt $make:expr; $($module:ident: $check:ident)*) => {$(
        $crate::conformance_tests!(@test $ignore $make; $module: $check);
    )*};
    (@test {$($reason:literal)?} $make:expr; $module:ident: $check:ident) => {
        #[test]
        $(#[ignore = $reason])?
        fn $check() {
            $crate::conformance::run($crate::conformance::$module::$check, $make);
        }
    };
    ($make:expr $(; ignore = $reason:literal)? $(,)?) => {
        $crate::conformance_tests!(@every {$($reason)?} $make);
        $crate::conformance_tests!(@queues {$($reason)?} $make);
    };
    ($make:expr, local $(; ignore = $reason:literal)? $(,)?) => {
        $crate::conformance_tests!(@every {$($reason)?} $make);
        $crate::conformance_tests!(@queues {$($reason)?} $make);
        $crate::conformance_tests!(@local {$($reason)?} $make);
    };
    ($make:expr, pub_sub $(; ignore = $reason:literal)? $(,)?) => {
        $crate::conformance_tests!(@every {$($reason)?} $make);
    };
}
