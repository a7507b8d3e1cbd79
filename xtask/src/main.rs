//! Chat.
fn main() {}
