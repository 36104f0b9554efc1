//! Creations, views, burns and reveals that may be repeated, all at once; and a judge of what became
//! of each. Whatever was told is true, before and after a crash, and a secret and its receipt agree.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

use crate::caller::{Told, ask, is_there, post, request, state, view};
use crate::process::Service;

/// Of each kind, there is one with a content of so many times 36 bytes.
const SIZES: [usize; 4] = [1, 40, 1, 300];
/// How many are asked for at once: some of each kind. There is more than one transaction.
const AT_ONCE: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Create,
    View,
    Burn,
    Reveal,
}

/// What somebody asked for, and what they know of it.
#[derive(Debug)]
struct Deed {
    wish: Wish,
    content: String,
    key: String,
    /// The token and the receipt; none of a creation that was not acknowledged.
    secret: Option<(String, String)>,
    told: Told,
}

pub(crate) struct Mixture(Vec<Deed>);

impl Mixture {
    /// Stores what is to be viewed, burned and revealed.
    pub(crate) async fn prepare(service: &Service) -> Self {
        let wishes = [Wish::Create, Wish::View, Wish::Burn, Wish::Reveal];
        let of_size = |&size: &usize| wishes.map(|wish| Deed::new(wish, size));
        let mut deeds: Vec<Deed> = SIZES.iter().flat_map(of_size).collect();
        let prepared = deeds.iter_mut().filter(|deed| deed.wish != Wish::Create);
        join_all(prepared.map(|deed| deed.create(service))).await;
        assert!(deeds.iter().all(|deed| deed.secret.is_some() || deed.wish == Wish::Create));
        Self(deeds)
    }

    /// Asks for all of it.
    pub(crate) async fn attempt(&mut self, service: &Service) {
        for deeds in self.0.chunks_mut(AT_ONCE) {
            join_all(deeds.iter_mut().map(|deed| deed.attempt(service))).await;
        }
    }

    /// Looks at what is there, which may fail, but is never told as if it were not there.
    pub(crate) async fn look(&self, service: &Service) {
        for (token, receipt) in self.0.iter().filter_map(|deed| deed.secret.as_ref()) {
            let status = post(service, "/api/v1/status", &json!({ "token": token }));
            let fate = request(service, Method::GET, &format!("/api/v1/receipts/{receipt}"));
            for answer in [ask(status).await, ask(fate).await] {
                assert_ne!(answer.told(), Told::Unknown, "{answer:?}");
            }
        }
    }

    /// This and another.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// Whether something of it was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.0.iter().any(|deed| deed.told != Told::Done)
    }

    /// Whether each of it was told to be so.
    pub(crate) fn is_all(&self, told: Told) -> bool {
        self.0.iter().all(|deed| deed.told == told)
    }

    /// Judges what became of it on a service that is well.
    pub(crate) async fn judge(&mut self, service: &Service) {
        join_all(self.0.iter_mut().map(|deed| deed.judge(service))).await;
    }

    /// Views whatever is left: each once, and what it was.
    pub(crate) async fn finish(mut self, service: &Service) {
        self.judge(service).await;
        join_all(self.0.iter().map(|deed| deed.finish(service))).await;
    }
}

impl Deed {
    fn new(wish: Wish, size: usize) -> Self {
        let [content, key] = [(); 2].map(|()| Uuid::new_v4().to_string());
        Self { wish, content: content.repeat(size), key, secret: None, told: Told::NotDone }
    }

    async fn create(&mut self, service: &Service) -> Told {
        let body = json!({ "content": self.content, "receipt": true });
        let request = post(service, "/api/v1/secrets", &body).header("Idempotency-Key", &self.key);
        let answer = ask(request).await;
        if let Some(token) = answer.text("token") {
            self.secret = Some((token, answer.text("receipt").unwrap()));
        }
        answer.told()
    }

    async fn attempt(&mut self, service: &Service) {
        self.told = if self.wish == Wish::Create {
            self.create(service).await
        } else {
            let answer = ask(self.request(service)).await;
            let content = answer.text("content");
            let is_shown = answer.told() == Told::Done && self.wish != Wish::Burn;
            assert_eq!(content.as_ref(), is_shown.then_some(&self.content));
            answer.told()
        };
    }

    /// To view, burn or reveal.
    fn request(&self, service: &Service) -> RequestBuilder {
        let token = self.token();
        match self.wish {
            Wish::Burn => request(service, Method::DELETE, &format!("/api/v1/secrets/{token}")),
            Wish::Reveal => post(service, "/api/v1/reveal", &json!({ "token": token }))
                .header("Idempotency-Key", &self.key),
            Wish::View | Wish::Create => view(service, token),
        }
    }

    async fn judge(&mut self, service: &Service) {
        if self.wish == Wish::Create {
            self.judge_creation(service).await;
            return;
        }
        let (token, receipt) = self.secret.as_ref().unwrap();
        let (state, is_there) = (state(service, receipt).await, is_there(service, token).await);
        let end = if self.wish == Wish::Burn { "burned" } else { "viewed" };
        assert_eq!(state, if is_there { "pending" } else { end }, "{self:?}");
        let is_done = if is_there { Told::NotDone } else { Told::Done };
        assert!(self.told == Told::Unknown || self.told == is_done, "{is_done:?}: {self:?}");
        // From now on it is known.
        self.told = is_done;
        if self.wish == Wish::Reveal && is_done == Told::Done {
            let again = ask(self.request(service)).await;
            assert_eq!(again.text("content").as_ref(), Some(&self.content));
        }
    }

    /// A creation that is repeated stores the secret if it is not stored, and tells the same of it if
    /// it is.
    async fn judge_creation(&mut self, service: &Service) {
        let before = self.secret.take();
        assert_eq!(before.is_some(), self.told == Told::Done);
        self.told = self.create(service).await;
        assert_eq!(self.told, Told::Done);
        assert!(before.is_none() || before == self.secret, "{before:?}: {self:?}");
        let (token, receipt) = self.secret.as_ref().unwrap();
        assert!(is_there(service, token).await);
        assert_eq!(state(service, receipt).await, "pending");
    }

    async fn finish(&self, service: &Service) {
        let is_left = self.wish == Wish::Create || self.told == Told::NotDone;
        let seen = ask(view(service, self.token())).await.text("content");
        assert_eq!(seen.as_ref(), is_left.then_some(&self.content), "{self:?}");
        assert_eq!(ask(view(service, self.token())).await.status, 404);
    }

    fn token(&self) -> &str {
        &self.secret.as_ref().expect("it was stored").0
    }
}
