//! What all pictures have in common: sizes, colours, text. The ground is white on any page.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, Polygon, TriangleMarker};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, TextStyle, WHITE};

/// A part of a picture, in pixels.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What drawing comes to.
pub(crate) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// How wide each picture is.
pub(crate) const WIDTH: u32 = 800;

/// Between the edge and what is drawn.
pub(crate) const MARGIN: i32 = 16;

/// Where the title and the line below it end.
pub(crate) const HEAD: i32 = 66;

pub(crate) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(crate) const FAINT_INK: RGBColor = RGBColor(0x55, 0x55, 0x55);
pub(crate) const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

const VERMILLION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
const INDIGO: RGBColor = RGBColor(0x33, 0x22, 0x88);
const OLIVE: RGBColor = RGBColor(0x88, 0x88, 0x22);
const GREY: RGBColor = RGBColor(0x80, 0x80, 0x80);

/// How the points of a line look, so that colours are not all that tells lines apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
}

/// The colour and the mark of a contestant, which has the same in all pictures; those that never meet may share one. The colours are Okabe and Ito's and Tol's, which the
/// colour-blind can tell apart.
pub(crate) fn look(contestant: &str) -> (RGBColor, Mark) {
    match contestant {
        "filch-context" => (VERMILLION, Mark::Square),
        "filch-help-any" => (VERMILLION, Mark::Triangle),
        "filch-context-help-any" => (VERMILLION, Mark::Diamond),
        name if is_ours(name) => (VERMILLION, Mark::Circle),
        "rayon" | "sem_t" => (BLUE, Mark::Square),
        name if name.starts_with("tokio") => (GREEN, Mark::Triangle),
        "threadpool" | "forte" | "hash_wheel" => (ORANGE, Mark::Diamond),
        "async-executor" | "orx-parallel" | "parking_lot" | "scheduled-thread-pool" => (SKY, Mark::Circle),
        "crossbeam-channel" | "chili" | "async-lock" | "async-io" => (PURPLE, Mark::Square),
        "rusty_pool" | "std-threads" | "std" | "btreemap" => (INDIGO, Mark::Triangle),
        "flume" | "delay_queue" => (OLIVE, Mark::Diamond),
        _ => (GREY, Mark::Circle),
    }
}

/// Whether it is one of the ways of `filch`.
pub(crate) fn is_ours(contestant: &str) -> bool {
    contestant.starts_with("filch")
}

/// Draws a mark around a pixel.
pub(crate) fn mark(area: &Area<'_>, (x, y): (i32, i32), (colour, mark): (RGBColor, Mark), radius: i32) -> Drawn {
    let polygon =
        |corners: [(i32, i32); 4]| area.draw(&Polygon::new(corners.map(|(a, b)| (x + a, y + b)), colour.filled()));
    match mark {
        Mark::Circle => area.draw(&Circle::new((x, y), radius, colour.filled())),
        Mark::Triangle => area.draw(&TriangleMarker::new((x, y), radius + 1, colour.filled())),
        Mark::Square => polygon([(-radius, -radius), (radius, -radius), (radius, radius), (-radius, radius)]),
        Mark::Diamond => polygon([(0, -radius - 1), (radius + 1, 0), (0, radius + 1), (-radius - 1, 0)]),
    }
}

/// Text of so many pixels, in the middle of its line.
pub(crate) fn text(size: f64, colour: RGBColor, anchor: HPos) -> TextStyle<'static> {
    styled(FontStyle::Normal, size, colour, anchor)
}

/// The same in bold.
pub(crate) fn bold(size: f64, colour: RGBColor, anchor: HPos) -> TextStyle<'static> {
    styled(FontStyle::Bold, size, colour, anchor)
}

fn styled(style: FontStyle, size: f64, colour: RGBColor, anchor: HPos) -> TextStyle<'static> {
    // The backend divides by this.
    let font = FontDesc::new(FontFamily::SansSerif, size * 1.24, style);
    TextStyle { font, color: colour.to_backend_color(), pos: Pos::new(anchor, VPos::Center) }
}

/// A picture of that height with a title and a line below it, as SVG.
pub(crate) fn picture(height: u32, title: &str, note: &str, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Drawn<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw_text(title, &bold(18.0, INK, HPos::Left), (MARGIN, 24))?;
    area.draw_text(note, &text(13.0, FAINT_INK, HPos::Left), (MARGIN, 48))?;
    draw(&area)?;
    area.present()?;
    drop(area);
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use filch_benches::workload::Workload;
    use filch_benches::{contestant, permits, timers};

    use super::*;

    #[test]
    fn who_meets_looks_different() {
        let jobs = contestant::FIELD.iter().filter(|entry| entry.takes_part(Workload::SpawnTree));
        differ(jobs.map(|entry| entry.name));
        differ(timers::FIELD.iter().map(|entry| entry.name));
        // The ways of one have its colour: the marks differ.
        let forks = contestant::FIELD.iter().filter(|entry| entry.takes_part(Workload::JoinFib));
        let looks: Vec<_> = forks.map(|entry| look(entry.name)).collect();
        assert!(looks.iter().enumerate().all(|(index, look)| !looks[..index].contains(look)));
        differ(permits::FIELD.iter().map(|entry| entry.name).filter(|name| *name != "tokio-try"));
    }

    fn differ<'a>(names: impl Iterator<Item = &'a str>) {
        let names: Vec<&str> = names.collect();
        for (index, name) in names.iter().enumerate() {
            assert!(names[..index].iter().all(|other| look(other).0 != look(name).0), "{name}");
        }
    }
}
