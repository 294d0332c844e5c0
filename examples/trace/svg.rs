//! A picture of a trace: a lane for each worker, spans inside spans, a line for each steal.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write};

use serde_json::Value;

/// In pixels: the picture and its margins, a span, the space between lanes.
const WIDTH: f64 = 1200.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 40.0;
const TOP: f64 = 34.0;
const SPAN: f64 = 15.0;
const BETWEEN: f64 = 14.0;

/// So deep spans are drawn.
const DEEPEST: usize = 6;

/// What is drawn in which colour.
const COLOURS: [(&str, &str); 9] = [
    ("piece", "#4e79a7"),
    ("spawned", "#59a14f"),
    ("submitted", "#f28e2b"),
    ("delayed", "#b07aa1"),
    ("scheduled", "#e15759"),
    ("filch.wait", "#bab0ac"),
    ("filch.park", "#ececec"),
    ("split", "#edc948"),
    ("sort", "#a0cbe8"),
];

/// A stretch of time on a lane, in microseconds.
struct Span {
    what: String,
    depth: usize,
    start: f64,
    end: f64,
}

/// One thread.
#[derive(Default)]
struct Lane {
    name: String,
    spans: Vec<Span>,
    /// Begun and not ended.
    open: Vec<(String, f64)>,
    /// When it stole, and from which worker.
    steals: Vec<(f64, String)>,
}

impl Lane {
    fn height(&self) -> f64 {
        self.spans.iter().map(|span| span.depth + 1).max().unwrap_or(1) as f64 * SPAN
    }
}

/// The part of the time that is drawn, from the first job to the last.
struct Time {
    start: f64,
    end: f64,
}

impl Time {
    fn x(&self, time: f64) -> f64 {
        let share = (time.clamp(self.start, self.end) - self.start) / (self.end - self.start);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn millis(&self) -> f64 {
        (self.end - self.start) / 1000.0
    }
}

/// Draws what `tracing-chrome` has written.
pub fn draw(trace: &str) -> Result<String, Box<dyn Error>> {
    let lanes = lanes(trace)?;
    let jobs = || lanes.iter().flat_map(|lane| &lane.spans).filter(|span| span.what != "filch.park");
    let time = Time {
        start: jobs().map(|span| span.start).fold(f64::INFINITY, f64::min),
        end: jobs().map(|span| span.end).fold(0.0, f64::max),
    };
    if time.start >= time.end {
        return Err("there is no job in the trace".into());
    }
    let mut tops = vec![TOP];
    lanes.iter().for_each(|lane| tops.push(tops[tops.len() - 1] + lane.height() + BETWEEN));
    let bottom = tops[lanes.len()];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{:.0}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        bottom + 24.0
    );
    draw_legend(&mut svg)?;
    draw_axis(&mut svg, &time, bottom)?;
    for (lane, top) in lanes.iter().zip(&tops) {
        draw_lane(&mut svg, &time, lane, *top)?;
    }
    draw_steals(&mut svg, &time, &lanes, &tops)?;
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn draw_legend(svg: &mut String) -> fmt::Result {
    let mut left = LEFT;
    for (what, colour) in COLOURS {
        writeln!(svg, "<rect x=\"{left}\" y=\"8\" width=\"12\" height=\"12\" fill=\"{colour}\"/>")?;
        writeln!(svg, "<text x=\"{}\" y=\"18\">{what}</text>", left + 16.0)?;
        left += 36.0 + 7.0 * what.len() as f64;
    }
    writeln!(svg, "<path d=\"M{left} 14h16\" stroke=\"black\"/><circle cx=\"{}\" cy=\"14\" r=\"2\"/>", left + 16.0)?;
    writeln!(svg, "<text x=\"{}\" y=\"18\">steal</text>", left + 24.0)
}

fn draw_axis(svg: &mut String, time: &Time, bottom: f64) -> fmt::Result {
    // Few marks, at round numbers.
    let few = |step: &u32| time.millis() / f64::from(*step) <= 16.0;
    let step = [1, 2, 5, 10, 20, 50].into_iter().find(few).unwrap_or(100);
    for millis in (0..=time.millis() as u32).step_by(step as usize) {
        let x = time.x(time.start + f64::from(millis) * 1000.0);
        writeln!(svg, "<path d=\"M{x:.1} {TOP}V{bottom:.1}\" stroke=\"#ddd\"/>")?;
        writeln!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"#666\">{millis} ms</text>", bottom + 14.0)?;
    }
    Ok(())
}

fn draw_lane(svg: &mut String, time: &Time, lane: &Lane, top: f64) -> fmt::Result {
    writeln!(svg, "<text x=\"4\" y=\"{:.1}\">{}</text>", top + 12.0, lane.name)?;
    for span in lane.spans.iter().filter(|span| span.end > time.start && span.start < time.end) {
        let (left, y, height) = (time.x(span.start), top + span.depth as f64 * SPAN, SPAN - 2.0);
        let (width, colour) = ((time.x(span.end) - left).max(0.3), colour(&span.what));
        writeln!(svg, "<path d=\"M{left:.1} {y:.1}h{width:.1}v{height}h-{width:.1}z\" fill=\"{colour}\"/>")?;
    }
    Ok(())
}

/// A line from the lane of the victim to a dot on the thief's.
fn draw_steals(svg: &mut String, time: &Time, lanes: &[Lane], tops: &[f64]) -> fmt::Result {
    for (lane, top) in lanes.iter().zip(tops) {
        for (moment, victim) in &lane.steals {
            let Some(victim) = lanes.iter().position(|lane| lane.name == format!("filch-{victim}")) else { continue };
            let (x, from, to) = (time.x(*moment), tops[victim] + SPAN / 2.0, top + SPAN / 2.0);
            writeln!(svg, "<path d=\"M{x:.1} {from:.1}V{to:.1}\" stroke=\"black\" stroke-width=\"0.8\"/>")?;
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{to:.1}\" r=\"2\"/>")?;
        }
    }
    Ok(())
}

fn colour(what: &str) -> &'static str {
    COLOURS.iter().find(|(name, _)| *name == what).map_or("#d4a6c8", |(_, colour)| colour)
}

/// The threads of the pool that have said something, by name.
fn lanes(trace: &str) -> Result<Vec<Lane>, Box<dyn Error>> {
    let events: Vec<Value> = serde_json::from_str(trace)?;
    let mut lanes: BTreeMap<u64, Lane> = BTreeMap::new();
    for event in &events {
        let lane = lanes.entry(event["tid"].as_u64().ok_or("an event without a thread")?).or_default();
        let argument = |name: &str| event["args"][name].as_str().unwrap_or_default().trim_matches('"').to_string();
        let name = event["name"].as_str().unwrap_or_default();
        let time = event["ts"].as_f64().unwrap_or_default();
        match (event["ph"].as_str(), name) {
            (Some("M"), _) => lane.name = argument("name"),
            (Some("B"), "filch.job") => lane.open.push((argument("kind"), time)),
            (Some("B"), _) => lane.open.push((name.into(), time)),
            (Some("E"), _) => {
                let (what, start) = lane.open.pop().ok_or("the end of a span that did not begin")?;
                let depth = lane.open.len().min(DEEPEST);
                lane.spans.push(Span { what, depth, start, end: time });
            }
            (Some("i"), "filch.steal") => lane.steals.push((time, argument("victim"))),
            _ => {}
        }
    }
    let mut lanes: Vec<_> = lanes.into_values().filter(|lane| lane.name.starts_with("filch-")).collect();
    lanes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(lanes)
}
