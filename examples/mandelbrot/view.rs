//! Parts of the set that are worth a look.

/// A part of the plane.
#[derive(Clone, Copy)]
pub struct View {
    pub name: &'static str,
    /// The centre.
    pub x: f64,
    pub y: f64,
    /// How much of the plane is as high as the picture.
    pub height: f64,
    /// After so many steps a point counts as one of the set.
    pub steps: u32,
}

/// The first is the one shown if none is asked for.
pub const VIEWS: [View; 4] = [
    View { name: "spiral", x: -0.761574, y: -0.0847596, height: 0.0012, steps: 3000 },
    View { name: "seahorses", x: -0.7453, y: 0.1127, height: 0.0065, steps: 2000 },
    View { name: "whole", x: -0.65, y: 0.0, height: 2.5, steps: 1000 },
    View { name: "elephants", x: 0.2855, y: 0.0115, height: 0.011, steps: 2000 },
];
