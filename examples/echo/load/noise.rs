//! Messages that look random and differ from each other.

/// Places at which a message may begin, a power of two.
const PLACES: usize = 1 << 18;

/// Bytes that look random. A message is a piece of them that begins at a place of its own, so none has to be made or kept.
pub struct Noise {
    bytes: Vec<u8>,
    length: usize,
}

impl Noise {
    /// For messages of so many bytes.
    pub fn new(length: usize) -> Self {
        let mut state = 0x1234_5678_9abc_def1;
        let words = (PLACES + length).div_ceil(size_of::<u64>());
        let bytes = (0..words).flat_map(|_| next(&mut state).to_le_bytes()).collect();
        Self { bytes, length }
    }

    /// Bytes of a message.
    pub fn length(&self) -> usize {
        self.length
    }

    /// What a connection sends as its message of that number. Places are handed out by Fibonacci hashing: near numbers get places far apart.
    pub fn message(&self, connection: usize, number: u64) -> &[u8] {
        let key = (connection as u64).rotate_right(24) ^ number;
        let place = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2());
        &self.bytes[place as usize..][..self.length]
    }
}

/// The next number (Marsaglia, "Xorshift RNGs", 2003).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn messages_differ_by_connection_and_number() {
        let noise = Noise::new(16);
        let messages: HashSet<_> = (0..50).flat_map(|c| (0..50).map(move |n| (c, n))).collect();
        let contents: HashSet<_> = messages.iter().map(|&(c, n)| noise.message(c, n)).collect();
        // Some of 2,500 share one of 262,144 places: a dozen, as birthdays do.
        assert!(contents.len() > 2450, "{}", contents.len());
        assert!((0..1000).all(|n| noise.message(3, n) != noise.message(3, n + 1)));
    }
}
