//! The word of a semaphore.

/// As many permits as there may be at once: one bit less than the word has room for, so that a counter that is too high is noticed.
pub const MAX_PERMITS: u32 = u32::MAX >> 1;

// | bits | field | meaning |
// |------|-------|---------|
// | 0 | waiting | the line is not empty |
// | 1 | woken | the front of the line is awake and looks for itself: nobody else need be woken |
// | 2 | reserved | permits are for the front of the line alone |
// | 3 | closed | nobody gets a permit any more |
// | 32..64 | permits | topmost: an overflow touches nothing else |
const WAITING: u64 = 1;
const WOKEN: u64 = 2;
const RESERVED: u64 = 4;
const CLOSED: u64 = 8;
const PERMITS: u32 = 32;

/// A snapshot of the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State(pub u64);

impl State {
    /// To add to the word, or subtract.
    pub const fn permits_as_word(count: u32) -> u64 {
        (count as u64) << PERMITS
    }

    /// To set in the word.
    pub const CLOSED: u64 = CLOSED;

    /// To clear in the word when the line is empty.
    pub const OF_THE_LINE: u64 = WAITING | WOKEN | RESERVED;

    /// Permits that are available.
    pub const fn permits(self) -> u32 {
        (self.0 >> PERMITS) as u32
    }

    /// Whether nobody gets a permit any more.
    pub const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether permits are for the front of the line alone.
    pub const fn is_reserved(self) -> bool {
        self.0 & RESERVED != 0
    }

    /// Whether the front of the line is awake and looks for itself.
    pub const fn is_woken(self) -> bool {
        self.0 & WOKEN != 0
    }

    /// Whether anybody who comes by may take so many.
    #[inline(always)]
    pub const fn may_be_taken(self, need: u32) -> bool {
        self.0 & (RESERVED | CLOSED) == 0 && self.has(need)
    }

    /// Whether there are so many.
    #[inline(always)]
    pub const fn has(self, need: u32) -> bool {
        self.0 >= Self::permits_as_word(need)
    }

    /// Whether somebody waits whom nobody has woken yet.
    #[inline(always)]
    pub const fn needs_settling(self) -> bool {
        self.0 & (WAITING | WOKEN) == WAITING
    }

    /// With so many permits less. It [has](Self::has) them.
    #[inline(always)]
    pub const fn less(self, need: u32) -> Self {
        Self(self.0 - Self::permits_as_word(need))
    }

    /// With somebody in the line.
    pub const fn waiting(self) -> Self {
        Self(self.0 | WAITING)
    }

    /// With the front of the line awake.
    pub const fn woken(self) -> Self {
        Self(self.0 | WOKEN)
    }

    /// With permits for the front of the line alone.
    pub const fn reserved(self) -> Self {
        Self(self.0 | RESERVED)
    }

    /// With nothing promised to the front of the line, nor expected of it.
    pub const fn without_promises(self) -> Self {
        Self(self.0 & !(WOKEN | RESERVED))
    }
}
