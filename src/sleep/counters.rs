//! The packed word of the event count: how many workers sleep and search, and which sleeper is first.

/// As many workers as the word has room for.
pub const MAX_WORKERS: usize = (1 << FIELD) - 1;

// | bits | field | meaning |
// |------|-------|---------|
// | 0..12 | sleepers | workers on the stack |
// | 12..24 | searchers | workers that look for work or have been claimed to |
// | 24..36 | head | the first of them; meaningless without sleepers |
// | 36..64 | tag | changes with every change of the stack, against ABA: an exchange would have to sleep through 2^28 of them |
const FIELD: u32 = 12;
const TAG: u32 = 64 - 3 * FIELD;
const FIELD_MASK: u64 = (1 << FIELD) - 1;

/// A snapshot of the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Workers that look for work or have been claimed to.
    pub searchers: u32,
    /// Workers on the stack.
    pub sleepers: u32,
    /// The first of them.
    pub head: u32,
    tag: u32,
}

impl Counters {
    /// Nobody searches or sleeps.
    pub const NONE: Counters = Counters { searchers: 0, sleepers: 0, head: 0, tag: 0 };

    /// To add to the packed word for a worker that begins to search.
    pub const ONE_SEARCHER: u64 = 1 << FIELD;

    /// To add to the packed word so that it never is the same again. The tag is topmost: its wrap touches nothing else.
    pub const ONE_TAG: u64 = 1 << (3 * FIELD);

    /// Decodes the word.
    pub fn unpack(word: u64) -> Self {
        let field = |n: u32| (word >> (n * FIELD) & FIELD_MASK) as u32;
        Self { sleepers: field(0), searchers: field(1), head: field(2), tag: (word >> (3 * FIELD)) as u32 }
    }

    /// Encodes the word.
    pub fn pack(self) -> u64 {
        let tag = u64::from(self.tag) & ((1 << TAG) - 1);
        tag << (3 * FIELD)
            | u64::from(self.head) << (2 * FIELD)
            | u64::from(self.searchers) << FIELD
            | u64::from(self.sleepers)
    }

    /// Whether new work needs a sleeper: somebody sleeps and nobody searches.
    pub fn needs_wake(self) -> bool {
        self.searchers == 0 && self.sleepers > 0
    }

    /// As [`needs_wake`](Self::needs_wake), of the packed word: both fields as one number, searchers on top.
    #[inline(always)]
    pub fn word_needs_wake(word: u64) -> bool {
        (word & (FIELD_MASK << FIELD | FIELD_MASK)).wrapping_sub(1) < FIELD_MASK
    }

    /// The first sleeper. There is one.
    pub fn first(self) -> u32 {
        debug_assert!(self.sleepers > 0, "no first sleeper in {self:?}");
        self.head
    }

    /// The first sleeper taken off the stack, searching from now on.
    pub fn claimed(self, below: u32) -> Self {
        debug_assert!(self.sleepers > 0, "nobody to claim in {self:?}");
        Self { searchers: self.searchers + 1, sleepers: self.sleepers - 1, head: below, tag: self.tag.wrapping_add(1) }
    }

    /// A searching worker put on the stack.
    pub fn asleep(self, index: u32) -> Self {
        debug_assert!(self.searchers > 0, "a worker that does not search falls asleep in {self:?}");
        Self { searchers: self.searchers - 1, sleepers: self.sleepers + 1, head: index, tag: self.tag.wrapping_add(1) }
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks_the_extremes() {
        let most = MAX_WORKERS as u32;
        let full = Counters { searchers: most, sleepers: most, head: most, tag: (1 << TAG) - 1 };
        for counters in [Counters::NONE, full] {
            assert_eq!(Counters::unpack(counters.pack()), counters);
        }
        assert_eq!(full.pack(), u64::MAX);
    }

    #[test]
    fn the_packed_word_answers_like_its_parts() {
        for (searchers, sleepers) in [(0, 0), (0, 1), (1, 0), (2, 3), (0, MAX_WORKERS as u32), (MAX_WORKERS as u32, 0)]
        {
            let counters = Counters { searchers, sleepers, head: 5, tag: 7 };
            assert_eq!(Counters::word_needs_wake(counters.pack()), counters.needs_wake(), "{counters:?}");
        }
    }

    #[test]
    fn the_tag_wraps_without_touching_its_neighbours() {
        let last = Counters { searchers: 1, sleepers: 0, head: 0, tag: (1 << TAG) - 1 };
        let next = Counters::unpack(last.asleep(5).pack());
        assert_eq!(next, Counters { searchers: 0, sleepers: 1, head: 5, tag: 0 });
    }
}
