//! What the screen looks like, whatever its size.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline};

use crate::load::BURST;
use crate::sample::{Length, View, Worker};

/// Eighths of a character's height, and of its width.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const WIDTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The titles of the queues are so wide.
const TITLE: usize = 9;

pub fn draw(frame: &mut Frame, view: &View) {
    let queues = queues(view);
    let keys = keys(view, frame.area().width);
    let heights = [1, 0, queues.len() as u16, 1, keys.len() as u16];
    let constraint = |(place, height): (usize, u16)| match place {
        1 => Constraint::Fill(1),
        _ => Constraint::Length(height),
    };
    let rows = Layout::vertical(heights.into_iter().enumerate().map(constraint)).split(frame.area());
    frame.render_widget(summary(view), rows[0]);
    draw_workers(frame, view, rows[1]);
    draw_queues(frame, &queues, rows[2]);
    frame.render_widget(timers(view), rows[3]);
    frame.render_widget(Paragraph::new(keys).dark_gray(), rows[4]);
}

fn summary(view: &View) -> Line<'_> {
    let spares = if view.spares == 0 { String::new() } else { format!("+{}", view.spares) };
    let plural = if view.workers.len() == 1 { "" } else { "s" };
    let workers = format!("{}{spares} worker{plural}", view.workers.len() - view.spares);
    let jobs = format!("  {} jobs/s", short(view.rate));
    Line::from(vec![workers.bold(), jobs.into(), format!("  {} so far", short(view.total as f64)).into()])
}

/// A line for each worker, or, if there are too many, a strip with a character for each.
fn draw_workers(frame: &mut Frame, view: &View, area: Rect) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let lines = if view.workers.len() < height { table(view, width) } else { strips(view, width, height) };
    frame.render_widget(Paragraph::new(lines), area);
}

/// Something about a worker.
type Figure = fn(&Worker) -> f64;

/// The columns behind the bar: title and figure. The last ones are left out where there is no room.
const COLUMNS: [(&str, Figure); 4] = [
    ("jobs/s", |worker| worker.jobs),
    ("steals/s", |worker| worker.steals),
    ("parks/s", |worker| worker.parks),
    ("queue", |worker| worker.queued as f64),
];

/// How wide a column is, the name of a worker with its share, and the shortest and the longest bar.
const COLUMN: usize = 9;
const NAME_AND_SHARE: usize = 15;
const BARS: (usize, usize) = (4, 40);

fn table<'a>(view: &View, width: usize) -> Vec<Line<'a>> {
    let room = width.saturating_sub(NAME_AND_SHARE);
    let columns = &COLUMNS[..(room.saturating_sub(BARS.0) / COLUMN).min(COLUMNS.len())];
    let bar = room.saturating_sub(columns.len() * COLUMN).clamp(BARS.0, BARS.1);
    let titles: String = columns.iter().map(|(title, _)| format!("{title:>COLUMN$}")).collect();
    let header = Line::from(format!("{:8}{:bar$}{:7}{titles}", "", "busy", "")).dark_gray();
    let main = view.workers.len() - view.spares;
    let line = |(index, worker): (usize, &Worker)| {
        let name = if index < main { format!("{index}") } else { format!("spare {}", index - main) };
        let figures: String = columns.iter().map(|(_, of)| format!("{:>COLUMN$}", short(of(worker)))).collect();
        let share = format!(" {:>3.0} % ", worker.running * 100.0);
        let bar = wide(worker.running, bar).fg(heat(worker.running));
        Line::from(vec![format!("{name:>7} ").into(), bar, share.into(), figures.into()])
    };
    std::iter::once(header).chain(view.workers.iter().enumerate().map(line)).collect()
}

/// All workers together, and a character for each, or for a few if there is no room for more.
fn strips<'a>(view: &View, width: usize, height: usize) -> Vec<Line<'a>> {
    let sum = |figure: Figure| view.workers.iter().map(figure).sum::<f64>();
    let busy = sum(|worker| worker.running) / view.workers.len().max(1) as f64 * 100.0;
    let (steals, parks) = (short(sum(|worker| worker.steals)), short(sum(|worker| worker.parks)));
    let totals = Line::from(format!("{busy:.0} % busy  {steals} steals/s  {parks} parks/s"));
    let room = width * height.saturating_sub(1);
    let each = view.workers.len().div_ceil(room.max(1)).max(1);
    let share = |workers: &[Worker]| workers.iter().map(|worker| worker.running).sum::<f64>() / workers.len() as f64;
    let shares: Vec<f64> = view.workers.chunks(each).map(share).collect();
    let character = |share: &f64| Span::from(high(*share).to_string()).fg(heat(*share));
    let strips = shares.chunks(width.max(1)).map(|shares| shares.iter().map(character).collect());
    std::iter::once(totals).chain(strips).collect()
}

fn queues(view: &View) -> [(&'static str, &Length); 5] {
    [
        ("own", &view.own),
        ("injected", &view.injected),
        ("express", &view.express),
        ("due", &view.due),
        ("delayed", &view.delayed),
    ]
}

fn draw_queues(frame: &mut Frame, queues: &[(&str, &Length)], area: Rect) {
    for ((title, length), row) in queues.iter().zip(area.rows()) {
        let columns = Layout::horizontal([Constraint::Length(TITLE as u16 + 8), Constraint::Fill(1)]).split(row);
        frame.render_widget(format!("{title:>TITLE$} {:>6} ", short(length.now as f64)), columns[0]);
        // The newest are at the right end.
        let room = usize::from(columns[1].width);
        let shown = length.before.iter().skip(length.before.len().saturating_sub(room));
        let pad = std::iter::repeat_n(0, room.saturating_sub(length.before.len()));
        let data: Vec<u64> = pad.chain(shown.copied()).collect();
        frame.render_widget(Sparkline::default().data(&data).style(Style::new().fg(Color::Cyan)), columns[1]);
    }
}

fn timers(view: &View) -> Line<'_> {
    let View { schedules, permits, all_permits, .. } = view;
    Line::from(format!("{:>TITLE$} {schedules:>6}  permits {permits} of {all_permits}", "schedules"))
}

/// What the keys do, and what they have done; as many lines as it takes.
fn keys<'a>(view: &View, width: u16) -> Vec<Line<'a>> {
    let on = |on: bool| if on { "on" } else { "off" };
    let pause = if view.paused { "space go on" } else { "space pause" };
    let words = [
        format!("+/- jobs a tick: {}", view.level),
        format!("b burst of {}", short(BURST as f64)),
        format!("f fork-join: {}", on(view.fork_join)),
        format!("t timers: {}", on(view.timers)),
        "s schedules".into(),
        pause.into(),
        "q quit".into(),
    ];
    let mut lines: Vec<String> = vec![];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + word.chars().count() <= usize::from(width) => {
                line.push_str("  ");
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.into_iter().map(Line::from).collect()
}

/// A bar of that many characters.
fn wide(share: f64, width: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * (width * 8) as f64).round() as usize;
    (0..width).map(|place| WIDTHS[eighths.saturating_sub(place * 8).min(8)]).collect()
}

fn high(share: f64) -> char {
    HEIGHTS[(share.clamp(0.0, 1.0) * 8.0).ceil() as usize]
}

fn heat(share: f64) -> Color {
    match share {
        share if share < 0.5 => Color::Green,
        share if share < 0.9 => Color::Yellow,
        _ => Color::Red,
    }
}

/// A figure in at most six characters.
fn short(figure: f64) -> String {
    let (mut figure, mut unit) = (figure, "");
    for next in ["k", "M", "G", "T"] {
        if figure < 999.5 {
            break;
        }
        (figure, unit) = (figure / 1000.0, next);
    }
    let digits = if unit.is_empty() || figure >= 99.95 { 0 } else { 1 };
    format!("{figure:.digits$}{unit}")
}
