//! The word of a semaphore.

/// As many permits as there may be at once. The word has room for more, so that a counter that is too high for a moment is noticed, and not wrong.
pub const MAX_PERMITS: u64 = (1 << 31) - 1;

// | bits | field | meaning |
// |------|-------|---------|
// | 0 | unattended | somebody waits, and nobody in the line is awake: who puts permits back sees to it |
// | 1 | woken | the front of the line is awake and looks for itself |
// | 8..56 | permits | room for 2^17 times as many as there may be |
// | 62 | reserved | permits are for the front of the line alone |
// | 63 | closed | nobody gets a permit any more |
const UNATTENDED: u64 = 1;
const WOKEN: u64 = 1 << 1;
const PERMITS: u32 = 8;
const END_OF_PERMITS: u32 = 56;
const RESERVED: u64 = 1 << 62;
const CLOSED: u64 = 1 << 63;

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
    pub const OF_THE_LINE: u64 = UNATTENDED | WOKEN | RESERVED;

    /// Permits that are available.
    pub const fn permits(self) -> u64 {
        self.0 << (u64::BITS - END_OF_PERMITS) >> (u64::BITS - END_OF_PERMITS + PERMITS)
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

    /// Whether there are so many.
    pub const fn has(self, need: u32) -> bool {
        self.permits() >= need as u64
    }

    /// The word when so many have been taken by one who comes by; `None` if they may not.
    #[inline(always)]
    pub const fn taken(self, need: u32) -> Option<Self> {
        let next = self.0.wrapping_sub(Self::permits_as_word(need));
        // One comparison: with too few permits the difference wraps, and the flags that forbid it lie above the permits.
        if next < 1 << END_OF_PERMITS || need == 0 && !self.is_closed() { Some(Self(next)) } else { None }
    }

    /// After so many have been put back: whether somebody waits whom nobody has woken yet, or there are more than there may be.
    #[inline(always)]
    pub const fn needs_attention(self, count: u32) -> bool {
        const TOO_MANY: u64 = ((1 << END_OF_PERMITS) - 1) & !(((MAX_PERMITS + 1) << PERMITS) - 1);
        (self.0 + Self::permits_as_word(count)) & (UNATTENDED | TOO_MANY) != 0
    }

    /// With so many permits less. It [has](Self::has) them.
    pub const fn less(self, need: u32) -> Self {
        Self(self.0 - Self::permits_as_word(need))
    }

    /// With as many permits as there may be.
    pub const fn clamped(self) -> Self {
        Self(self.0 - ((self.permits() - MAX_PERMITS) << PERMITS))
    }

    /// With somebody in the line.
    pub const fn waiting(self) -> Self {
        if self.is_woken() { self } else { Self(self.0 | UNATTENDED) }
    }

    /// With the front of the line awake.
    pub const fn woken(self) -> Self {
        Self(self.0 & !UNATTENDED | WOKEN)
    }

    /// With permits for the front of the line alone.
    pub const fn reserved(self) -> Self {
        Self(self.0 | RESERVED)
    }

    /// With somebody in the line, and nothing promised to the front, nor expected of it.
    pub const fn without_promises(self) -> Self {
        Self(self.0 & !(WOKEN | RESERVED) | UNATTENDED)
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;

    const fn with(permits: u64) -> State {
        State(permits << PERMITS)
    }

    #[test]
    fn too_few_or_forbidden_permits_are_not_taken() {
        assert_eq!(with(3).taken(2), Some(with(1)));
        assert_eq!(with(3).taken(3), Some(with(0)));
        assert_eq!(with(3).taken(4), None);
        for need in [1, 7, MAX_PERMITS as u32] {
            for permits in [0, 1, 8, MAX_PERMITS] {
                assert_eq!(with(permits).reserved().taken(need), None);
                assert_eq!(State(with(permits).0 | CLOSED).taken(need), None);
                assert_eq!(with(permits).waiting().taken(need).is_some(), permits >= u64::from(need));
                assert_eq!(with(permits).woken().taken(need).is_some(), permits >= u64::from(need));
            }
        }
    }

    #[test]
    fn none_are_taken_unless_it_is_closed() {
        assert_eq!(with(0).reserved().taken(0), Some(with(0).reserved()));
        assert_eq!(State(CLOSED).taken(0), None);
    }

    #[test]
    fn permits_come_back_unseen_unless_somebody_is_to_see_to_it() {
        assert!(!with(0).needs_attention(1) && !with(0).reserved().needs_attention(1));
        assert!(!State(with(9).0 | CLOSED).needs_attention(1));
        assert!(with(0).waiting().needs_attention(1) && !with(0).waiting().woken().needs_attention(1));
        assert!(with(0).waiting().woken().waiting().without_promises().needs_attention(1));
        assert!(!with(MAX_PERMITS - 5).needs_attention(5) && with(MAX_PERMITS - 5).needs_attention(6));
    }

    #[test]
    fn too_many_are_clamped_and_the_flags_stay() {
        let state = State(with(3 * MAX_PERMITS).reserved().0 | CLOSED);
        assert_eq!(state.permits(), 3 * MAX_PERMITS);
        assert_eq!(state.clamped(), State(with(MAX_PERMITS).reserved().0 | CLOSED));
    }
}
