//! The process-wide byte budget and the tickets that charge it.
//!
//! A receiver charges the bytes of a request before it reads the body; the ticket travels with
//! the batch and gives the bytes back when the last holder drops it. What is held is therefore
//! known at any time without asking the allocator.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use smallvec::SmallVec;
use thiserror::Error;

/// The budget is used up; nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{wanted} bytes do not fit into the memory budget: {held} of {limit} bytes are held")]
pub struct BudgetExceeded {
    /// The bytes asked for.
    pub wanted: usize,
    /// The bytes held when they were asked for.
    pub held: usize,
    /// The limit in bytes.
    pub limit: usize,
}

#[derive(Debug)]
struct Account {
    held: AtomicUsize,
    limit: AtomicUsize,
}

/// A limit on the bytes of telemetry held. Cheap to clone; clones share one account.
///
/// Unlimited until [`Budget::set_limit`] (memory_limiter calls it).
#[derive(Debug, Clone)]
pub struct Budget(Arc<Account>);

impl Default for Budget {
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Budget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Account {
            held: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
        }))
    }

    /// Changes the limit in bytes; tickets already out are not affected.
    pub fn set_limit(&self, limit: usize) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// The limit in bytes; `usize::MAX` when there is none.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.0.limit.load(Ordering::Relaxed)
    }

    /// The bytes held by all tickets.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Charges `bytes` if they fit.
    ///
    /// One request is always let in when nothing else is held, so that a limit below the size of
    /// a request slows down instead of shutting out.
    ///
    /// # Errors
    /// [`BudgetExceeded`] if they do not fit.
    pub fn try_charge(&self, bytes: usize) -> Result<Ticket, BudgetExceeded> {
        let before = self.0.held.fetch_add(bytes, Ordering::Relaxed);
        let limit = self.limit();
        if before != 0 && before.saturating_add(bytes) > limit {
            self.0.held.fetch_sub(bytes, Ordering::Relaxed);
            return Err(BudgetExceeded {
                wanted: bytes,
                held: before,
                limit,
            });
        }
        Ok(self.ticket(bytes))
    }

    /// Charges `bytes` whether they fit or not: for data that is already in memory.
    #[must_use]
    pub fn charge(&self, bytes: usize) -> Ticket {
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        self.ticket(bytes)
    }

    fn ticket(&self, bytes: usize) -> Ticket {
        let charge = Charge {
            account: Arc::clone(&self.0),
            bytes: AtomicUsize::new(bytes),
        };
        Ticket {
            charges: SmallVec::from_buf([Arc::new(charge)]),
        }
    }
}

#[derive(Debug)]
struct Charge {
    account: Arc<Account>,
    bytes: AtomicUsize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account
            .held
            .fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

/// Bytes held on a [`Budget`]; given back when the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct Ticket {
    charges: SmallVec<[Arc<Charge>; 1]>,
}

impl Ticket {
    /// The bytes this ticket stands for, those shared with clones included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.charges
            .iter()
            .map(|charge| charge.bytes.load(Ordering::Relaxed))
            .sum()
    }

    /// Takes over what `other` holds: for merged batches.
    pub fn merge(&mut self, mut other: Self) {
        for charge in other.charges.drain(..) {
            // An unshared charge on the same account folds into ours, so that a batch of a
            // thousand requests holds one charge and not a list of a thousand.
            match (self.charges.last(), Arc::try_unwrap(charge)) {
                (Some(last), Ok(mut owned))
                    if Arc::ptr_eq(&last.account, &owned.account)
                        && Arc::strong_count(last) == 1 =>
                {
                    last.bytes
                        .fetch_add(std::mem::take(owned.bytes.get_mut()), Ordering::Relaxed);
                }
                (_, Ok(owned)) => self.charges.push(Arc::new(owned)),
                (_, Err(shared)) => self.charges.push(shared),
            }
        }
    }

    /// Charges the difference when a holder's data has become `bytes` long (an edit grew it, a
    /// filter shrank it). Only an unshared ticket is corrected; a shared one keeps its charge.
    pub fn resize(&mut self, bytes: usize) {
        if let [only] = &mut *self.charges
            && let Some(charge) = Arc::get_mut(only)
        {
            let before = std::mem::replace(charge.bytes.get_mut(), bytes);
            if bytes >= before {
                charge
                    .account
                    .held
                    .fetch_add(bytes - before, Ordering::Relaxed);
            } else {
                charge
                    .account
                    .held
                    .fetch_sub(before - bytes, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_when_the_last_clone_is_dropped() {
        let budget = Budget::new(100);
        let ticket = budget.try_charge(60).unwrap();
        let clone = ticket.clone();
        drop(ticket);
        assert_eq!(budget.held(), 60);
        drop(clone);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_charges_nothing() {
        let budget = Budget::new(100);
        let _held = budget.try_charge(60).unwrap();
        let refused = budget.try_charge(41).unwrap_err();
        assert_eq!(
            refused,
            BudgetExceeded {
                wanted: 41,
                held: 60,
                limit: 100
            }
        );
        assert_eq!(budget.held(), 60);
        assert!(budget.try_charge(40).is_ok());
    }

    #[test]
    fn a_request_beyond_the_limit_is_let_in_alone() {
        let budget = Budget::new(100);
        let big = budget.try_charge(500).unwrap();
        assert!(budget.try_charge(1).is_err());
        drop(big);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn merging_keeps_the_sum_whether_charges_are_shared_or_not() {
        let budget = Budget::default();
        let mut merged = budget.charge(10);
        merged.merge(budget.charge(5));
        let shared = budget.charge(7);
        merged.merge(shared.clone());
        assert_eq!((merged.bytes(), budget.held()), (22, 22));
        drop(merged);
        assert_eq!(budget.held(), 7);
        drop(shared);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn resizing_moves_the_account_with_the_data() {
        let budget = Budget::default();
        let mut ticket = budget.charge(10);
        ticket.resize(25);
        assert_eq!(budget.held(), 25);
        ticket.resize(5);
        assert_eq!(budget.held(), 5);
    }
}
