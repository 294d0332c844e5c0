//! One point of the plane: how fast it escapes, and what colour that is.

/// Far outside: the larger, the smoother are the colours.
const FAR: f64 = 1e6;

/// How a point escaped.
pub struct Escape {
    /// Steps until then, with a fraction, so that the colours have no bands.
    pub steps: f64,
    /// The direction to the set, a vector of length one.
    pub slope: (f64, f64),
    /// About how far it is from the set.
    pub distance: f64,
}

/// Follows `z² + c` from `z = 0`. `None`: it has not escaped in so many steps, and probably belongs to the set.
pub fn escape(x: f64, y: f64, steps: u32) -> Option<Escape> {
    if in_main_bulbs(x, y) {
        return None;
    }
    let (mut zx, mut zy) = (0.0, 0.0);
    // The derivative of `z` by `c`.
    let (mut dx, mut dy) = (1.0, 0.0);
    for step in 0..steps {
        (zx, zy) = (zx * zx - zy * zy + x, 2.0 * zx * zy + y);
        let square = zx * zx + zy * zy;
        if square > FAR {
            return Some(Escape::at(f64::from(step), (zx, zy), (dx, dy)));
        }
        (dx, dy) = (2.0 * (zx * dx - zy * dy) + 1.0, 2.0 * (zx * dy + zy * dx));
    }
    None
}

/// The two largest parts of the set have formulas; the loop would take all its steps there.
fn in_main_bulbs(x: f64, y: f64) -> bool {
    let q = (x - 0.25).powi(2) + y * y;
    q * (q + x - 0.25) <= 0.25 * y * y || (x + 1.0).powi(2) + y * y <= 0.0625
}

impl Escape {
    fn at(step: f64, (zx, zy): (f64, f64), (dx, dy): (f64, f64)) -> Escape {
        let (z, d) = (zx.hypot(zy), dx.hypot(dy));
        // z / d, a complex quotient, points along the slope.
        let (ux, uy) = (zx * dx + zy * dy, zy * dx - zx * dy);
        let length = ux.hypot(uy);
        Escape {
            steps: step + 1.0 - (z.ln() / FAR.sqrt().ln()).log2(),
            slope: (ux / length, uy / length),
            distance: 2.0 * z * z.ln() / d,
        }
    }
}
