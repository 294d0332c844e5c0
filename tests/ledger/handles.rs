//! What the storm does with the handles of its jobs.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use filch::{CancelToken, JobError, JobHandle};

use super::book::{CALLS_BACK, Guest, Receipt, book};
use super::support::random::Random;

/// A handle, whatever its job returns.
pub trait Ticket: Send + Sync {
    fn cancel(&self);
    fn join(self: Box<Self>);
    fn try_join(self: Box<Self>) -> Option<Box<dyn Ticket>>;
    fn join_timeout(self: Box<Self>, timeout: Duration) -> Option<Box<dyn Ticket>>;
    fn poll(self: Box<Self>, waker: &Waker) -> Option<Box<dyn Ticket>>;
    fn on_complete(self: Box<Self>, rude: bool) -> Token;
    fn number(&self) -> u32;
    fn is_finished(&self) -> bool;
}

/// The usual ticket.
pub struct Held<const M: usize> {
    pub number: u32,
    pub handle: JobHandle<Receipt<M>>,
}

/// What is left of a ticket that became a callback.
pub struct Token {
    number: u32,
    token: CancelToken,
}

type Tried<const M: usize> = Result<Result<Receipt<M>, JobError>, JobHandle<Receipt<M>>>;

impl<const M: usize> Held<M> {
    fn settle(number: u32, result: Tried<M>) -> Option<Box<dyn Ticket>> {
        match result {
            Ok(result) => {
                book().settle(number, result);
                None
            }
            Err(handle) => Some(Box::new(Self { number, handle })),
        }
    }
}

impl<const M: usize> Ticket for Held<M> {
    fn cancel(&self) {
        if self.handle.cancel() {
            book().won(self.number);
        }
    }

    fn join(self: Box<Self>) {
        book().settle(self.number, self.handle.join());
    }

    fn try_join(self: Box<Self>) -> Option<Box<dyn Ticket>> {
        Self::settle(self.number, self.handle.try_join())
    }

    fn join_timeout(self: Box<Self>, timeout: Duration) -> Option<Box<dyn Ticket>> {
        Self::settle(self.number, self.handle.join_timeout(timeout))
    }

    fn poll(mut self: Box<Self>, waker: &Waker) -> Option<Box<dyn Ticket>> {
        match std::pin::Pin::new(&mut self.handle).poll(&mut Context::from_waker(waker)) {
            Poll::Ready(result) => {
                book().settle(self.number, result);
                None
            }
            Poll::Pending => Some(self),
        }
    }

    fn on_complete(self: Box<Self>, rude: bool) -> Token {
        let number = self.number;
        book().entry(number).traits.fetch_or(CALLS_BACK, Relaxed);
        let guest = Guest::new();
        let callback = move |result| {
            let _guest = guest;
            book().settle(number, result);
            book().entry(number).callbacks.fetch_add(1, Relaxed);
            if rude {
                book().mishap();
            }
        };
        Token { number, token: self.handle.on_complete(callback) }
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

impl Token {
    fn cancel(&self) {
        if self.token.clone().cancel() {
            book().won(self.number);
        }
    }
}

/// A waker that unparks a thread, and is counted.
struct Alarm(Thread, Guest);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn alarm() -> Waker {
    Waker::from(Arc::new(Alarm(std::thread::current(), Guest::new())))
}

/// Where threads leave handles for each other.
#[derive(Default)]
pub struct Exchange {
    tickets: Mutex<Vec<Box<dyn Ticket>>>,
    tokens: Mutex<Vec<Token>>,
}

/// The one exchange.
pub fn exchange() -> &'static Exchange {
    static EXCHANGE: LazyLock<Exchange> = LazyLock::new(Exchange::default);
    &EXCHANGE
}

fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Exchange {
    pub fn leave(&self, ticket: Box<dyn Ticket>) {
        lock(&self.tickets).push(ticket);
    }

    /// Takes any one, if it is of a job older than `number`.
    pub fn take_older(&self, random: &mut Random, number: u32) -> Option<Box<dyn Ticket>> {
        let mut tickets = lock(&self.tickets);
        let chosen = random.below(tickets.len().max(1) as u64) as usize;
        let suits = tickets.get(chosen).is_some_and(|ticket| ticket.number() < number);
        suits.then(|| tickets.swap_remove(chosen))
    }

    /// Takes any one.
    pub fn take(&self, random: &mut Random) -> Option<Box<dyn Ticket>> {
        self.take_older(random, u32::MAX)
    }

    fn cancel_by_token(&self, random: &mut Random) {
        let token = {
            let mut tokens = lock(&self.tokens);
            let chosen = random.below(tokens.len().max(1) as u64) as usize;
            if tokens.is_empty() { None } else { Some(tokens.swap_remove(chosen)) }
        };
        token.iter().for_each(Token::cancel);
    }

    /// Settles what is left. The pool is gone: nothing here may block.
    pub fn clear(&self) {
        let tickets = std::mem::take(&mut *lock(&self.tickets));
        for ticket in tickets {
            if !ticket.is_finished() {
                book().fault("a job has not ended although its pool has".into());
                std::mem::forget(ticket);
                continue;
            }
            ticket.cancel();
            if ticket.try_join().is_some() {
                book().fault("an ended job gave no result".into());
            }
        }
        lock(&self.tokens).drain(..).for_each(|token| token.cancel());
    }
}

/// Does something with a handle.
pub fn treat(ticket: Box<dyn Ticket>, random: &mut Random) {
    match random.below(16) {
        0 => ticket.join(),
        1 => finish_slowly(ticket),
        2 => {
            let limit = Duration::from_micros(random.below(200));
            ticket.join_timeout(limit).into_iter().for_each(|ticket| exchange().leave(ticket));
        }
        3 => ticket.cancel(),
        4 => {
            ticket.cancel();
            ticket.join();
        }
        5 => {
            ticket.cancel();
            exchange().leave(ticket);
        }
        6 | 7 => {
            let token = ticket.on_complete(random.one_in(8));
            if random.one_in(2) {
                token.cancel();
            }
            lock(&exchange().tokens).push(token);
        }
        // Polled, perhaps by two tasks, then dropped or passed on.
        8 => drop(ticket.poll(&alarm()).and_then(|ticket| ticket.poll(&alarm()))),
        9 => ticket.poll(&alarm()).into_iter().for_each(|ticket| exchange().leave(ticket)),
        10 => block_on(ticket),
        11 => drop(ticket),
        _ => exchange().leave(ticket),
    }
    if random.one_in(4) {
        exchange().cancel_by_token(random);
    }
}

/// Tries a few times, as a thread does that workers may be waiting for.
fn finish_slowly(ticket: Box<dyn Ticket>) {
    let mut unfinished = ticket.try_join();
    for _ in 0..8 {
        std::thread::yield_now();
        unfinished = unfinished.and_then(|ticket| ticket.try_join());
    }
    unfinished.into_iter().for_each(|ticket| exchange().leave(ticket));
}

/// Polls until the job has ended; inside a job only a few times, for nobody else might run it.
fn block_on(ticket: Box<dyn Ticket>) {
    let inside = filch::current_worker_index().is_some();
    let waker = alarm();
    let mut pending = ticket.poll(&waker);
    for turn in 0_u64.. {
        let Some(ticket) = pending else { return };
        if inside && turn > 3 {
            return exchange().leave(ticket);
        }
        if inside {
            std::thread::yield_now()
        } else {
            std::thread::park()
        }
        pending = ticket.poll(&waker);
    }
}
