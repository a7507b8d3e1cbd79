// The corpora under plain `cargo test`: what was found once stays fixed where there is no fuzzer.

use std::{fs, path::Path};

/// Takes each input of a target's corpus through what the target checks.
pub(super) fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display())) {
        let path = entry.unwrap().path();
        // a test that fails shows this: the last one that is named is the culprit
        eprintln!("{}", path.display());
        check(&fs::read(path).unwrap());
        inputs += 1;
    }
    assert!(inputs > 0, "{} is empty", corpus.display());
}

/// A test for each target.
macro_rules! replayed {
    ($($test:ident: $target:ident;)+) => {$(
        #[test]
        fn $test() {
            super::replay::replay(stringify!($target), super::$target);
        }
    )+};
}
pub(super) use replayed;
