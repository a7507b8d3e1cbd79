//! What this process logs, at every level: for tests that read it, and for `cargo xtask test`, which searches it.

use std::{
    fs::File,
    io::{self, Write},
    panic,
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tracing_subscriber::EnvFilter;

/// The most that is written of a log, in bytes. `cargo xtask test` fails on one that is cut off.
const LONGEST: usize = 256 << 20;

/// The clients of these tests are in this process, and are not what is tested.
const FILTER: &str = "trace,tungstenite=off,tokio_tungstenite=off";

/// The folder for logs, and for the secrets that must not be in them.
static FOLDER: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("CHANNELS_TEST_LOGS").map(PathBuf::from));

static LINES: LazyLock<Lines> = LazyLock::new(Lines::default);

/// Whether a test reads what is logged here.
static READ: AtomicBool = AtomicBool::new(false);

/// A file of this process's own in the folder, if there is one.
pub(super) fn file(extension: &str) -> Option<File> {
    let folder = FOLDER.as_ref()?;
    let path = folder.join(format!("{}-{}.{extension}", env!("CARGO_CRATE_NAME"), std::process::id()));
    Some(File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// All that this process logs, at every level, from here on.
    pub(crate) fn captured() -> &'static Self {
        READ.store(true, Ordering::Relaxed);
        start();
        &LINES
    }

    pub(crate) fn with(&self, word: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        text.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
    }
}

/// Logs into a file if there is to be one. Called by whoever makes or sends a credential, before it does.
pub(super) fn start_file() {
    // the tests of memory count what this process allocates
    if env!("CARGO_CRATE_NAME") != "memory" && FOLDER.is_some() {
        start();
    }
}

fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = Arc::new(Mutex::new(Log { file: file("log"), written: 0 }));
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(FILTER))
            .with_ansi(false)
            .with_writer(move || Tee(Arc::clone(&log)))
            .init();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            tracing::error!("{what}");
            before(what);
        }));
    });
}

struct Log {
    file: Option<File>,
    written: usize,
}

impl Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.written += bytes.len();
        if self.written <= LONGEST {
            return file.write_all(bytes);
        }
        file.write_all(b"\nCUT OFF\n")?;
        self.file = None;
        Ok(())
    }
}

/// Writes to the file, and to the lines if somebody reads them.
struct Tee(Arc<Mutex<Log>>);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if READ.load(Ordering::Relaxed) {
            LINES.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
