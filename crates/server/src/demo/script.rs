//! How far each referral of the demonstration has come, and by which steps.

use store::Dice;

/// One step of a referral's story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A visit at the post, and the referral written.
    Draft,
    Discard,
    Send,
    Receive,
    Accept,
    /// Accepted, to be given a priority later.
    AcceptUnranked,
    Return,
    Redirect,
    Reject,
    Advise,
    Propose,
    Book,
    Miss,
    Relist,
    CancelByProvider,
    Suspend,
    Attend,
    KeepInControl,
    Admit,
    CounterRefer,
    Acknowledge,
    /// The post can do nothing of what the answer asks: its objections wait for who wrote it.
    Object,
    FinishPlan,
    ProposeExit,
    Refuse,
    Transfer,
    SeekBed,
    AcceptTransfer,
    Depart,
    Arrive,
}

use Step::*;

/// A kind of story: its steps, how many there are of it, and how long ago the last step was (days,
/// at most). Of every plot there are at least [`LEAST`], and every state ends one.
pub struct Plot {
    pub steps: &'static [Step],
    pub count: usize,
    pub last_days: i64,
    /// Whether another institution attends.
    pub across: bool,
}

const fn plot(steps: &'static [Step], count: usize, last_days: i64) -> Plot {
    Plot { steps, count, last_days, across: false }
}

/// To the other institution, under the agreement.
const fn across(steps: &'static [Step], count: usize, last_days: i64) -> Plot {
    Plot { across: true, ..plot(steps, count, last_days) }
}

/// The fewest stories of a plot, however small the demonstration.
pub const LEAST: usize = 5;

/// Every kind of story.
pub const PLOTS: &[Plot] = &[
    plot(&[Draft], 6, 2),
    plot(&[Draft, Discard], 5, 20),
    plot(&[Draft, Send], 10, 2),
    plot(&[Draft, Send, Receive], 12, 4),
    plot(&[Draft, Send, Receive, Return], 8, 6),
    plot(&[Draft, Send, Receive, Redirect], 6, 4),
    plot(&[Draft, Send, Receive, Advise], 8, 20),
    plot(&[Draft, Send, Receive, Reject], 6, 30),
    plot(&[Draft, Send, Receive, AcceptUnranked], 6, 4),
    plot(&[Draft, Send, Receive, Accept], 38, 40),
    plot(&[Draft, Send, Receive, Accept, Propose], 7, 4),
    plot(&[Draft, Send, Receive, Accept, Book], 34, 8),
    plot(&[Draft, Send, Receive, Accept, Book, CancelByProvider], 5, 8),
    plot(&[Draft, Send, Receive, Accept, Book, Miss], 9, 8),
    plot(&[Draft, Send, Receive, Accept, Book, Miss, Relist], 5, 10),
    plot(&[Draft, Send, Receive, Accept, Suspend], 6, 15),
    plot(&[Draft, Send, Receive, Accept, Book, Attend], 8, 4),
    plot(&[Draft, Send, Receive, Accept, Book, Attend, KeepInControl], 6, 15),
    plot(&[Draft, Send, Receive, Accept, Book, Attend, Admit], 5, 6),
    plot(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer], 16, 8),
    plot(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer, Object], 5, 6),
    plot(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer, Acknowledge], 16, 15),
    plot(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer, Acknowledge, FinishPlan], 90, 40),
    plot(&[Draft, Send, Receive, Accept, ProposeExit], 5, 10),
    plot(&[Draft, Send, Receive, Accept, Refuse], 6, 30),
    plot(&[Draft, Transfer], 5, 0),
    plot(&[Draft, Transfer, SeekBed], 5, 0),
    plot(&[Draft, Transfer, SeekBed, AcceptTransfer], 5, 0),
    plot(&[Draft, Transfer, SeekBed, AcceptTransfer, Depart], 5, 0),
    plot(&[Draft, Transfer, SeekBed, AcceptTransfer, Depart, Arrive], 5, 0),
    plot(&[Draft, Transfer, SeekBed, AcceptTransfer, Depart, Arrive, Attend, CounterRefer], 6, 10),
    across(&[Draft, Send], 5, 2),
    across(&[Draft, Send, Receive], 5, 4),
    across(&[Draft, Send, Receive, Return], 5, 6),
    across(&[Draft, Send, Receive, Accept], 5, 20),
    across(&[Draft, Send, Receive, Accept, Book], 5, 8),
    across(&[Draft, Send, Receive, Accept, Book, Attend], 5, 4),
    across(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer], 5, 8),
    across(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer, Acknowledge], 5, 15),
    across(&[Draft, Send, Receive, Accept, Book, Attend, CounterRefer, Acknowledge, FinishPlan], 6, 40),
];

impl Step {
    /// How long before this step, in minutes: from so many to so many.
    pub fn pause_min(self, dice: &mut Dice) -> i64 {
        const HOUR: i64 = 60;
        const DAY: i64 = 24 * HOUR;
        let (low, high) = match self {
            Draft => (0, 0),
            Send | Discard => (3, 25),
            Receive | SeekBed => (15, 20 * HOUR / 4),
            Transfer => (2, 5),
            AcceptTransfer => (10, 60),
            Depart => (10, 50),
            Arrive => (40, 3 * HOUR),
            Return | Redirect | Reject | Advise | Accept | AcceptUnranked => (10, 3 * DAY),
            Book | Propose => (HOUR, 4 * DAY),
            Miss | Attend => (5 * DAY, 18 * DAY),
            Relist | CancelByProvider | Suspend => (DAY, 4 * DAY),
            KeepInControl | Admit => (20, 50),
            CounterRefer => (30, 2 * DAY),
            Acknowledge | Object => (6 * HOUR, 5 * DAY),
            FinishPlan => (4 * DAY, 16 * DAY),
            ProposeExit | Refuse => (8 * DAY, 20 * DAY),
        };
        dice.between(low, high)
    }

    /// Whether people do this in working hours.
    pub fn in_working_hours(self) -> bool {
        !matches!(self, Transfer | SeekBed | AcceptTransfer | Depart | Arrive)
    }
}
