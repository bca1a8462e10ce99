// SPDX-License-Identifier: GPL-2.0-only

//! What all lines together take of a CPU where nobody else can run, and who has to wait when it is
//! too much.
//!
//! Each CPU has an [`Account`]. Whatever keeps the CPU from ordinary threads (an interrupt, a softirq)
//! is a span, and is charged there when it ends. The account says until when the CPU is *paid* for:
//! a span of `n` ns moves that on by `n * 100 / limit_pct`. Time in which nothing was taken is credit,
//! but for no longer than [`WINDOW_NS`]. Who would take more asks first ([`Turn::ask`]), and is put off
//! while the CPU is paid for beyond now. (This is the generic cell rate algorithm, with CPU time for
//! cells.) So in any time T the lines take at most `limit_pct` percent of T + [`WINDOW_NS`], and the one
//! span that was let go last.
//!
//! Those who are put off take turns: who has just gone leaves as much time to each of the others that
//! wait as it took itself.
//!
//! In the module an account is written with interrupts off, on its own CPU; everybody may read it.

use super::platform::{
    Array,
    Count,
    Word, //
};

/// For how long unused time is kept as credit.
pub const WINDOW_NS: u64 = 10_000_000;

/// What an interrupt takes before its code runs and after it, which its code cannot see. An estimate.
pub const ENTRY_NS: u64 = 2_000;

/// No span counts for more: it takes a pause of the whole machine to get there.
pub const LONGEST_SPAN_NS: u64 = 50_000_000;

/// A limit of so many percent is none.
pub const NO_LIMIT_PCT: u64 = 100;

/// Those who wait together ask no more often than once in such a time, on average and at a limit of
/// 100 %; at a lower limit, as much less often. So asking takes an eighth of what they may take.
const ASKING_NS: u64 = 8 * ENTRY_NS;

/// What `span_ns` are worth in time of the CPU, rounded up: what is lost would add up.
#[inline]
fn price_ns(span_ns: u64, limit_pct: u64) -> u64 {
    let hundredfold = span_ns.saturating_mul(100);
    let up = hundredfold.saturating_add(limit_pct.saturating_sub(1));
    up.checked_div(limit_pct).unwrap_or(hundredfold)
}

/// What is taken of one CPU.
#[repr(align(64))]
pub struct Account {
    /// Until when the CPU is paid for. Behind now: credit.
    paid_ns: Word,
    /// The sum of all spans.
    taken_ns: Word,
    /// 1 while an interrupt is being measured; what it calls is part of it.
    measuring: Word,
    /// How many wait for their turn.
    waiting: Count,
}

impl Account {
    /// Of a CPU of which nothing was taken.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            paid_ns: Word::new(0),
            taken_ns: Word::new(0),
            measuring: Word::new(0),
            waiting: Count::new(),
        }
    }

    /// The sum of all spans so far: in what is longer, and was interrupted, those in between are told
    /// apart by it.
    #[inline]
    pub fn taken_ns(&self) -> u64 {
        self.taken_ns.load()
    }

    /// Whether an interrupt is being measured.
    #[inline]
    pub fn is_measuring(&self) -> bool {
        self.measuring.load() != 0
    }

    /// Begins, or ends, the measuring of an interrupt.
    #[inline]
    pub fn set_measuring(&self, is_measuring: bool) {
        self.measuring.store(is_measuring.into());
    }

    /// Charges a span that ends now.
    #[inline]
    pub fn charge(&self, now_ns: u64, span_ns: u64, limit_pct: u64) {
        let span_ns = span_ns.min(LONGEST_SPAN_NS);
        let taken_ns = self.taken_ns.load().wrapping_add(span_ns);
        self.taken_ns.store(taken_ns);
        let from_ns = self.paid_ns.load().max(now_ns.saturating_sub(WINDOW_NS));
        self.paid_ns
            .store(from_ns.saturating_add(price_ns(span_ns, limit_pct)));
    }

    /// Whether what was taken so far is not paid for yet. Read on another CPU, it may have changed by the time that it is known.
    pub fn is_owed(&self, now_ns: u64) -> bool {
        self.paid_ns.load() > now_ns
    }

    /// Lets everybody go who waits for what was taken so far.
    pub fn forgive(&self, now_ns: u64) {
        self.paid_ns.store(self.paid_ns.load().min(now_ns));
    }
}

/// The accounts of all CPUs.
pub struct Accounts(Array<Account>);

impl Accounts {
    /// One account for each CPU, by its number.
    pub fn new(accounts: Array<Account>) -> Self {
        Self(accounts)
    }

    /// The account of a CPU.
    #[inline]
    pub fn of(&self, cpu: u16) -> Option<&Account> {
        self.0.get(usize::from(cpu))
    }
}

/// The place of one who takes CPU time among the others.
#[derive(Debug)]
pub struct Turn {
    /// The CPU at which it is counted among those who wait.
    waits_at: Option<u16>,
    /// Until when it leaves the CPU to the others.
    rests_until_ns: u64,
}

impl Turn {
    /// Of one who has never gone.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            waits_at: None,
            rests_until_ns: 0,
        }
    }

    /// Whether one may go who takes time of these CPUs: `None`, or the time at which to ask again. The
    /// first of them is the one where this is called. Being put off takes time there, too: it is charged, unless it is
    /// part of an interrupt that is being measured, which is charged as a whole.
    #[inline]
    pub fn ask(
        &mut self,
        accounts: &Accounts,
        cpus: [u16; 3],
        now_ns: u64,
        limit_pct: u64,
    ) -> Option<u64> {
        let paid_ns = |cpu| accounts.of(cpu).map_or(0, |account| account.paid_ns.load());
        let [here, there, elsewhere] = cpus;
        let (mut fullest, mut free_ns) = (here, paid_ns(here));
        for cpu in [there, elsewhere] {
            let until_ns = paid_ns(cpu);
            if until_ns > free_ns {
                (fullest, free_ns) = (cpu, until_ns);
            }
        }
        if free_ns.max(self.rests_until_ns) <= now_ns || limit_pct >= NO_LIMIT_PCT {
            return None;
        }
        Some(self.put_off(accounts, [here, fullest], now_ns, limit_pct))
    }

    fn put_off(
        &mut self,
        accounts: &Accounts,
        [here, fullest]: [u16; 2],
        now_ns: u64,
        limit_pct: u64,
    ) -> u64 {
        if let Some(account) = accounts.of(here).filter(|account| !account.is_measuring()) {
            account.charge(now_ns, ENTRY_NS, limit_pct);
        }
        let Some(account) = accounts.of(fullest) else {
            return now_ns;
        };
        if self.waits_at != Some(fullest) {
            self.leave(accounts);
            account.waiting.add(1);
            self.waits_at = Some(fullest);
        }
        let others = account.waiting.load().saturating_sub(1);
        let asking_ns = price_ns(ASKING_NS, limit_pct).saturating_mul(others);
        let asks_ns = now_ns.saturating_add(asking_ns);
        account.paid_ns.load().max(self.rests_until_ns).max(asks_ns)
    }

    /// Notes that it has gone, and what that took. If there are others who wait, it is their turn.
    #[inline]
    pub fn went(
        &mut self,
        accounts: &Accounts,
        here: u16,
        now_ns: u64,
        took_ns: u64,
        limit_pct: u64,
    ) {
        let took_ns = took_ns.min(LONGEST_SPAN_NS);
        let waited_at = self.waits_at.unwrap_or(here);
        self.leave(accounts);
        let others = accounts
            .of(waited_at)
            .map_or(0, |account| account.waiting.load());
        if others != 0 {
            // A quarter more than what their turns take is for their asking: who comes back before all
            // of them have gone is in their way again.
            let turn_ns = price_ns(took_ns.saturating_add(took_ns / 4), limit_pct);
            self.rests_until_ns = now_ns.saturating_add(turn_ns.saturating_mul(others));
        }
    }

    /// Waits no more, whether it has gone or not.
    #[inline]
    pub fn leave(&mut self, accounts: &Accounts) {
        if let Some(account) = self.waits_at.take().and_then(|cpu| accounts.of(cpu)) {
            account.waiting.add(-1);
        }
    }
}
