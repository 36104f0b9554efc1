//! Callers who leave when the store has committed and their answer is not written yet: what was
//! done is done, is told truly, and comes again to whoever asked with a key.

use super::access::AccessLog;
use super::line::{Line, WAYS, Way};
use super::stake::{KINDS, Kind, Stake};

use super::{come_round, empty_log, logged_bytes, spawn_narrow_app};
use crate::held::{Turn, hold};
use crate::support::TestApp;

/// Sends a request and returns when it is committed. Its answer waits for the turn that this returns
/// to end; there is none if the request came too late for it.
async fn commit<'a>(app: &'a TestApp, line: &mut Line, stake: &Stake) -> Option<Turn<'a>> {
    empty_log(app).await;
    let held = hold(&app.store);
    let turn = Turn::queue(&held, &app.store);
    let before = logged_bytes(app);
    line.ask(stake.request(app)).await;
    come_round(app).await;
    drop(held);
    turn.come();
    (logged_bytes(app) > before).then_some(turn)
}

/// Has a client leave between the commit of its request and the answer.
async fn leave_committed(app: &TestApp, kind: Kind, way: Way) -> Stake {
    let log = AccessLog::read();
    loop {
        let stake = Stake::lay(app, kind).await;
        let mut line = Line::open(app).await;
        if let Some(turn) = commit(app, &mut line, &stake).await {
            let ended = log.len();
            line.leave_unanswered(way).await;
            log.tells_of_one_who_left(ended).await;
            drop(turn);
            return stake;
        }
    }
}

#[actix_web::test]
async fn what_is_committed_is_done_though_its_sender_leaves_before_the_answer() {
    let app = spawn_narrow_app();
    for kind in KINDS {
        for way in WAYS {
            leave_committed(&app, kind, way).await.expect_done(&app).await;
        }
    }
}

#[actix_web::test]
async fn of_two_requests_the_second_is_not_begun_for_who_leaves_before_the_first_answer() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for way in WAYS {
        let (first, turn, mut line, second) = loop {
            let second = Stake::lay(&app, Kind::Get).await;
            let first = Stake::lay(&app, Kind::Get).await;
            let mut line = Line::open(&app).await;
            if let Some(turn) = commit(&app, &mut line, &first).await {
                break (first, turn, line, second);
            }
        };
        line.send(&second.request(&app).0).await;
        come_round(&app).await;
        let ended = log.len();
        line.leave_unanswered(way).await;
        log.tells_of_one_who_left(ended).await;
        drop(turn);
        first.expect_done(&app).await;
        second.expect_intact(&app).await;
    }
}
