//! One file: read, compress, unpack, compare. All contestants call the same function.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::AddAssign;
use std::path::Path;

use filch::JobError;
use zstd::bulk::{Compressor, Decompressor};

/// A file is read and compressed in pieces of at most 4 MiB, a zstd frame each; frames in a row are a valid zstd file.
/// So a thread holds at most three such pieces: one read, one compressed, one unpacked again.
const CHUNK: usize = 4 << 20;

/// Bytes read, and bytes they were compressed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub plain: u64,
    pub packed: u64,
}

impl AddAssign for Sizes {
    fn add_assign(&mut self, other: Sizes) {
        self.plain += other.plain;
        self.packed += other.packed;
    }
}

/// Why a file, or a directory, failed.
#[derive(Debug)]
pub enum FileError {
    Walk(walkdir::Error),
    Read(io::Error),
    Compress(io::Error),
    Unpack(io::Error),
    Differs,
    Job(JobError),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Walk(error) => match error.io_error() {
                Some(error) => write!(f, "cannot list: {error}"),
                None => write!(f, "cannot list: {error}"),
            },
            FileError::Read(error) => write!(f, "cannot read: {error}"),
            FileError::Compress(error) => write!(f, "cannot compress: {error}"),
            FileError::Unpack(error) => write!(f, "cannot unpack what was compressed: {error}"),
            FileError::Differs => write!(f, "differs after compressing and unpacking"),
            FileError::Job(error) => write!(f, "the job failed: {error}"),
        }
    }
}

/// Compresses and verifies one file on the calling thread.
pub fn compress(path: &Path, level: i32) -> Result<Sizes, FileError> {
    thread_local! {
        static PACKER: RefCell<Option<Packer>> = const { RefCell::new(None) };
    }
    PACKER.with_borrow_mut(|slot| {
        let packer = match slot {
            Some(packer) => packer,
            None => slot.insert(Packer::new(level).map_err(FileError::Compress)?),
        };
        packer.file(path)
    })
}

/// What a thread needs for its work and keeps from file to file: making a compressor costs more than a small file does.
struct Packer {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
    plain: Vec<u8>,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
}

impl Packer {
    fn new(level: i32) -> io::Result<Packer> {
        Ok(Packer {
            compressor: Compressor::new(level)?,
            decompressor: Decompressor::new()?,
            plain: vec![0; CHUNK],
            packed: Vec::with_capacity(zstd::zstd_safe::compress_bound(CHUNK)),
            unpacked: Vec::with_capacity(CHUNK),
        })
    }

    /// Takes a file chunk by chunk. The last chunk is shorter than the others, perhaps empty.
    fn file(&mut self, path: &Path) -> Result<Sizes, FileError> {
        let mut file = File::open(path).map_err(FileError::Read)?;
        let mut sizes = Sizes::default();
        loop {
            let length = fill(&mut file, &mut self.plain).map_err(FileError::Read)?;
            sizes += self.chunk(length)?;
            if length < CHUNK {
                return Ok(sizes);
            }
        }
    }

    /// Compresses the first `length` bytes that were read, unpacks them and compares.
    fn chunk(&mut self, length: usize) -> Result<Sizes, FileError> {
        let plain = &self.plain[..length];
        self.compressor.compress_to_buffer(plain, &mut self.packed).map_err(FileError::Compress)?;
        self.decompressor.decompress_to_buffer(&self.packed, &mut self.unpacked).map_err(FileError::Unpack)?;
        if self.unpacked != plain {
            return Err(FileError::Differs);
        }
        Ok(Sizes { plain: length as u64, packed: self.packed.len() as u64 })
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
