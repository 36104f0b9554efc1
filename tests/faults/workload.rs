//! A concurrent workload of creations, views, burns and repeatable reveals, and a check of their
//! outcomes: every answer is true, before and after a crash, and each secret agrees with its receipt.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

use crate::client::{Effect, ask, is_there, post, request, state, view};
use crate::process::Service;

/// Lengths of the contents, in units of 36 bytes: for each length, one operation of each kind.
const SIZES: [usize; 4] = [1, 40, 1, 300];
/// Number of concurrent operations of all kinds; more than one transaction accepts.
const AT_ONCE: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    View,
    Burn,
    Reveal,
}

/// An operation, and its effect as far as its client knows.
#[derive(Debug)]
struct Operation {
    kind: Kind,
    content: String,
    key: String,
    /// The token and the receipt; `None` for a creation that was not acknowledged.
    secret: Option<(String, String)>,
    effect: Effect,
}

pub(crate) struct Workload(Vec<Operation>);

impl Workload {
    /// Stores the secrets to be viewed, burned and revealed.
    pub(crate) async fn prepare(service: &Service) -> Self {
        let kinds = [Kind::Create, Kind::View, Kind::Burn, Kind::Reveal];
        let of_size = |&size: &usize| kinds.map(|kind| Operation::new(kind, size));
        let mut operations: Vec<Operation> = SIZES.iter().flat_map(of_size).collect();
        let prepared = operations.iter_mut().filter(|operation| operation.kind != Kind::Create);
        join_all(prepared.map(|operation| operation.create(service))).await;
        assert!(
            operations
                .iter()
                .all(|operation| operation.secret.is_some() || operation.kind == Kind::Create)
        );
        Self(operations)
    }

    /// Runs all operations.
    pub(crate) async fn attempt(&mut self, service: &Service) {
        for operations in self.0.chunks_mut(AT_ONCE) {
            join_all(operations.iter_mut().map(|operation| operation.attempt(service))).await;
        }
    }

    /// Reads the state of all secrets. It may fail, but never with an unknown outcome.
    pub(crate) async fn read_states(&self, service: &Service) {
        for (token, receipt) in self.0.iter().filter_map(|operation| operation.secret.as_ref()) {
            let status = post(service, "/api/v1/status", &json!({ "token": token }));
            let state = request(service, Method::GET, &format!("/api/v1/receipts/{receipt}"));
            for answer in [ask(status).await, ask(state).await] {
                assert_ne!(answer.effect(), Effect::Unknown, "{answer:?}");
            }
        }
    }

    /// Combines two workloads.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// Whether an operation was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.0.iter().any(|operation| operation.effect != Effect::Done)
    }

    /// Whether all operations have this effect.
    pub(crate) fn is_all(&self, effect: Effect) -> bool {
        self.0.iter().all(|operation| operation.effect == effect)
    }

    /// Checks all effects on a healthy service.
    pub(crate) async fn check(&mut self, service: &Service) {
        join_all(self.0.iter_mut().map(|operation| operation.check(service))).await;
    }

    /// Views every remaining secret once, and compares its content.
    pub(crate) async fn finish(mut self, service: &Service) {
        self.check(service).await;
        join_all(self.0.iter().map(|operation| operation.finish(service))).await;
    }
}

impl Operation {
    fn new(kind: Kind, size: usize) -> Self {
        let [content, key] = [(); 2].map(|()| Uuid::new_v4().to_string());
        Self { kind, content: content.repeat(size), key, secret: None, effect: Effect::NotDone }
    }

    async fn create(&mut self, service: &Service) -> Effect {
        let body = json!({ "content": self.content, "receipt": true });
        let request = post(service, "/api/v1/secrets", &body).header("Idempotency-Key", &self.key);
        let answer = ask(request).await;
        if let Some(token) = answer.text("token") {
            self.secret = Some((token, answer.text("receipt").unwrap()));
        }
        answer.effect()
    }

    async fn attempt(&mut self, service: &Service) {
        self.effect = if self.kind == Kind::Create {
            self.create(service).await
        } else {
            let answer = ask(self.request(service)).await;
            let content = answer.text("content");
            let is_shown = answer.effect() == Effect::Done && self.kind != Kind::Burn;
            assert_eq!(content.as_ref(), is_shown.then_some(&self.content));
            answer.effect()
        };
    }

    /// The request to view, burn or reveal.
    fn request(&self, service: &Service) -> RequestBuilder {
        let token = self.token();
        match self.kind {
            Kind::Burn => request(service, Method::DELETE, &format!("/api/v1/secrets/{token}")),
            Kind::Reveal => post(service, "/api/v1/reveal", &json!({ "token": token }))
                .header("Idempotency-Key", &self.key),
            Kind::View | Kind::Create => view(service, token),
        }
    }

    async fn check(&mut self, service: &Service) {
        if self.kind == Kind::Create {
            self.check_creation(service).await;
            return;
        }
        let (token, receipt) = self.secret.as_ref().unwrap();
        let (state, is_there) = (state(service, receipt).await, is_there(service, token).await);
        let end = if self.kind == Kind::Burn { "burned" } else { "viewed" };
        assert_eq!(state, if is_there { "pending" } else { end }, "{self:?}");
        let is_done = if is_there { Effect::NotDone } else { Effect::Done };
        assert!(self.effect == Effect::Unknown || self.effect == is_done, "{is_done:?}: {self:?}");
        // From now on the effect is known.
        self.effect = is_done;
        if self.kind == Kind::Reveal && is_done == Effect::Done {
            let again = ask(self.request(service)).await;
            assert_eq!(again.text("content").as_ref(), Some(&self.content));
        }
    }

    /// A repeated creation stores the secret if it is missing, and otherwise gets the same answer.
    async fn check_creation(&mut self, service: &Service) {
        let before = self.secret.take();
        assert_eq!(before.is_some(), self.effect == Effect::Done);
        self.effect = self.create(service).await;
        assert_eq!(self.effect, Effect::Done);
        assert!(before.is_none() || before == self.secret, "{before:?}: {self:?}");
        let (token, receipt) = self.secret.as_ref().unwrap();
        assert!(is_there(service, token).await);
        assert_eq!(state(service, receipt).await, "pending");
    }

    async fn finish(&self, service: &Service) {
        let is_left = self.kind == Kind::Create || self.effect == Effect::NotDone;
        let seen = ask(view(service, self.token())).await.text("content");
        assert_eq!(seen.as_ref(), is_left.then_some(&self.content), "{self:?}");
        assert_eq!(ask(view(service, self.token())).await.status, 404);
    }

    fn token(&self) -> &str {
        &self.secret.as_ref().expect("it was stored").0
    }
}
