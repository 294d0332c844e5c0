//! What comes out of a set of jobs: each member's outcome once, in the order in which they ended.

use std::collections::VecDeque;

use crate::board::{Account, Outcome};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In no queue: the set is full.
    Waiting,
    /// Due at that time, in nanoseconds.
    Delayed(u64),
    Queued,
    Running,
    Ended,
}

/// How far a producer has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Producer {
    pub items: usize,
    pub panics: bool,
    pub has_begun: bool,
    /// It has an item in its hands.
    pub has_item: bool,
    /// There is room for that item.
    pub has_room: bool,
}

/// A job.
#[derive(Debug)]
pub struct Member {
    pub state: State,
    pub producer: Option<Producer>,
    /// It is a job of the pool alone.
    pub is_stranger: bool,
    /// It has been cancelled while it ran.
    pub is_asked: bool,
}

/// The jobs by number, and what is in the set.
pub struct Members {
    pub jobs: Vec<Member>,
    /// What should have become of each.
    pub accounts: Vec<Account>,
    capacity: Option<usize>,
    /// Members that count against the capacity.
    used: usize,
    /// Those that wait for room, oldest first.
    pub waiting: VecDeque<usize>,
    /// What has come out and has not been taken. Those of a group have ended in an unknown order.
    outbox: VecDeque<Vec<(usize, Outcome)>>,
    /// What is to come out or may, and producers.
    pub outstanding: usize,
    pub is_dropped: bool,
    /// What the panic handler has been given: results that nobody asks for.
    pub handled: Vec<String>,
    pub panics: u64,
    pub cancelled: u64,
    pub has_run: u64,
}

impl Members {
    pub fn new(capacity: Option<usize>) -> Self {
        Self {
            jobs: Vec::new(),
            accounts: Vec::new(),
            capacity,
            used: 0,
            waiting: VecDeque::new(),
            outbox: VecDeque::new(),
            outstanding: 0,
            is_dropped: false,
            handled: Vec::new(),
            panics: 0,
            cancelled: 0,
            has_run: 0,
        }
    }

    pub fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.used >= capacity)
    }

    /// Adds a job, with the room that it takes.
    pub fn add(&mut self, member: Member) -> usize {
        let takes_room = !member.is_stranger && member.producer.is_none() && member.state != State::Waiting;
        self.used += usize::from(takes_room);
        self.outstanding += usize::from(!member.is_stranger);
        let id = self.jobs.len();
        if member.state == State::Waiting {
            self.waiting.push_back(id);
        }
        self.jobs.push(member);
        self.accounts.push(Account::default());
        id
    }

    pub fn ids(&self, which: impl Fn(&Member) -> bool) -> Vec<usize> {
        (0..self.jobs.len()).filter(|id| which(&self.jobs[*id])).collect()
    }

    pub fn start(&mut self, id: usize) {
        self.jobs[id].state = State::Running;
        self.accounts[id].started += 1;
    }

    /// What waits is let in, room or not.
    pub fn let_in(&mut self, id: usize) {
        self.waiting.retain(|waiting| *waiting != id);
        self.used += 1;
        self.has_room(id);
    }

    fn has_room(&mut self, id: usize) {
        self.jobs[id].state = State::Queued;
        if let Some(producer) = &mut self.jobs[id].producer {
            producer.has_room = true;
        }
    }

    /// The job has ended.
    pub fn end(&mut self, id: usize, outcome: Outcome) {
        let member = &mut self.jobs[id];
        assert_ne!(member.state, State::Ended, "job {id} ends twice");
        member.state = State::Ended;
        let account = &mut self.accounts[id];
        account.captures_gone += 1;
        if let Outcome::Done(_) = outcome {
            account.prizes_made += 1;
        }
        self.panics += u64::from(matches!(outcome, Outcome::Panicked(_)));
        if member.is_stranger {
            return self.discard(id, outcome);
        }
        if let Some(producer) = &mut member.producer {
            if producer.has_item {
                account.prizes_gone += 1;
            }
            let has_room = std::mem::take(&mut producer.has_room);
            self.used += usize::from(!has_room);
        }
        self.come_out(id, outcome);
    }

    /// All of these end, nobody knows in which order.
    pub fn end_group(&mut self, ids: &[usize], outcome: &Outcome) {
        let before = self.outbox.len();
        ids.iter().for_each(|id| self.end(*id, outcome.clone()));
        let group: Vec<_> = self.outbox.drain(before..).flatten().collect();
        self.outbox.extend((!group.is_empty()).then_some(group));
    }

    /// The producer's iterator has come to its end.
    pub fn finish_producer(&mut self, id: usize) {
        self.jobs[id].state = State::Ended;
        self.accounts[id].captures_gone += 1;
        self.outstanding -= 1;
    }

    /// The producer makes an item; does it find room?
    pub fn make_item(&mut self, id: usize) -> bool {
        self.accounts[id].prizes_made += 1;
        let has_room = !self.is_full();
        self.used += usize::from(has_room);
        let producer = self.jobs[id].producer.as_mut().expect("a producer");
        producer.items -= 1;
        (producer.has_item, producer.has_room) = (true, has_room);
        has_room
    }

    /// The item in the producer's hands, for which there is room, comes out.
    pub fn deliver_item(&mut self, id: usize) {
        let producer = self.jobs[id].producer.as_mut().expect("a producer");
        (producer.has_item, producer.has_room) = (false, false);
        self.outstanding += 1;
        self.come_out(id, Outcome::Done(id));
    }

    fn come_out(&mut self, id: usize, outcome: Outcome) {
        if self.is_dropped {
            self.discard(id, outcome);
        } else {
            self.outbox.push_back(vec![(id, outcome)]);
        }
    }

    fn discard(&mut self, id: usize, outcome: Outcome) {
        match outcome {
            Outcome::Done(_) => self.accounts[id].prizes_gone += 1,
            Outcome::Panicked(message) => self.handled.push(message),
            _ => {}
        }
    }

    pub fn has_some(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// What was taken is what had to come, and who waited for room longest has it now.
    pub fn take(&mut self, taken: Option<(usize, Outcome)>) -> Option<usize> {
        let Some(group) = self.outbox.front_mut() else {
            assert_eq!(taken, None);
            return None;
        };
        let (id, outcome) = taken.unwrap_or_else(|| panic!("nothing came, rather than {group:?}"));
        let place = group.iter().position(|one| *one == (id, outcome.clone()));
        let place = place.unwrap_or_else(|| panic!("{outcome:?} of {id} came, rather than {group:?}"));
        group.swap_remove(place);
        if group.is_empty() {
            self.outbox.pop_front();
        }
        self.outstanding -= 1;
        if let Outcome::Done(_) = outcome {
            self.accounts[id].prizes_gone += 1;
        }
        let next = self.waiting.pop_front();
        match next {
            Some(next) => self.has_room(next),
            None => self.used -= 1,
        }
        next
    }

    /// The set is dropped, after all of its jobs have been cancelled.
    pub fn close(&mut self) {
        self.is_dropped = true;
        for (id, outcome) in std::mem::take(&mut self.outbox).into_iter().flatten() {
            self.discard(id, outcome);
        }
    }
}
