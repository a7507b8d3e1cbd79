//! The browser client in Chromium, against a real server that is stopped, restarted, made to refuse, and cut off.

mod page;
mod site;

mod breaks;
mod fallback;
mod refusals;

use ::site::testing::ChromeDriver;

pub(crate) use self::{page::Page, site::Site};

async fn driver() -> ChromeDriver {
    ChromeDriver::start(env!("CARGO_TARGET_TMPDIR")).await
}
