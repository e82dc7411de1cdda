//! Applications in JavaScript.

use std::path::Path;

use crate::scene::{Scene, names};

crate::tests! {
    what_an_express_application_does_is_shown_and_what_looks_like_it_is_not
}

const APP: &str = include_str!("projects/express_app.js");

/// Where Debian keeps modules.
const MODULES: &str = "/usr/share/nodejs";

const SHOWN: &[&str] = &[
    "GET /api/search query q sql-injection",
    "GET /file/{name} path name path-traversal",
    "GET /go query next open-redirect",
    "GET /hello query name xss",
    "GET /reach query url ssrf",
    "GET /run query host command-injection",
    "POST /calculate form rate code-injection",
    "POST /calculate json rate code-injection",
];

fn what_an_express_application_does_is_shown_and_what_looks_like_it_is_not() {
    if !Path::new(MODULES).join("express").exists() {
        println!("skipped: the Debian package node-express is not installed");
        return;
    }
    let scene = Scene::new(&[("server.js", APP)]);
    let proved = scene.prove();
    let expected = SHOWN.iter().map(ToString::to_string).collect();
    assert_eq!(names(&proved), expected, "{:?}", proved.missing);
    assert_eq!(proved.acts, [], "an application does nothing hostile");
    let driven = proved.tried.iter().filter(|tried| tried.requests > 20);
    assert_eq!(
        driven
            .filter(|tried| tried.route.contains("/safe/"))
            .count(),
        6
    );
    let search = proved
        .shown
        .iter()
        .find(|shown| shown.route == "GET /api/search");
    let place = &search.expect("it").places[0];
    let line = APP
        .lines()
        .position(|line| line.contains("name = '\""))
        .expect("it")
        + 1;
    assert_eq!((place.0.as_str(), place.1 as usize), ("server.js", line));
}
