//! Colours, in linear light, so that they can be averaged.

use crate::point::Escape;

/// Red, green and blue from 0 to 1, in linear light.
pub type Light = [f64; 3];

/// The colours that follow each other in a circle: where they begin, and what they are on the screen.
const PALETTE: [(f64, [u8; 3]); 6] = [
    (0.0, [4, 10, 72]),
    (0.16, [24, 96, 190]),
    (0.42, [232, 250, 255]),
    (0.62, [255, 176, 24]),
    (0.80, [142, 34, 18]),
    (1.0, [4, 10, 72]),
];

/// The light comes from the upper left, and from so high above.
const LAMP: (f64, f64) = (-std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::FRAC_1_SQRT_2);
const LAMP_HEIGHT: f64 = 1.6;

/// The colour of a point; `pixel` is the distance between two pixels.
pub fn of(escape: Option<Escape>, pixel: f64) -> Light {
    let Some(Escape { steps, slope, distance }) = escape else { return [0.0; 3] };
    // The logarithm, since the steps grow ever faster towards the set.
    let colour = palette((steps.max(1.0).ln() * 0.62).fract());
    // The plane is lit as if it were a landscape whose peaks are the set.
    let facing = slope.0 * LAMP.0 + slope.1 * LAMP.1;
    let lit = (facing + LAMP_HEIGHT) / (1.0 + LAMP_HEIGHT);
    // The thin threads of the set, which the points between pixels would miss, are drawn by the distance.
    let thread = (distance / pixel).min(1.0).sqrt();
    colour.map(|part| part * lit * thread)
}

/// The colour at a place of the circle, from 0 to 1.
fn palette(place: f64) -> Light {
    let next = PALETTE.iter().position(|(start, _)| *start > place).unwrap_or(PALETTE.len() - 1);
    let ((from, a), (to, b)) = (PALETTE[next - 1], PALETTE[next]);
    let part = (place - from) / (to - from);
    let smooth = part * part * (3.0 - 2.0 * part);
    std::array::from_fn(|i| to_light(a[i]) * (1.0 - smooth) + to_light(b[i]) * smooth)
}

/// The screen's value of each part.
pub fn to_screen(light: Light) -> [u8; 3] {
    light.map(|part| (part.clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0).round() as u8)
}

fn to_light(screen: u8) -> f64 {
    (f64::from(screen) / 255.0).powf(2.2)
}
