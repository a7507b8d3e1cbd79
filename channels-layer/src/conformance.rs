//! The suite that every channel layer passes.
