//! Places in the sources that order memory accesses, and what is one step weaker there.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// One argument of type `Ordering`, or one fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The file, from the root of the workspace.
    pub file: String,
    /// The function, with the type that it belongs to.
    pub function: String,
    /// What is accessed and how, such as `bottom.store`.
    pub access: String,
    /// Which of the accesses of this name in the function, from 1.
    pub ordinal: usize,
    pub kind: Kind,
    /// The bytes of the file that a weakened copy has something else for.
    pub place: Range<usize>,
}

/// What is ordered, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A load, also the one of a failed exchange.
    Load(Ordering),
    Store(Ordering),
    /// A read-modify-write.
    Change(Ordering),
    Fence(Ordering),
    /// One of `sync::fence`, which has its ordering inside.
    OwnFence,
}

/// What stands at a site instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weaker {
    With(Ordering),
    Dropped,
}

impl Site {
    /// The site's name in its file: line numbers would not last.
    pub fn name(&self) -> String {
        match self.ordinal {
            1 => format!("{} {}", self.function, self.access),
            more => format!("{} {} #{more}", self.function, self.access),
        }
    }
}

impl Kind {
    /// One step weaker. From SeqCst it is two, since the model checker takes SeqCst accesses for AcqRel ones and would see no difference in the first.
    pub fn weaker(self) -> &'static [Weaker] {
        use Weaker::{Dropped, With};
        match self {
            Self::Load(Acquire) => &[With(Relaxed)],
            Self::Load(SeqCst) => &[With(Acquire), With(Relaxed)],
            Self::Store(Release) => &[With(Relaxed)],
            Self::Store(SeqCst) => &[With(Release), With(Relaxed)],
            Self::Change(Acquire | Release) => &[With(Relaxed)],
            Self::Change(AcqRel) => &[With(Acquire), With(Release)],
            Self::Change(SeqCst) => &[With(AcqRel), With(Acquire), With(Release)],
            Self::Fence(SeqCst) => &[With(AcqRel), Dropped],
            Self::Fence(_) | Self::OwnFence => &[Dropped],
            Self::Load(_) | Self::Store(_) | Self::Change(_) => &[],
        }
    }
}

/// The ordering that stands in the sources.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(ordering) | Self::Store(ordering) | Self::Change(ordering) | Self::Fence(ordering) => {
                write!(f, "{ordering:?}")
            }
            Self::OwnFence => f.write_str("its own"),
        }
    }
}

impl fmt::Display for Weaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::With(ordering) => write!(f, "{ordering:?}"),
            Self::Dropped => f.write_str("dropped"),
        }
    }
}
