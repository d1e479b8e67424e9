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
        self.0.try_add(bytes)?;
        Ok(self.ticket(bytes))
    }

    /// Charges `bytes` whether they fit or not: for data that is already in memory.
    #[must_use]
    pub fn charge(&self, bytes: usize) -> Ticket {
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        self.ticket(bytes)
    }

    fn ticket(&self, bytes: usize) -> Ticket {
        let charge = Charge::new(&self.0, bytes);
        Ticket {
            charges: SmallVec::from_buf([Arc::new(charge)]),
        }
    }
}

impl Account {
    fn try_add(&self, bytes: usize) -> Result<(), BudgetExceeded> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let limit = self.limit.load(Ordering::Relaxed);
        if before != 0 && before.saturating_add(bytes) > limit {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            return Err(BudgetExceeded {
                wanted: bytes,
                held: before,
                limit,
            });
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Charge {
    account: Arc<Account>,
    /// Whose share it counts to as well.
    share: Option<Arc<Account>>,
    /// Whether it is nothing but a share of bytes that another charge stands for.
    is_share: bool,
    bytes: AtomicUsize,
}

impl Charge {
    fn new(account: &Arc<Account>, bytes: usize) -> Self {
        Self {
            account: Arc::clone(account),
            share: None,
            is_share: false,
            bytes: AtomicUsize::new(bytes),
        }
    }

    fn accounts(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&*self.account).chain(self.share.as_deref())
    }

    /// Whether both charge the same accounts in the same way.
    fn is_like(&self, other: &Self) -> bool {
        let same_share = match (&self.share, &other.share) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        };
        same_share && self.is_share == other.is_share && Arc::ptr_eq(&self.account, &other.account)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        for account in self.accounts() {
            account.held.fetch_sub(bytes, Ordering::Relaxed);
        }
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
            .filter(|charge| !charge.is_share)
            .map(|charge| charge.bytes.load(Ordering::Relaxed))
            .sum()
    }

    /// Charges the bytes that this ticket stands for to `budget` as well: a share of the
    /// process's budget. They come back together. `bytes` is how many there are; a ticket that
    /// stands for none is charged with them.
    ///
    /// # Errors
    /// [`BudgetExceeded`] if they do not fit; nothing was charged.
    pub fn share(&mut self, budget: &Budget, bytes: usize) -> Result<(), BudgetExceeded> {
        let mut bytes = bytes;
        if let [only] = &mut *self.charges
            && let Some(charge) = Arc::get_mut(only)
            && charge.share.is_none()
        {
            bytes = *charge.bytes.get_mut();
            budget.0.try_add(bytes)?;
            charge.share = Some(Arc::clone(&budget.0));
            return Ok(());
        }
        budget.0.try_add(bytes)?;
        let mut charge = Charge::new(&budget.0, bytes);
        charge.is_share = !self.charges.is_empty();
        self.charges.push(Arc::new(charge));
        Ok(())
    }

    /// Takes over what `other` holds: for merged batches.
    pub fn merge(&mut self, mut other: Self) {
        for charge in other.charges.drain(..) {
            // An unshared charge on the same account folds into ours, so that a batch of a
            // thousand requests holds one charge and not a list of a thousand.
            match (self.charges.last(), Arc::try_unwrap(charge)) {
                (Some(last), Ok(mut owned))
                    if last.is_like(&owned) && Arc::strong_count(last) == 1 =>
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
            for account in charge.accounts() {
                if bytes >= before {
                    account.held.fetch_add(bytes - before, Ordering::Relaxed);
                } else {
                    account.held.fetch_sub(before - bytes, Ordering::Relaxed);
                }
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

    #[test]
    fn a_share_is_charged_beside_the_whole_and_given_back_with_it() {
        let (whole, share) = (Budget::new(100), Budget::new(50));
        let mut ticket = whole.charge(30);
        ticket.share(&share, 30).unwrap();
        assert_eq!((ticket.bytes(), whole.held(), share.held()), (30, 30, 30));
        ticket.resize(20);
        assert_eq!((whole.held(), share.held()), (20, 20));
        let mut second = whole.charge(31);
        assert!(second.share(&share, 31).is_err());
        assert_eq!((whole.held(), share.held()), (51, 20));
        second.resize(30);
        second.share(&share, 30).unwrap();
        ticket.merge(second);
        assert_eq!(ticket.charges.len(), 1);
        drop(ticket);
        assert_eq!((whole.held(), share.held()), (0, 0));
    }

    #[test]
    fn a_ticket_that_others_hold_or_that_stands_for_nothing_has_a_share_too() {
        let (whole, share) = (Budget::default(), Budget::default());
        let mut shared = whole.charge(10);
        let other = shared.clone();
        shared.share(&share, 10).unwrap();
        assert_eq!((shared.bytes(), whole.held(), share.held()), (10, 10, 10));
        drop(shared);
        assert_eq!((whole.held(), share.held()), (10, 0));
        drop(other);
        let mut none = Ticket::default();
        none.share(&share, 7).unwrap();
        assert_eq!((none.bytes(), share.held()), (7, 7));
        drop(none);
        assert_eq!((whole.held(), share.held()), (0, 0));
    }
}
