//! What every layer passes, and what only one within a process can promise.

use channels_layer::MemoryLayer;

channels_layer::conformance_tests!(async |retention| MemoryLayer::new(retention), local);
