//! Who has got which message: each one once, and in order.

use std::collections::HashSet;

/// A member's account: numbers from 1 on are owed to it.
#[derive(Clone, Copy, Debug)]
enum Account {
    /// The next number that is due, and the first that was.
    Due { next: u32, first: u32 },
    /// Whatever comes first is the first that is due: it was not there from the beginning.
    Joining,
    /// Nothing is owed any more.
    Gone,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) disordered: u64,
}

impl Faults {
    pub(crate) fn any(self) -> bool {
        self != Self::default()
    }
}

/// What a message turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// It was owed, in order or not.
    Owed,
    Doubled,
    /// Nobody asked.
    Ignored,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    accounts: Vec<Account>,
    /// Passed over, by member and number.
    missing: HashSet<(usize, u32)>,
    doubled: u64,
    disordered: u64,
}

impl Ledger {
    /// Of members that are there from the beginning.
    pub(crate) fn of(members: usize) -> Self {
        let accounts = vec![Account::Due { next: 1, first: 1 }; members];
        Self { accounts, missing: HashSet::new(), doubled: 0, disordered: 0 }
    }

    /// Nothing more is owed to `member`; what it was passed over with stays lost.
    pub(crate) fn leaves(&mut self, member: usize) {
        self.accounts[member] = Account::Gone;
    }

    /// From the next message on, all are owed to `member`.
    pub(crate) fn joins(&mut self, member: usize) {
        self.accounts[member] = Account::Joining;
    }

    pub(crate) fn receives(&mut self, member: usize, seq: u32) -> Receipt {
        let (next, first) = match self.accounts[member] {
            Account::Due { next, first } => (next, first),
            Account::Joining => (seq, seq),
            Account::Gone => return Receipt::Ignored,
        };
        if seq < next {
            // what comes after the first, and was said before it, was owed as well
            if seq < first || self.missing.remove(&(member, seq)) {
                self.disordered += 1;
                return Receipt::Owed;
            }
            self.doubled += 1;
            return Receipt::Doubled;
        }
        self.missing.extend((next..seq).map(|seq| (member, seq)));
        self.accounts[member] = Account::Due { next: seq + 1, first };
        Receipt::Owed
    }

    /// The account after `sent` messages.
    pub(crate) fn close(&self, sent: u32) -> Faults {
        let owed = self.accounts.iter().map(|account| match account {
            Account::Due { next, .. } => u64::from((sent + 1).saturating_sub(*next)),
            Account::Joining | Account::Gone => 0,
        });
        Faults {
            lost: owed.sum::<u64>() + self.missing.len() as u64,
            doubled: self.doubled,
            disordered: self.disordered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(seqs: &[u32], sent: u32) -> Faults {
        let mut ledger = Ledger::of(1);
        for &seq in seqs {
            ledger.receives(0, seq);
        }
        ledger.close(sent)
    }

    #[test]
    fn all_once_and_in_order_is_no_fault() {
        assert!(!faults(&[1, 2, 3], 3).any());
    }

    #[test]
    fn what_never_comes_is_lost_in_the_middle_and_at_the_end() {
        assert_eq!(faults(&[1, 4], 6), Faults { lost: 4, ..Faults::default() });
        assert_eq!(faults(&[], 2), Faults { lost: 2, ..Faults::default() });
    }

    #[test]
    fn what_comes_late_is_out_of_order_and_not_lost() {
        assert_eq!(faults(&[2, 1, 3], 3), Faults { disordered: 1, ..Faults::default() });
    }

    #[test]
    fn what_comes_again_is_doubled() {
        assert_eq!(faults(&[1, 1, 2, 1], 2), Faults { doubled: 2, ..Faults::default() });
    }

    #[test]
    fn each_member_has_its_own_account() {
        let mut ledger = Ledger::of(2);
        ledger.receives(0, 1);

        assert_eq!(ledger.close(1).lost, 1);
        ledger.leaves(1);
        assert_eq!(ledger.close(1).lost, 0);
        assert_eq!(ledger.receives(1, 9), Receipt::Ignored);
    }

    #[test]
    fn who_joins_later_is_owed_what_follows() {
        let mut ledger = Ledger::of(1);
        ledger.joins(0);
        assert!(!ledger.close(5).any());

        ledger.receives(0, 6);
        ledger.receives(0, 8);

        assert_eq!(ledger.close(8), Faults { lost: 1, ..Faults::default() });

        assert_eq!(ledger.receives(0, 5), Receipt::Owed);
        assert_eq!(ledger.close(8), Faults { lost: 1, disordered: 1, ..Faults::default() });
    }
}
