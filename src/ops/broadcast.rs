//! Running a closure once on every worker.

use std::panic::resume_unwind;
use std::sync::Arc;

use crate::job::{Owner, StackJob, StackOutcome};
use crate::park;
use crate::registry::Registry;
use crate::util::contain::{Payload, contain, contain_drop};
use crate::worker::Worker;

/// Runs `f` on every worker and returns the results by index. What workers have left undone at the pool's end is done by the calling thread.
pub fn broadcast<R, F>(registry: &Arc<Registry>, f: F) -> Vec<R>
where
    R: Send,
    F: Fn(usize) -> R + Sync,
{
    registry.id().assert_not_inherited();
    let results = Worker::with_current(|worker| on_all(registry, worker, &f));
    let (values, payloads): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let mut payloads = payloads.into_iter().filter_map(Result::err);
    match payloads.next() {
        None => values.into_iter().filter_map(Result::ok).collect(),
        Some(first) => {
            // Before the unwinding, in which a second panic would abort.
            payloads.for_each(|payload| registry.report(payload));
            values.into_iter().for_each(|value| contain_drop(value).unwrap_or_else(|payload| registry.report(payload)));
            resume_unwind(first)
        }
    }
}

fn on_all<R, F>(registry: &Registry, worker: Option<&Worker>, f: &F) -> Vec<Result<R, Payload>>
where
    R: Send,
    F: Fn(usize) -> R + Sync,
{
    let own = worker.filter(|worker| std::ptr::eq(&**worker.registry(), registry)).map(Worker::index);
    park::with_current(|parker| {
        let job = |index| StackJob::new(move || f(index), |f| f(), parker.unparker());
        let jobs: Vec<_> = (0..registry.main_workers().len()).map(job).collect();
        let mut posted = Vec::new();
        for (slot, (index, job)) in registry.main_workers().iter().zip(jobs.iter().enumerate()) {
            // SAFETY: `jobs` stays in this frame, unmoved, until all that were posted have ended, below; `f` is Sync and `R` is Send.
            if own != Some(index) && slot.mail.post(unsafe { job.as_job() }).is_ok() {
                posted.push(job);
            }
        }
        registry.tell_of_mail();
        let mut own_result = own.map(|index| contain(|| f(index)));
        let all_ended = || posted.iter().all(|job| job.has_ended());
        match worker {
            // Another broadcast may wait for us, also one of the other pool's workers to ours.
            Some(worker) => worker.read_mail_until(parker, all_ended),
            None => super::install::wait(parker, all_ended),
        }
        let outcome = |(index, job): (usize, StackJob<'_, _, R, _>)| match job.into_outcome() {
            StackOutcome::Ran(result) => result,
            StackOutcome::Unrun(f) if own == Some(index) => own_result.take().unwrap_or_else(|| contain(f)),
            StackOutcome::Unrun(f) => contain(f),
        };
        jobs.into_iter().enumerate().map(outcome).collect()
    })
}
