//! A load generator for WebSocket servers: one thread, one epoll, no more than it takes.
//!
//! `load MODE --url ws://127.0.0.1:8000/room …` prints one line of JSON. Status 1: what it measured is not to be
//! believed, because a message was lost, doubled or out of order, or a connection ended.

mod chance;
mod connection;
mod dialect;
mod flags;
mod frame;
mod latency;
mod ledger;
mod mode;
mod pace;
mod payload;
mod process;
mod report;
mod swarm;
mod target;

use std::process::ExitCode;

use self::flags::Flags;

const USAGE: &str = "\
Usage: load MODE --url ws://ADDRESS:PORT/PATH [OPTION VALUE]...

  idle       --members connections are opened; memory of each, after --seconds (3)
  echo       --members (64) connections, on each one message of --size (128) under way
  fanout     one of --members (1000) says what all of them get; --idle others are connected to --idle-url
             --publish-url: said on another server, by somebody who is no member
  connect    --members (5000) connections, --abreast (64) at a time, kept
  churn      --abreast (64) at a time connect, say one thing, get it back, and are gone
  slow       --members (1000) at a fixed rate; then --stalled (100) of them read no more
  jitter     --members at a fixed rate; each is away for 2 s once
  avalanche  --members connections are lost at once, and come back; says `ready` when there is something to lose

  --window N | --rate N    messages under way, or a second        --size BYTES
  --warmup S --seconds S   not measured, then measured            --dialect plain | socketio
  --patience S             until what does not come is lost (10)
  --pid N                  a process of the server, for its memory and processor time; more than once
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((mode, rest)) = words.split_first() else { return usage("no mode") };
    let flags = match Flags::parse(rest) {
        Ok(flags) => flags,
        Err(wrong) => return usage(&wrong),
    };
    let outcome = match mode.as_str() {
        "idle" => mode::idle::run(&flags),
        "echo" => mode::echo::run(&flags),
        "fanout" => mode::fanout::run(&flags),
        "connect" => mode::connect::run(&flags),
        "churn" => mode::churn::run(&flags),
        "slow" => mode::slow::run(&flags),
        "jitter" => mode::jitter::run(&flags),
        "avalanche" => mode::avalanche::run(&flags),
        unknown => return usage(&format!("{unknown}: no such mode")),
    };
    match outcome {
        Ok(report) => {
            print(&report.line());
            report.failure().map_or(ExitCode::SUCCESS, failed)
        }
        Err(why) => failed(&why),
    }
}

#[expect(clippy::print_stdout, reason = "what whoever started it waits for")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

fn failed(why: &str) -> ExitCode {
    eprintln!("load: {why}");
    ExitCode::FAILURE
}

fn usage(wrong: &str) -> ExitCode {
    eprint!("load: {wrong}\n\n{USAGE}");
    ExitCode::from(2)
}
