use channels_actix::{testing::WebsocketCommunicator, *};
use futures_util::future::join_all;
use serde_json::json;

use super::{Site, jwt};
use crate::support::until;

#[actix_web::test]
async fn ten_thousand_connections_that_came_and_went_leave_nothing_behind() {
    let site = Site::new(TokenAuth::refresh_in_band);
    let tokens: Vec<_> = (0..100).map(|number| jwt(if number % 2 == 0 { 7 } else { 11 }, number)).collect();
    let visit = async |number: usize, path: String| {
        let mut tab = WebsocketCommunicator::connect(&site.channels, &path).await.unwrap();
        tab.receive_text().await;
        match number % 4 {
            0 => tab.vanish().await,
            1 => {
                let token = &tokens[(number + 2) % tokens.len()];
                tab.send_json(&json!({ "type": "authenticate", "token": token })).await;
                tab.receive_text().await;
                tab.disconnect().await;
            }
            _ => tab.disconnect().await,
        }
    };

    for _ in 0..100 {
        let paths = tokens.iter().map(|token| format!("/ws/?token={token}"));
        join_all(paths.enumerate().map(|(number, path)| visit(number, path))).await;
    }

    until("every place is given up", || site.revoker.connections() == 0).await;
    assert_eq!(site.channels.connections(), 0);
}
