//! An experiment: a server under load is ended and started again on the same folder, many times; then
//! every secret is looked at, and all that was recorded is checked.

use std::cell::RefCell;
use std::process::Command;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::{join, join_all};
use futures_util::{StreamExt as _, stream};
use tempfile::TempDir;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::checker::is_explained;
use crate::figures::Figures;
use crate::history::Outcome;
use crate::layer::Layer;
use crate::model::RULES;
use crate::process::Service;
use crate::workload::{Book, Client, Wire};

/// The most promises after which a server is ended; mostly, and when it is to end early.
const MOST_PROMISES: [usize; 2] = [250, 12];
/// One server of so many is ended early, perhaps before its first answer.
const EARLY: usize = 5;
/// One cut of the power of so many is left out: the next server then finds what was not synced, and is
/// only asked what is known of the secrets in doubt, before the power is cut after all.
const SPARED: usize = 4;
/// One server of so many is given a secret that has a passphrase.
const PROTECTED: usize = 5;
/// The longest that it then still runs, in microseconds; half of them end at the very instant, which
/// finds promises that are made too early.
const LONGEST_PAUSE: u64 = 3_000;
/// How long a server may be under load; only one that hangs is so long.
const PATIENCE: Duration = Duration::from_mins(2);
/// For how long servers keep a secret for a repeat: the longest that can be set. No experiment may
/// take longer.
const REPEATS_KEPT: Duration = Duration::from_hours(1);

/// How an experiment is made.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) cycles: usize,
    pub(crate) clients: usize,
    pub(crate) seed: u64,
}

/// How a server comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Kill,
    /// It is killed, and what it has not synced is lost, or torn.
    PowerCut,
    /// It is killed, and all is lost that it has written since the end of the first one, synced or not.
    PowerCutOfALyingDisk,
    /// It is asked to, and has to do it in good order.
    Stop,
}

impl End {
    const fn plural(self) -> &'static str {
        if matches!(self, Self::Stop) { "stops" } else { "kills" }
    }
}

/// What came of an experiment.
pub(crate) struct Report {
    pub(crate) figures: Figures,
    /// What no order of the requests explains, and answers that there may never be.
    pub(crate) violations: Vec<String>,
}

pub(crate) struct Experiment {
    plan: Plan,
    end: End,
    rng: Rng,
    layer: Option<Layer>,
    /// Whether the last cut of the power was left out.
    is_spared: bool,
    book: RefCell<Book>,
}

impl Experiment {
    pub(crate) fn new(plan: Plan, end: End) -> Self {
        let has_layer = matches!(end, End::PowerCut | End::PowerCutOfALyingDisk);
        let layer = has_layer.then(Layer::new);
        let book = RefCell::new(Book::new(end == End::Stop));
        Self { plan, end, rng: Rng::with_seed(plan.seed), layer, is_spared: false, book }
    }

    /// Goes through all cycles and the look at the end.
    pub(crate) async fn run(mut self) -> Result<Report, String> {
        let started = Instant::now();
        let mut folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        for _ in 0..self.plan.cycles {
            folder = self.cycle(folder).await?;
            self.cut_power();
        }
        self.look(self.start(folder)).await.stop();
        if started.elapsed() > REPEATS_KEPT {
            return Err("it took so long that repeats have ended: try fewer cycles".to_owned());
        }
        Ok(self.check())
    }

    /// Has a server run, and come to its end.
    async fn cycle(&mut self, folder: TempDir) -> Result<TempDir, String> {
        let mut rng = self.rng.fork();
        let mut service = self.start(folder);
        if self.is_spared {
            self.glance(&wire(&service), &mut rng).await;
            service.kill();
        } else {
            self.load(&mut service, &mut rng).await?;
        }
        let (status, log, folder) = service.wait();
        self.book.borrow_mut().server_has_ended();
        if self.end == End::Stop && !status.success() {
            return Err(format!("asked to stop, the server ended with {status}\n{log}"));
        }
        Ok(folder)
    }

    /// Asks what is known of the secrets in doubt.
    async fn glance(&self, wire: &Wire, rng: &mut Rng) {
        let may_create = rng.bool();
        let client = Client { rng: rng.fork(), wire, book: &self.book };
        let in_doubt = self.book.borrow().in_doubt();
        for number in in_doubt {
            client.glance(number, may_create).await;
        }
    }

    /// Puts a server under load until it ends.
    async fn load(&self, service: &mut Service, rng: &mut Rng) -> Result<(), String> {
        let wire = wire(service);
        let client = |rng| Client { rng, wire: &wire, book: &self.book };
        if rng.usize(..PROTECTED) == 0 {
            client(rng.fork()).protect().await;
        }
        let clients: Vec<_> = (0..self.plan.clients).map(|_| client(rng.fork()).run()).collect();
        let load = join(join_all(clients), self.end(service, rng));
        let load = timeout(PATIENCE, load).await;
        load.map(drop).map_err(|_elapsed| "the load does not come to an end".to_owned())
    }

    /// Ends a server at a random instant.
    async fn end(&self, service: &mut Service, rng: &mut Rng) {
        let most = MOST_PROMISES[usize::from(rng.usize(..EARLY) == 0)];
        let is_time = self.book.borrow_mut().time_of(rng.usize(..most));
        is_time.notified().await;
        if rng.bool() {
            run_for(Duration::from_micros(rng.u64(..=LONGEST_PAUSE))).await;
        }
        self.book.borrow_mut().is_ending = true;
        match self.end {
            End::Stop => service.signal("TERM"),
            _ => service.kill(),
        }
    }

    /// Has what was not synced be lost: all of it, nothing of it, or some.
    fn cut_power(&mut self) {
        let Some(layer) = &self.layer else { return };
        if self.end == End::PowerCutOfALyingDisk {
            layer.cut_power(|| false);
            layer.ignore_syncs();
            return;
        }
        self.is_spared = !self.is_spared && self.rng.usize(..SPARED) == 0;
        if !self.is_spared {
            let kept_percent = [0, 50, 100][self.rng.usize(..3)];
            layer.cut_power(|| self.rng.u8(..100) < kept_percent);
        }
    }

    fn start(&self, folder: TempDir) -> Service {
        Service::start(folder, |command| match &self.layer {
            Some(layer) => layer.under(settings(command)),
            None => settings(command),
        })
    }

    /// Looks at every secret.
    async fn look(&self, service: Service) -> Service {
        let wire = wire(&service);
        let client = Client { rng: self.rng.clone(), wire: &wire, book: &self.book };
        let secrets = 0..self.book.borrow().secrets.len();
        let looks = stream::iter(secrets).map(|number| client.look(number));
        looks.buffer_unordered(self.plan.clients).collect::<()>().await;
        service
    }

    /// Whether all that was recorded can be.
    fn check(self) -> Report {
        let Book { secrets, mut violations, .. } = self.book.into_inner();
        let (ends, called) = (self.plan.cycles, self.end.plural());
        let mut figures = Figures { ends, called, ..Figures::default() };
        for secret in secrets {
            let mut history = secret.history;
            if self.end == End::Stop {
                // What a server that ends in good order leaves without an answer, it has not done.
                history = history.without(Outcome::Uncertain);
            }
            figures.count(&history);
            if !is_explained(&history) {
                let (number, terms) = (secret.number, secret.terms);
                violations.push(format!(
                    "secret {number}, {terms:?}: no order of these explains the answers\n{history}"
                ));
            }
        }
        Report { figures, violations }
    }
}

fn settings(command: &mut Command) -> &mut Command {
    command
        .env("VIEWONCE_SECRETS__REDELIVER_SECONDS", REPEATS_KEPT.as_secs().to_string())
        .env("VIEWONCE_SECRETS__MAX_ATTEMPTS", RULES.attempts.to_string())
        .env("RUST_LOG", "info,viewonce::domain::access_token=off")
}

fn wire(service: &Service) -> Wire {
    Wire { client: service.client.clone(), address: service.address.clone() }
}

/// Lets the clients run for so long. A timer would be too coarse.
async fn run_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        yield_now().await;
    }
}
