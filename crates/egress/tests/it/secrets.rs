//! Secrets: in one header, at named hosts, and in nothing that comes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dam_egress::{Authority, NetworkEvent, Secret, SecretUse, Value};

use crate::hosts::Host;
use crate::world::{Wanted, World, has};

const VALUE: &str = "tok3n-\"very\"/secret+value";

struct Scene {
    host: Host,
    other: Host,
    world: World,
    placeholder: String,
}

fn scene() -> Scene {
    let (host, other) = (Host::tls(&["api.example"]), Host::tls(&["other.example"]));
    let port = host.at.port();
    let pattern = format!("api.example:{port}").parse().unwrap();
    let secret = Secret::new("api", Value::new(VALUE), "Authorization", vec![pattern]).unwrap();
    let unused = Secret::new(
        "spare",
        Value::new("spare-value"),
        "X-Key",
        vec!["spare.example".parse().unwrap()],
    )
    .unwrap();
    let placeholder = secret.placeholder().to_owned();
    let roots = [host.authority.clone(), other.authority.clone()];
    let wanted = Wanted::default()
        .host("api.example", host.at)
        .host("other.example", other.at);
    let world = World::new(wanted.set(move |way| {
        way.authority = Some(Authority::new().unwrap());
        way.secrets = vec![secret, unused];
        for root in roots {
            way.trust(root.as_bytes()).unwrap();
        }
    }));
    Scene {
        host,
        other,
        world,
        placeholder,
    }
}

impl Scene {
    fn uses(&self) -> Vec<(String, SecretUse)> {
        let events = self.world.events();
        let uses = events.iter().filter_map(|event| match event {
            NetworkEvent::Secret { name, what, .. } => Some((name.clone(), *what)),
            _ => None,
        });
        uses.collect()
    }
}

#[test]
fn a_secret_arrives_at_its_host_and_comes_back_masked() {
    if !has("curl") {
        return;
    }
    let scene = scene();
    let url = format!("https://api.example:{}", scene.host.at.port());
    let bearer = format!("Authorization: Bearer {}", scene.placeholder);
    for version in ["--http1.1", "--http2"] {
        let answer = scene.world.curl_proxied(&[
            version,
            "-H",
            &bearer,
            "--compressed",
            &format!("{url}/head"),
        ]);
        let seen = scene.host.seen().pop().unwrap();
        assert!(
            seen.contains(&format!("authorization: Bearer {VALUE}\n")),
            "{seen}"
        );
        assert!(seen.contains("accept-encoding: identity"), "{seen}");
        assert!(
            !answer.out.contains(VALUE) && answer.out.contains("Bearer ****"),
            "{answer:?}"
        );
        assert!(!answer.out.contains(&scene.placeholder));
    }
    // As a password, as git sends it.
    let user = format!("me:{}", scene.placeholder);
    let answer = scene
        .world
        .curl_proxied(&["-u", &user, &format!("{url}/head")]);
    let encoded = STANDARD.encode(format!("me:{VALUE}"));
    assert!(scene.host.seen().pop().unwrap().contains(&encoded));
    assert!(
        !answer.out.contains(&encoded[8..encoded.len() - 8]),
        "{answer:?}"
    );
    assert_eq!(
        scene.uses(),
        [
            ("api".to_owned(), SecretUse::Inserted),
            ("api".to_owned(), SecretUse::Masked)
        ]
    );
}

#[test]
fn a_secret_in_pieces_in_trailers_and_in_headers_is_masked() {
    if !has("curl") {
        return;
    }
    let scene = scene();
    let url = format!("https://api.example:{}/pieces", scene.host.at.port());
    let said = format!("x-say: before {VALUE} after");
    for version in ["--http1.1", "--http2"] {
        let answer = scene
            .world
            .curl_proxied(&[version, "-H", "te: trailers", "-H", &said, &url]);
        assert!(!answer.out.contains("tok3n"), "{answer:?}");
        let cover = "*".repeat(VALUE.len());
        assert!(
            answer.out.contains(&format!("before {cover} after")),
            "{answer:?}"
        );
    }
    let coded = format!("https://api.example:{}/coded", scene.host.at.port());
    let answer = scene.world.curl_proxied(&[&coded]);
    assert!(
        answer.out.contains(" 502") && answer.out.contains("upstream-http"),
        "{answer:?}"
    );
}

#[test]
fn elsewhere_a_placeholder_stays_what_it_is_and_is_told_of() {
    if !has("curl") {
        return;
    }
    let scene = scene();
    let bearer = format!("Authorization: Bearer {}", scene.placeholder);
    let header = format!("X-Other: {}", scene.placeholder);
    let api = format!("https://api.example:{}", scene.host.at.port());
    let other = format!("https://other.example:{}", scene.other.at.port());
    let with_query = format!("{api}/?q={}", scene.placeholder);
    for options in [
        [bearer.as_str(), other.as_str()],
        [&header, &api],
        ["A: b", &with_query],
    ] {
        let answer = scene
            .world
            .curl_proxied(&["-k", "-H", options[0], options[1]]);
        assert!(answer.out.contains("hello"), "{answer:?}");
    }
    let seen = [scene.host.seen(), scene.other.seen()].concat().concat();
    assert!(!seen.contains(VALUE), "{seen}");
    let totals = scene.world.egress.finish();
    assert_eq!(totals.unused_secrets, ["api", "spare"]);
    let uses = scene.uses();
    assert!(
        uses.contains(&("api".to_owned(), SecretUse::Misdirected)),
        "{uses:?}"
    );
    assert!(
        uses.contains(&("spare".to_owned(), SecretUse::Unused)),
        "{uses:?}"
    );
}

#[test]
fn a_secret_does_not_travel_in_the_clear_unless_its_port_is_named() {
    if !has("curl") {
        return;
    }
    let host = Host::plain();
    let secret = |pattern: &str| {
        Secret::new(
            "api",
            Value::new(VALUE),
            "X-Key",
            vec![pattern.parse().unwrap()],
        )
        .unwrap()
    };
    for (pattern, arrives) in [
        ("api.example".to_owned(), false),
        (format!("api.example:{}", host.at.port()), true),
    ] {
        let secret = secret(&pattern);
        let key = format!("X-Key: {}", secret.placeholder());
        let world = World::new(
            Wanted::default()
                .host("api.example", host.at)
                .set(move |way| {
                    way.secrets = vec![secret];
                }),
        );
        world.curl_proxied(&[
            "-H",
            &key,
            &format!("http://api.example:{}/", host.at.port()),
        ]);
        assert_eq!(
            host.seen().pop().unwrap().contains(VALUE),
            arrives,
            "{pattern}"
        );
    }
}

#[test]
fn nothing_that_is_recorded_or_shown_has_the_value() {
    if !has("curl") {
        return;
    }
    let scene = scene();
    let bearer = format!("Authorization: Bearer {}", scene.placeholder);
    let url = format!("https://api.example:{}/head", scene.host.at.port());
    scene.world.curl_proxied(&["-H", &bearer, &url]);
    let totals = scene.world.egress.finish();
    let text = format!("{:?} {totals:?}", scene.world.events());
    let json = serde_json::to_string(&scene.world.events()).unwrap();
    assert!(!text.contains("tok3n") && !json.contains("tok3n"), "{text}");
    let secret = Secret::new(
        "a",
        Value::new(VALUE),
        "X",
        vec!["a.example".parse().unwrap()],
    )
    .unwrap();
    assert!(format!("{secret:?}").contains("[secret]") && !format!("{secret:?}").contains("tok3n"));
    assert!(
        Secret::new(
            "a",
            Value::new("a\nb"),
            "X",
            vec!["a.example".parse().unwrap()]
        )
        .is_err()
    );
}
