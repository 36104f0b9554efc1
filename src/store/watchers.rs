//! The pending [`Watch`](super::Watch) commands, each waiting for the end of a secret.

use std::collections::HashMap;

use super::Reply;
use crate::domain::id::ReceiptId;

/// With fewer watchers than this, abandoned ones are not swept.
const MIN_SWEEP: usize = 64;

/// The replies that wait, by receipt. Abandoned ones are swept when the number has doubled since the
/// last sweep.
#[derive(Default)]
pub(super) struct Watchers {
    replies: HashMap<ReceiptId, Vec<Reply<()>>>,
    count: usize,
    sweep_at: usize,
}

impl Watchers {
    /// Adds a `reply` that waits until [`Self::answer`] is called for the receipt.
    pub(super) fn add(&mut self, receipt_id: ReceiptId, reply: Reply<()>) {
        if self.count >= self.sweep_at.max(MIN_SWEEP) {
            self.sweep();
        }
        self.replies.entry(receipt_id).or_default().push(reply);
        self.count += 1;
    }

    /// Answers all watchers of these receipts.
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
