//! Clients that each have one message under way, for some time.

use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::echo::load::Load;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Contest {
    /// Clients.
    pub connections: usize,
    /// Bytes of a message.
    pub bytes: usize,
    /// How long the answers are counted. Before that the clients talk for a quarter of it.
    pub time: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Messages answered in a second.
    pub rate: f64,
    /// Half of the answers took no longer, from sending the message to the last byte.
    pub p50: Duration,
    /// 99 in a hundred took no longer.
    pub p99: Duration,
    /// The longest time from opening a connection, all at once, to its first answer.
    pub slowest_first: Duration,
    /// Answers of the connection that got most of them, to those of the one that got fewest.
    pub unfairness: f64,
    /// Processor time of the server's process for each message.
    pub cpu: Duration,
}

impl Contest {
    /// Starts this program again as the server, and is the clients.
    pub fn hold(&self, contestant: &str) -> Result<Outcome, Box<dyn Error>> {
        let mut server = Server::start(contestant, self.connections)?;
        let mut load = Load::start(server.line()?.parse()?, self.connections, self.bytes)?;
        load.run_for(self.time / 4)?;
        let before = server.cpu()?;
        load.start_counting();
        load.run_for(self.time)?;
        let report = load.report();
        let cpu = server.cpu()? - before;
        if load.ends().next().is_some() {
            return Err("the server has ended connections".into());
        }
        load.finish()?;
        server.stop()?;
        Ok(Outcome {
            rate: report.messages_per_second(),
            p50: report.p50,
            p99: report.p99,
            slowest_first: report.slowest_first,
            unfairness: report.unfairness(),
            cpu: cpu.div_f64(report.messages.max(1) as f64),
        })
    }
}

/// The server's process.
struct Server {
    process: Child,
    /// `None`: it has been told to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(contestant: &str, connections: usize) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["--alone", "--contestant", contestant, "--connections", &connections.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe")?);
        Ok(Self { process, questions, answers })
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("the server has ended".into()),
            _ => Ok(line.trim_end().into()),
        }
    }

    fn cpu(&mut self) -> Result<Duration, Box<dyn Error>> {
        self.questions.as_mut().ok_or("no pipe")?.write_all(b"\n")?;
        Ok(Duration::from_nanos(self.line()?.parse()?))
    }

    fn stop(mut self) -> Result<(), Box<dyn Error>> {
        self.questions = None;
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the server has failed: {status}").into()) }
    }
}

/// When something went wrong no process is to be left.
impl Drop for Server {
    fn drop(&mut self) {
        if self.questions.is_some() {
            // It may have ended by itself.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
