//! Measures the sealed format alone: sealing, opening and locating, by the size of the content.
#![expect(clippy::unwrap_used, reason = "the inputs are valid")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::{Plaintext, ShredKey};
use viewonce::domain::secret_key::{SecretKey, SecretKeys};

/// Sizes of the content in bytes.
const SIZES: [usize; 4] = [100, 4_096, 65_536, 1_048_576];
const EXPIRES_AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn roots() -> Roots {
    let current = SecretKey::from_bytes(b"an example key, for benchmarks alone".to_vec());
    Roots::derive(&SecretKeys { current, previous: Vec::new() })
}

fn issued() -> (Issued, ShredKey) {
    Issued::generate(EXPIRES_AT, false).unwrap()
}

fn content(bytes: usize) -> Plaintext {
    Plaintext::parse("x".repeat(bytes)).unwrap()
}

fn seal(criterion: &mut Criterion) {
    let (roots, (issued, shred_key)) = (roots(), issued());
    let mut group = criterion.benchmark_group("seal");
    for bytes in SIZES {
        let content = content(bytes);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::from_parameter(bytes), |bencher| {
            bencher.iter(|| {
                roots.seal(&issued, shred_key.clone(), black_box(&content), None).unwrap()
            });
        });
    }
}

fn open(criterion: &mut Criterion) {
    let (roots, (issued, shred_key)) = (roots(), issued());
    let mut group = criterion.benchmark_group("open");
    for bytes in SIZES {
        let sealed = roots.seal(&issued, shred_key.clone(), &content(bytes), None).unwrap().secret;
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::from_parameter(bytes), |bencher| {
            let open = |sealed| roots.open(&issued.token, sealed, None).unwrap();
            bencher.iter_batched(|| sealed.clone(), open, BatchSize::SmallInput);
        });
    }
}

fn locate(criterion: &mut Criterion) {
    let (roots, (issued, _shred_key)) = (roots(), issued());
    criterion.bench_function("locate", |bencher| {
        bencher.iter(|| roots.locate(black_box(&issued.token)));
    });
}

criterion_group!(benches, seal, open, locate);
criterion_main!(benches);
