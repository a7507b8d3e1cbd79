//! Whether a server is new enough.

use crate::{
    RedisHostError,
    redis::link::{Failed, Link},
};

/// With 6.2 came the question which jobs were not heard of for how long.
const OLDEST: [u32; 2] = [6, 2];

/// Refuses a server that is too old. One that does not tell its version is taken.
pub(super) async fn check(link: &Link) -> Result<(), RedisHostError> {
    let asked = |mut connection| async move {
        redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await
    };
    let told: Result<String, Failed> = link.run(asked).await;
    match told.map(|info| version(&info)) {
        Ok(Some(version)) if version < OLDEST => Err(RedisHostError::TooOld {
            server: link.shown(),
            what: "acknowledging jobs (XPENDING … IDLE)",
            needs: "6.2",
        }),
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::debug!(%error, "a server did not tell its version");
            Ok(())
        }
    }
}

/// The first two numbers of `redis_version`, which Valkey has, too.
fn version(info: &str) -> Option<[u32; 2]> {
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"))?;
    let mut numbers = version.trim().split('.').map(str::parse);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_older_than_6_2_is_known_by_its_version() {
        for (told, known, old) in [
            ("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n", Some([7, 0]), false),
            ("redis_version:6.2.0\r\n", Some([6, 2]), false),
            ("redis_version:6.0.16\r\n", Some([6, 0]), true),
            ("redis_version:5.0.14\r\n", Some([5, 0]), true),
            ("redis_version:255.255.255\r\n", Some([255, 255]), false),
        ] {
            assert_eq!(version(told), known);
            assert_eq!(version(told).is_some_and(|version| version < OLDEST), old, "{told}");
        }
        assert_eq!(version("redis_version:unstable"), None);
        assert_eq!(version(""), None);
    }
}
