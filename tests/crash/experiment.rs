//! An experiment: a server under load is stopped and restarted on the same folder, many times. Then
//! every secret is read, and the whole record is checked.

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
use crate::fault_injection::FaultInjector;
use crate::figures::Figures;
use crate::history::Outcome;
use crate::model::RULES;
use crate::process::Service;
use crate::workload::{Client, Recorder, Wire};

/// Maximum number of promises before a server is stopped: normally, and for an early stop.
const MOST_PROMISES: [usize; 2] = [250, 12];
/// One server in this many is stopped early, perhaps before its first answer.
const EARLY: usize = 5;
/// One power cut in this many is skipped: the next server finds the unsynced writes and only reads the
/// state of the doubtful secrets. Then the power is cut.
const SPARED: usize = 4;
/// One server in this many gets a secret with a passphrase.
const PROTECTED: usize = 5;
/// Maximum delay of the stop after that, in microseconds. Half of the servers stop without delay, which
/// finds promises that are made too early.
const LONGEST_PAUSE: u64 = 3_000;
/// Time limit for a server under load: only one that hangs exceeds it.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a reveal can be repeated: the maximum of the setting. No experiment may take longer.
const REPEATS_KEPT: Duration = Duration::from_hours(1);

/// The parameters of an experiment.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) cycles: usize,
    pub(crate) clients: usize,
    pub(crate) seed: u64,
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Kill,
    /// It is killed, and its unsynced writes are lost or torn.
    PowerCut,
    /// It is killed, and everything written since the end of the first server is lost, synced or not.
    PowerCutWithoutSyncs,
    /// It gets SIGTERM and has to shut down cleanly.
    Stop,
}

impl End {
    const fn plural(self) -> &'static str {
        if matches!(self, Self::Stop) { "stops" } else { "kills" }
    }
}

/// The result of an experiment.
pub(crate) struct Report {
    pub(crate) figures: Figures,
    /// Histories that no order explains, and answers that are never allowed.
    pub(crate) violations: Vec<String>,
}

pub(crate) struct Experiment {
    plan: Plan,
    end: End,
    rng: Rng,
    injector: Option<FaultInjector>,
    /// Whether the last power cut was skipped.
    is_spared: bool,
    recorder: RefCell<Recorder>,
}

impl Experiment {
    pub(crate) fn new(plan: Plan, end: End) -> Self {
        let has_injector = matches!(end, End::PowerCut | End::PowerCutWithoutSyncs);
        let injector = has_injector.then(FaultInjector::new);
        let recorder = RefCell::new(Recorder::new(end == End::Stop));
        Self { plan, end, rng: Rng::with_seed(plan.seed), injector, is_spared: false, recorder }
    }

    /// Runs all cycles and the final reads.
    pub(crate) async fn run(mut self) -> Result<Report, String> {
        let started = Instant::now();
        let mut folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        for _ in 0..self.plan.cycles {
            folder = self.cycle(folder).await?;
            self.cut_power();
        }
        self.read_all(self.start(folder)).await.stop();
        if started.elapsed() > REPEATS_KEPT {
            return Err("the run outlasted the time for repeats: try fewer cycles".to_owned());
        }
        Ok(self.check())
    }

    /// Runs a server until its end.
    async fn cycle(&mut self, folder: TempDir) -> Result<TempDir, String> {
        let mut rng = self.rng.fork();
        let mut service = self.start(folder);
        if self.is_spared {
            self.read_state(&wire(&service), &mut rng).await;
            service.kill();
        } else {
            self.load(&mut service, &mut rng).await?;
        }
        let (status, log, folder) = service.wait();
        self.recorder.borrow_mut().server_has_ended();
        if self.end == End::Stop && !status.success() {
            return Err(format!("asked to stop, the server ended with {status}\n{log}"));
        }
        Ok(folder)
    }

    /// Reads the state of the doubtful secrets.
    async fn read_state(&self, wire: &Wire, rng: &mut Rng) {
        let may_create = rng.bool();
        let client = Client { rng: rng.fork(), wire, recorder: &self.recorder };
        let in_doubt = self.recorder.borrow().in_doubt();
        for number in in_doubt {
            client.read_state(number, may_create).await;
        }
    }

    /// Puts a server under load until it ends.
    async fn load(&self, service: &mut Service, rng: &mut Rng) -> Result<(), String> {
        let wire = wire(service);
        let client = |rng| Client { rng, wire: &wire, recorder: &self.recorder };
        if rng.usize(..PROTECTED) == 0 {
            client(rng.fork()).protect().await;
        }
        let clients: Vec<_> = (0..self.plan.clients).map(|_| client(rng.fork()).run()).collect();
        let load = join(join_all(clients), self.end(service, rng));
        let load = timeout(PATIENCE, load).await;
        load.map(drop).map_err(|_elapsed| "the load does not finish".to_owned())
    }

    /// Ends a server at a random instant.
    async fn end(&self, service: &mut Service, rng: &mut Rng) {
        let most = MOST_PROMISES[usize::from(rng.usize(..EARLY) == 0)];
        let is_time = self.recorder.borrow_mut().time_of(rng.usize(..most));
        is_time.notified().await;
        if rng.bool() {
            run_for(Duration::from_micros(rng.u64(..=LONGEST_PAUSE))).await;
        }
        self.recorder.borrow_mut().is_ending = true;
        match self.end {
            End::Stop => service.signal("TERM"),
            _ => service.kill(),
        }
    }

    /// Undoes all, none or some of the unsynced writes.
    fn cut_power(&mut self) {
        let Some(injector) = &self.injector else { return };
        if self.end == End::PowerCutWithoutSyncs {
            injector.cut_power(|| false);
            injector.ignore_syncs();
            return;
        }
        self.is_spared = !self.is_spared && self.rng.usize(..SPARED) == 0;
        if !self.is_spared {
            let kept_percent = [0, 50, 100][self.rng.usize(..3)];
            injector.cut_power(|| self.rng.u8(..100) < kept_percent);
        }
    }

    fn start(&self, folder: TempDir) -> Service {
        Service::start(folder, |command| match &self.injector {
            Some(injector) => injector.under(settings(command)),
            None => settings(command),
        })
    }

    /// Reads every secret for the last time.
    async fn read_all(&self, service: Service) -> Service {
        let wire = wire(&service);
        let client = Client { rng: self.rng.clone(), wire: &wire, recorder: &self.recorder };
        let secrets = 0..self.recorder.borrow().secrets.len();
        let reads = stream::iter(secrets).map(|number| client.read_finally(number));
        reads.buffer_unordered(self.plan.clients).collect::<()>().await;
        service
    }

    /// Checks the record of every secret.
    fn check(self) -> Report {
        let Recorder { secrets, mut violations, .. } = self.recorder.into_inner();
        let (ends, called) = (self.plan.cycles, self.end.plural());
        let mut figures = Figures { ends, called, ..Figures::default() };
        for secret in secrets {
            let mut history = secret.history;
            if self.end == End::Stop {
                // A clean stop does not run the requests that it left unanswered.
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

/// Lets the clients run for `time`. A timer would be too coarse.
async fn run_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        yield_now().await;
    }
}
