//! The [`Watch`]es that wait for the end of their secret.

use std::collections::HashMap;

use super::Watch;
use crate::call::Call;
use crate::id::ReceiptId;

/// So many may have left before anyone looks whether they have.
const LEAST_SWEEP: usize = 64;

/// Those who watch a receipt. Whoever has left is forgotten when the number has doubled since they
/// were last looked for.
#[derive(Default)]
pub(super) struct Watchers {
    calls: HashMap<ReceiptId, Vec<Call<Watch>>>,
    count: usize,
    sweep_at: usize,
}

impl Watchers {
    /// Has `call` wait until the receipt is [`Self::answer`]ed.
    pub(super) fn add(&mut self, receipt_id: ReceiptId, call: Call<Watch>) {
        if self.count >= self.sweep_at.max(LEAST_SWEEP) {
            self.sweep();
        }
        self.calls.entry(receipt_id).or_default().push(call);
        self.count += 1;
    }

    /// Answers all who watch one of these receipts.
    pub(super) fn answer(&mut self, ended: &[ReceiptId]) {
        for receipt_id in ended {
            for call in self.calls.remove(receipt_id).into_iter().flatten() {
                self.count -= 1;
                call.answer(Ok(()));
            }
        }
    }

    fn sweep(&mut self) {
        self.calls.retain(|_receipt_id, calls| {
            calls.retain(|call| !call.is_abandoned());
            !calls.is_empty()
        });
        self.count = self.calls.values().map(Vec::len).sum();
        self.sweep_at = 2 * self.count;
    }
}
