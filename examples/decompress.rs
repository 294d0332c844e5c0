//! Unpacks many small zstd frames with one decompressor for each worker.
//!
//! `cargo run --release --example decompress`. Making a decompressor costs more than unpacking a small frame, so a [`WorkerLocal`] makes one a worker, on first
//! use. The same work with a decompressor for each job is there for comparison.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use filch::{JobError, Pool, WorkerLocal};
use zstd::bulk::{Compressor, Decompressor};

const FRAMES: usize = 20_000;

/// The length of a frame's contents.
const LENGTH: usize = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let frames = Arc::new(pack()?);
    let pool = Pool::new();

    let made = Arc::new(AtomicUsize::new(0));
    let local = {
        let made = made.clone();
        Arc::new(WorkerLocal::new(move |_index| {
            made.fetch_add(1, Ordering::Relaxed);
            decompressor()
        }))
    };
    let per_worker = unpack_all(&pool, &frames, move |frame| local.with(|decompressor| unpack(decompressor, frame)))?;
    let per_job = unpack_all(&pool, &frames, |frame| unpack(&mut decompressor(), frame))?;

    println!("{FRAMES} frames of {LENGTH} bytes on {} workers", pool.threads());
    println!("a decompressor for each worker: {per_worker:?}, {} made", made.load(Ordering::Relaxed));
    println!("a decompressor for each job:    {per_job:?}");
    Ok(())
}

/// Frame `n` holds the byte `n`, over and over.
fn pack() -> std::io::Result<Vec<Vec<u8>>> {
    let mut compressor = Compressor::new(1)?;
    (0..FRAMES).map(|n| compressor.compress(&[n as u8; LENGTH])).collect()
}

fn decompressor() -> Decompressor<'static> {
    Decompressor::new().expect("there is memory for a decompressor")
}

fn unpack(decompressor: &mut Decompressor<'static>, frame: &[u8]) -> Vec<u8> {
    decompressor.decompress(frame, LENGTH).expect("the frame is whole")
}

/// Unpacks every frame with `f`, checks what comes out, and says how long it took. A panic of `f` is the error.
fn unpack_all<F>(pool: &Pool, frames: &Arc<Vec<Vec<u8>>>, f: F) -> Result<Duration, JobError>
where
    F: Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
{
    let start = Instant::now();
    let theirs = frames.clone();
    let results = pool.map_stream(0..FRAMES, 256, move |n| f(&theirs[n]));
    for (n, plain) in results.enumerate() {
        assert_eq!(plain?, [n as u8; LENGTH]);
    }
    Ok(start.elapsed())
}
