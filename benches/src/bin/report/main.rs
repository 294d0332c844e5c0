//! Every workload with every contestant, or how the cost of a job grows, interleaved, as Markdown tables and as JSON.

mod growth;
mod neighbours;
mod options;
mod rounds;

use std::process::ExitCode;

use filch_benches::exit;
use filch_benches::record::{self, Environment, Measurement, Record};
use neighbours::Watch;
use options::{Command, Options, usage};
use rounds::Pools;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Command::Report(options)) => options,
        Ok(Command::Help) => {
            println!("{}", usage());
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    exit(report(&options))
}

fn report(options: &Options) -> Result<(), String> {
    record::is_writable(options.json.as_deref())?;
    let environment = Environment::of(options.contestants.iter().filter_map(|entry| entry.package));
    let quick = if options.quick { ", quick sizes" } else { "" };
    println!("{environment}\nWorkers: {}, rounds: {}{quick}.\n", options.workers, options.rounds);
    let measurements = if options.growth { growth(options) } else { workloads(options) };
    Record { environment, measurements }.write(options.json.as_deref())
}

fn workloads(options: &Options) -> Vec<Measurement> {
    let mut pools = Pools::default();
    let mut measurements = Vec::new();
    for &workload in &options.workloads {
        let watch = Watch::start();
        let mut measurement = rounds::run(options, workload, &mut pools);
        measurement.others = watch.and_then(|watch| watch.share(record::cores()));
        println!("{}", record::table(&measurement));
        measurements.push(measurement);
    }
    measurements
}

fn growth(options: &Options) -> Vec<Measurement> {
    let mut pools = Pools::default();
    let mut measurements = Vec::new();
    for series in growth::SERIES.into_iter().filter(|(workload, _)| options.workloads.contains(workload)) {
        let watch = Watch::start();
        let mut points = growth::series(options, series, &mut pools);
        let others = watch.and_then(|watch| watch.share(record::cores()));
        points.iter_mut().for_each(|point| point.others = others);
        println!("{}", record::series(&points));
        measurements.extend(points);
    }
    measurements
}
