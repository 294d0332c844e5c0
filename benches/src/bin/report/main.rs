//! Every workload with every contestant, interleaved, as Markdown tables.

mod environment;
mod neighbours;
mod options;
mod rounds;
mod table;

use std::process::ExitCode;

use neighbours::Watch;
use options::{Command, Options, usage};
use rounds::Pools;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => println!("{}", usage()),
        Ok(Command::Report(options)) => report(&options),
        Err(problem) => {
            eprintln!("{problem}\n\n{}", usage());
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn report(options: &Options) {
    println!("{}\n", environment::describe(options));
    let mut pools = Pools::default();
    for &workload in &options.workloads {
        let watch = Watch::start();
        let records = rounds::run(options, workload, &pools.of(options, workload));
        println!("{}", table::render(workload, options.size(workload), &records));
        if let Some(share) = watch.and_then(|watch| watch.share(environment::cores())) {
            println!("Meanwhile others took {:.0} % of the machine.\n", share * 100.0);
        }
    }
}
