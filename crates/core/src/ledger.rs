//! The books of a component: received + created = sent + dropped + filtered + held, always.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::status::Instance;

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    created: AtomicU64,
    sent: AtomicU64,
    filtered: AtomicU64,
    held: AtomicI64,
    dropped: Mutex<BTreeMap<&'static str, u64>>,
}

/// One component's account, in items. Cheap to clone; clones share the account.
#[derive(Debug, Clone, Default)]
pub struct Account(Arc<Counts>);

impl Account {
    /// Items taken responsibility for.
    pub fn received(&self, items: usize) {
        self.0.received.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Items made here (a connector that counts, a scraper).
    pub fn created(&self, items: usize) {
        self.0.created.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Items that the next component or the backend took.
    pub fn sent(&self, items: usize) {
        self.0.sent.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Items removed on purpose, as configured.
    pub fn filtered(&self, items: usize) {
        self.0.filtered.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Items lost, with the reason: a short constant such as `queue_full`.
    pub fn dropped(&self, items: usize, reason: &'static str) {
        if items != 0 {
            let mut dropped = self
                .0
                .dropped
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *dropped.entry(reason).or_default() += items as u64;
        }
    }

    /// Items in hand have changed by `items`, which may be negative.
    pub fn held(&self, items: isize) {
        self.0.held.fetch_add(items as i64, Ordering::Relaxed);
    }

    /// The account as it stands.
    #[must_use]
    pub fn balance(&self) -> Balance {
        Balance {
            received: self.0.received.load(Ordering::Relaxed),
            created: self.0.created.load(Ordering::Relaxed),
            sent: self.0.sent.load(Ordering::Relaxed),
            filtered: self.0.filtered.load(Ordering::Relaxed),
            held: self.0.held.load(Ordering::Relaxed),
            dropped: self
                .0
                .dropped
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

/// An [`Account`] at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balance {
    /// Items taken.
    pub received: u64,
    /// Items made here.
    pub created: u64,
    /// Items handed on.
    pub sent: u64,
    /// Items removed on purpose.
    pub filtered: u64,
    /// Items in hand.
    pub held: i64,
    /// Items lost, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl Balance {
    /// What is missing (positive) or too much (negative); 0 when the books balance.
    #[must_use]
    pub fn imbalance(&self) -> i64 {
        let dropped: u64 = self.dropped.values().sum();
        (self.received + self.created) as i64
            - (self.sent + self.filtered + dropped) as i64
            - self.held
    }
}

/// Every component's account.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<Instance, Account>>>);

impl Ledger {
    /// The account of `instance`; asking again gives the same account.
    #[must_use]
    pub fn account(&self, instance: Instance) -> Account {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(instance)
            .or_default()
            .clone()
    }

    /// Every account as it stands.
    #[must_use]
    pub fn balances(&self) -> BTreeMap<Instance, Balance> {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts
            .iter()
            .map(|(instance, account)| (instance.clone(), account.balance()))
            .collect()
    }

    /// The sum of the absolute imbalances; 0 when every account balances.
    #[must_use]
    pub fn imbalance(&self) -> u64 {
        self.balances()
            .values()
            .map(|balance| balance.imbalance().unsigned_abs())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_balance_when_every_item_is_accounted_for() {
        let account = Account::default();
        account.received(10);
        account.sent(5);
        account.filtered(1);
        account.dropped(2, "queue_full");
        assert_eq!(account.balance().imbalance(), 2);
        account.held(2);
        assert_eq!(account.balance().imbalance(), 0);
        assert_eq!(account.balance().dropped["queue_full"], 2);
    }
}
