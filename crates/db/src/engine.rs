//! What both engines run: jobs that carry a closure in and its answer out.

use crate::tx::{Engine, Tx};
use base::Fault;
use base::fault::FaultKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// How a job ended, before the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Commit what it did.
    Keep,
    /// Undo what it did; its answer is an error of its own.
    Undo,
    /// Undo and run it once more.
    Again,
}

/// A unit of work for an engine's thread.
pub(crate) trait Job: Send {
    /// Runs the closure. With `again_ok` a fault that another try may cure asks for that try.
    fn run(&mut self, engine: Engine<'_>, again_ok: bool) -> Verdict;
    /// True when the closure may run a second time.
    fn is_repeatable(&self) -> bool;
    /// Sends the answer, or the fault that kept it from being committed.
    fn answer(self: Box<Self>, not_committed: Option<Fault>);
}

/// The closure of a job: run once, or as often as needed.
pub(crate) enum Work<F, G> {
    Once(Option<F>),
    Often(G),
}

pub(crate) struct Task<F, G, T, E> {
    work: Work<F, G>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, G, T, E> Task<F, G, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    G: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Fault> + Send + 'static,
{
    pub(crate) fn boxed(work: Work<F, G>) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Task { work, result: None, reply }), answer)
    }
}

impl<F, G, T, E> Job for Task<F, G, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
    G: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Fault> + Send,
{
    fn run(&mut self, engine: Engine<'_>, again_ok: bool) -> Verdict {
        let mut tx = Tx { engine, failed: None };
        // A panic inside one closure must not take the others of its group down.
        let outcome = catch_unwind(AssertUnwindSafe(|| match &mut self.work {
            Work::Once(work) => match work.take() {
                Some(work) => work(&mut tx),
                None => Err(Fault::new("transaction run: run twice").into()),
            },
            Work::Often(work) => work(&mut tx),
        }));
        let result = outcome.unwrap_or_else(|_| Err(Fault::new("transaction run: the closure panicked").into()));
        let is_repeatable = matches!(self.work, Work::Often(_));
        let verdict = match (&result, tx.failed) {
            (_, Some(FaultKind::Clash | FaultKind::Again | FaultKind::Unavailable)) if is_repeatable && again_ok => {
                Verdict::Again
            }
            (Ok(_), None) => Verdict::Keep,
            _ => Verdict::Undo,
        };
        self.result = Some(match (result, tx.failed) {
            (Ok(_), Some(kind)) => Err(Fault::of(kind, "transaction run: went on after a failed statement").into()),
            (result, _) => result,
        });
        verdict
    }

    fn is_repeatable(&self) -> bool {
        matches!(self.work, Work::Often(_))
    }

    fn answer(self: Box<Self>, not_committed: Option<Fault>) {
        let Task { work, result, reply } = *self;
        // What the closure holds may be the last hold on the store; it must not outlive the answer on this thread.
        drop(work);
        let answer = match (not_committed, result) {
            (Some(fault), _) => Err(fault.into()),
            (None, Some(result)) => result,
            (None, None) => Err(Fault::new("transaction answer: never run").into()),
        };
        // The asker may be gone (its connection closed); what was committed stays committed.
        let _ = reply.send(answer);
    }
}

/// True for faults that another try may cure.
pub(crate) fn is_passing(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Clash | FaultKind::Again | FaultKind::Unavailable)
}
