//! A body as it arrives. All bodies share a memory quota, and their bytes are wiped on drop.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use actix_web::body::{BodyStream, MessageBody as _};
use actix_web::web::Payload;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::SMALL_BODY_BYTES;
use crate::http::error::ApiError;
use crate::http::problem;
use crate::runtime::wiped::WipedBytes;

/// The bytes of a body that have arrived, and their share of the quota of all bodies.
pub(super) struct Incoming {
    bytes: WipedBytes,
    quota: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    max_bytes: usize,
}

impl Incoming {
    /// A body of at most `max_bytes`. It takes a permit of `quota` for each byte of its buffer beyond
    /// [`SMALL_BODY_BYTES`], so that small bodies always fit.
    pub(super) fn new(max_bytes: usize, quota: Arc<Semaphore>) -> Self {
        Self { bytes: WipedBytes::default(), quota, permit: None, max_bytes }
    }

    /// Reads all of `payload`. `length` is its announced length, if there is one.
    pub(super) async fn read(
        mut self,
        payload: Payload,
        length: Option<usize>,
    ) -> Result<Self, ApiError> {
        let mut payload = pin!(BodyStream::new(payload));
        while length != Some(self.bytes().len()) {
            let Some(chunk) = poll_fn(|context| payload.as_mut().poll_next(context)).await else {
                break;
            };
            self.push(&chunk.map_err(|_broken_off| problem::MALFORMED_JSON)?)?;
        }
        Ok(self)
    }

    /// The bytes that have arrived.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    fn push(&mut self, chunk: &[u8]) -> Result<(), ApiError> {
        let needed = self.bytes().len() + chunk.len();
        if needed > self.max_bytes {
            return Err(ApiError::BodyTooLarge { max_bytes: self.max_bytes });
        }
        if needed > self.bytes.capacity() {
            self.grow(needed.next_power_of_two().min(self.max_bytes))?;
        }
        self.bytes.push(chunk);
        Ok(())
    }

    fn grow(&mut self, capacity: usize) -> Result<(), ApiError> {
        let charged = |bytes: usize| bytes.saturating_sub(SMALL_BODY_BYTES);
        let more = charged(capacity) - charged(self.bytes.capacity());
        let more = u32::try_from(more).map_err(|_overflow| problem::BUSY)?;
        let more =
            Arc::clone(&self.quota).try_acquire_many_owned(more).map_err(|_full| problem::BUSY)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        self.bytes.grow(capacity);
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const LARGE: usize = 10 * SMALL_BODY_BYTES;

    /// How many bytes a body accepts, byte by byte, before it is refused.
    fn taken(body: &mut Incoming) -> usize {
        let mut taken = 0;
        while body.push(b"x").is_ok() {
            taken += 1;
        }
        assert_eq!(body.bytes.as_ref(), vec![b'x'; taken]);
        taken
    }

    #[test]
    fn bodies_share_the_room_and_give_it_back() {
        let beyond = LARGE - SMALL_BODY_BYTES;
        let quota = Arc::new(Semaphore::new(beyond));
        let mut first = Incoming::new(LARGE, Arc::clone(&quota));
        assert_eq!(taken(&mut first), LARGE);
        let mut second = Incoming::new(LARGE, Arc::clone(&quota));
        assert_eq!(taken(&mut second), SMALL_BODY_BYTES, "a small body always fits");
        drop((first, second));
        assert_eq!(quota.available_permits(), beyond);
    }

    #[test]
    fn a_body_takes_its_largest_and_no_byte_more() {
        for max_bytes in [1, 100, SMALL_BODY_BYTES, SMALL_BODY_BYTES + 1, 100_000] {
            let quota = Arc::new(Semaphore::new(LARGE));
            let mut body = Incoming::new(max_bytes, Arc::clone(&quota));
            assert_eq!(taken(&mut body), max_bytes);
            let error = body.push(b"x").unwrap_err();
            assert!(matches!(error, ApiError::BodyTooLarge { .. }));
            assert!(body.bytes.capacity() <= max_bytes);
        }
    }
}
