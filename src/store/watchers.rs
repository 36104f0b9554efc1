//! The watches that wait for the end of their secret.

use std::collections::HashMap;

use super::Reply;
use crate::domain::id::ReceiptId;

/// So many may have left before anyone looks whether they have.
const LEAST_SWEEP: usize = 64;

/// Those who watch a receipt. Whoever has left is forgotten when the number has doubled since they
/// were last looked for.
#[derive(Default)]
pub(super) struct Watchers {
    replies: HashMap<ReceiptId, Vec<Reply<()>>>,
    count: usize,
    sweep_at: usize,
}

impl Watchers {
    /// Has `reply` wait until the receipt is [`Self::answer`]ed.
    pub(super) fn add(&mut self, receipt_id: ReceiptId, reply: Reply<()>) {
        if self.count >= self.sweep_at.max(LEAST_SWEEP) {
            self.sweep();
        }
        self.replies.entry(receipt_id).or_default().push(reply);
        self.count += 1;
    }

    /// Answers all who watch one of these receipts.
    pub(super) fn answer(&mut self, ended: &[ReceiptId]) {
        for receipt_id in ended {
            for reply in self.replies.remove(receipt_id).into_iter().flatten() {
                self.count -= 1;
                reply.send(Ok(()));
            }
        }
    }

    fn sweep(&mut self) {
        self.replies.retain(|_receipt_id, replies| {
            replies.retain(|reply| !reply.is_abandoned());
            !replies.is_empty()
        });
        self.count = self.replies.values().map(Vec::len).sum();
        self.sweep_at = 2 * self.count;
    }
}
