//! What Django Channels says of names and capacities, as recorded in files that it wrote.

use std::{env, fs, path::PathBuf};

use channels_layer::{ChannelName, Group, Retention};
use serde_json::Value;

fn read(file: &str) -> Value {
    let directory = env::var_os("CHANNELS_VECTORS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/django/vectors").into(),
        PathBuf::from,
    );
    serde_json::from_str(&fs::read_to_string(directory.join(file)).unwrap()).unwrap()
}

fn list<'a>(vectors: &'a Value, name: &str) -> &'a [Value] {
    vectors[name].as_array().unwrap()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap().try_into().unwrap()
}

/// Django also takes digits of other scripts, their letters after the `!`, and a newline at the end. Those names
/// are refused here.
fn is_for_django_alone(name: &str) -> bool {
    !name.is_ascii() || name.ends_with('\n')
}

#[test]
fn vectors_of_names_get_the_same_answer_as_from_django() {
    let vectors = read("names.json");
    let mut compared = 0;

    for case in list(&vectors, "cases") {
        let name = case["name"].as_str().unwrap();
        let (channel, group) = (ChannelName::new(name).ok(), Group::named(name).ok());
        if is_for_django_alone(name) {
            assert_eq!((channel, group), (None, None), "{case}");
            continue;
        }
        // a process receives for all of its channels, on the part up to the `!`
        let receives = channel.as_ref().is_some_and(|channel| channel.non_local() == channel.as_str());
        assert_eq!(case["channel"], channel.is_some(), "{case}");
        assert_eq!(case["receive"], receives, "{case}");
        assert_eq!(case["group"], group.is_some(), "{case}");
        if let Some(channel) = channel {
            assert_eq!(case["non_local"], channel.non_local(), "{case}");
        }
        compared += 1;
    }
    assert!(compared >= 50, "only {compared} cases");
}

#[test]
fn vectors_of_capacities_get_the_same_answer_as_from_django() {
    let vectors = read("capacity.json");
    let mut retention = Retention::default().capacity(number(&vectors["capacity"]));
    for entry in list(&vectors, "channel_capacity") {
        let (pattern, capacity) = (entry["pattern"].as_str().unwrap(), number(&entry["capacity"]));
        retention = retention.channel_capacity(pattern, capacity).unwrap();
    }
    let mut compared = 0;

    for case in list(&vectors, "cases") {
        let name = case["channel"].as_str().unwrap();
        if is_for_django_alone(name) {
            continue;
        }
        let channel = ChannelName::new(name).unwrap();
        assert_eq!(number(&case["capacity"]), retention.capacity_of(&channel), "{case}");
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} cases");
}
