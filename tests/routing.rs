//! Which path leads to which consumer.

use actix_web::{HttpResponse, web};
use channels_actix::{testing::TestServer, *};

use crate::support::{Client, channels};

/// Says how it was reached.
struct Sign(String);

impl WebsocketConsumer for Sign {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        socket.send_text(self.0.clone()).await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

fn sign(scope: &Scope) -> Result<Sign> {
    let params: Vec<_> = scope.params().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(Sign(params.join(" ")))
}

async fn reached(server: &TestServer, path: &str) -> String {
    Client::connect(&server.url(path)).await.next_text().await
}

#[tokio::test]
async fn parameters_are_typed_and_decoded() {
    let channels = channels()
        .websocket("/int/{id:int}/", sign)
        .websocket("/room/{room}/", sign)
        .websocket("/uuid/{id:uuid}/", sign)
        .websocket("/slug/<slug:name>/", sign)
        .websocket("/files/{rest:path}", sign);
    let server = TestServer::start(&channels);

    assert_eq!(reached(&server, "/int/42/").await, "id=42");
    assert_eq!(reached(&server, "/room/caf%C3%A9%20noir/?page=2").await, "room=café noir");
    assert_eq!(
        reached(&server, "/uuid/075194d3-6885-417e-a8a8-6c931e272f00/").await,
        "id=075194d3-6885-417e-a8a8-6c931e272f00"
    );
    assert_eq!(reached(&server, "/slug/a-b_1/").await, "name=a-b_1");
    assert_eq!(reached(&server, "/files/a/b/c").await, "rest=a/b/c");
    assert_eq!(Client::refused(&server.url("/int/x/"), &[]).await, 404);
}

#[tokio::test]
async fn nested_routes_have_the_parameters_of_all_levels() {
    let inner = Routes::new().websocket("thread/{thread:int}/", sign);
    let server = TestServer::start(&channels().nest("/ws/{room}/", inner));

    assert_eq!(reached(&server, "/ws/lobby/thread/7/").await, "room=lobby thread=7");
}

#[tokio::test]
async fn middleware_wraps_what_it_is_written_around_the_first_outermost() {
    struct Trail(Vec<&'static str>);
    fn step(name: &'static str) -> impl Middleware {
        from_fn(async move |mut scope: Scope, next: Next<'_>| {
            let mut trail = scope.get::<Trail>().map_or_else(Vec::new, |trail| trail.0.clone());
            trail.push(name);
            scope.insert(Trail(trail));
            next.run(scope).await
        })
    }
    let trail = |scope: &Scope| {
        Ok(Sign(scope.get::<Trail>().map_or_else(Vec::new, |trail| trail.0.clone()).join(" ")))
    };
    let inner = Routes::new().wrap(step("three")).websocket("inner/", trail);
    let channels =
        channels().wrap(step("one")).wrap(step("two")).websocket("/outer/", trail).nest("/", inner);
    let server = TestServer::start(&channels);

    assert_eq!(reached(&server, "/outer/").await, "one two");
    assert_eq!(reached(&server, "/inner/").await, "one two three");
}

#[tokio::test]
async fn a_path_that_no_route_fits_is_a_plain_404() {
    let server = TestServer::start(&channels().websocket("/ws/", sign));

    for path in ["/", "/ws", "/ws/more/", "/other/", "/ws/%FF/"] {
        assert_eq!(Client::refused(&server.url(path), &[]).await, 404, "{path}");
    }
}

#[tokio::test]
async fn the_routes_of_the_app_live_beside_ours() {
    let channels = channels().websocket("/ws/", sign);
    let server = TestServer::with(&channels, |config| {
        config
            .route("/teapot/", web::get().to(|| async { HttpResponse::ImATeapot().finish() }))
            .default_service(web::to(|| async { HttpResponse::PaymentRequired().finish() }));
    });

    assert_eq!(reached(&server, "/ws/").await, "");
    assert_eq!(Client::refused(&server.url("/teapot/"), &[]).await, 418);
    assert_eq!(Client::refused(&server.url("/nothing/"), &[]).await, 402);
}

#[tokio::test]
async fn a_group_name_that_cannot_be_is_4400() {
    let channels = channels().websocket("/ws/{room}/", |scope| {
        let room = Group::of("chat", scope.param::<String>("room")?)?;
        Ok(Sign(room.to_string()))
    });
    let server = TestServer::start(&channels);

    let mut client = Client::connect(&server.url("/ws/no%20spaces%20please/")).await;

    assert_eq!(client.closed().await, (4400, "bad name".to_owned()));
}

#[test]
#[should_panic(expected = "has two handlers")]
fn two_handlers_for_one_event_are_found_at_start_up() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Twice {}
    impl Event for Twice {
        const TYPE: &str = "test.twice";
    }
    struct Confused;
    impl WebsocketConsumer for Confused {
        fn events(on: &mut Handlers<Self>) {
            on.relay::<Twice>();
            on.relay::<Twice>();
        }

        async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
            Ok(())
        }
    }

    drop(channels().websocket("/", |_| Ok(Confused)));
}

#[test]
#[should_panic(expected = "{room")]
fn a_path_that_is_no_pattern_is_found_at_start_up() {
    drop(channels().websocket("/ws/{room/", sign));
}
