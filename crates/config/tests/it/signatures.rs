//! Signed requirements: where a key is pinned, nothing else counts.

use dam_config::signature::{self, BadKey, keygen, keys, serial, sign, verify};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::world::World;

const TEXT: &str = "# ours\nallowed_sandbox_modes = [\"read-only\"]\n";

/// A machine where this key is pinned.
fn pinned(public: &str) -> World {
    let world = World::new();
    world.write("etc/requirements.pub", public);
    world
}

fn signed(text: &str, serial: u64, secret: &str) -> String {
    sign(text, serial, secret).expect("a signature").0
}

#[test]
fn where_a_key_is_pinned_nothing_else_counts() {
    let (secret, public) = keygen().expect("keys");
    let (other, _) = keygen().expect("keys");
    let world = pinned(&public);
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.toml does not count: there is no such file, and @/etc/requirements.pub pins a key
    hint: ask your administrator; `dam requirements verify` says what is in force
    ");
    world.required(TEXT);
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.toml does not count: it is not signed, and a key is pinned
    hint: ask your administrator; `dam requirements verify` says what is in force
    ");
    world.required(&signed(TEXT, 1, &other));
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.toml does not count: its signature was not made by a pinned key for what it says
    hint: ask your administrator; `dam requirements verify` says what is in force
    ");
    let good = signed(TEXT, 7, &secret);
    world.required(&good.replace("ours", "mine"));
    assert!(world.refusal().contains("was not made by a pinned key"));
    world.required(&good.replace("serial=7", "serial=8"));
    assert!(world.refusal().contains("was not made by a pinned key"));
    world.required(&good.replace("v1 serial", "v1  serial"));
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.toml does not count: its signature cannot be read
    hint: ask your administrator; `dam requirements verify` says what is in force
    ");
    world.required(&good);
    let required = world.settings().required;
    assert_eq!(required.signed.expect("it is signed").serial, 7);
    // The line of a value is the line in the file, the signature's included.
    let modes = required.requirements.floor.sandbox_modes.expect("modes");
    assert_eq!(modes.origin.line, Some(3));
    // Without a pinned key a signature is a comment.
    let world = World::new();
    world.required(&good.replace("ours", "mine"));
    assert_eq!(world.settings().required.signed, None);
}

#[test]
fn an_older_file_does_not_count_again() {
    let (secret, public) = keygen().expect("keys");
    let world = pinned(&public);
    let file = |serial| world.required(&signed(TEXT, serial, &secret));
    let state = world.path("me/.local/state/cofferdam");
    file(3);
    let first = world.settings().required.signed.expect("it is signed");
    // Looking remembers nothing.
    assert!(!state.exists());
    signature::remember(&state, &first).expect("it is remembered");
    world.load().expect("the same counts again");
    file(2);
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.toml does not count: it is older than what was in force: its serial number is 2, and 3 was seen
    hint: ask your administrator; `dam requirements verify` says what is in force
    ");
    file(4);
    let next = world.settings().required.signed.expect("it is signed");
    signature::remember(&state, &next).expect("it is remembered");
    signature::remember(&state, &first).expect("nothing is to be done");
    file(3);
    assert!(
        world.refusal().contains("3, and 4 was seen"),
        "{}",
        world.refusal()
    );
    // For a user who has seen nothing yet, the pin can say it.
    std::fs::remove_dir_all(&state).expect("it was there");
    world.load().expect("nothing was seen");
    world.write(
        "etc/requirements.pub",
        &format!("least-serial: 4\n{public}"),
    );
    assert!(
        world.refusal().contains("3, and 4 was seen"),
        "{}",
        world.refusal()
    );
    world.write("me/.local/state/cofferdam/requirements-serial", "x");
    assert!(
        world.refusal().contains("requirements-serial"),
        "{}",
        world.refusal()
    );
}

#[test]
fn signing_again_takes_the_place_of_a_signature() {
    let (secret, public) = keygen().expect("keys");
    let keys = keys(&public).expect("a key");
    let (once, first) = sign(TEXT, 1, &secret).expect("a signature");
    let (twice, second) = sign(&once, 2, &secret).expect("a signature");
    assert_eq!(serial(TEXT), None);
    assert_eq!((serial(&once), serial(&twice)), (Some(1), Some(2)));
    assert_eq!(twice.matches("cofferdam-signature").count(), 1);
    assert_eq!(verify(&twice, &keys), Ok(second));
    assert_eq!(verify(&once, &keys), Ok(first));
}

#[test]
fn several_keys_can_be_pinned_and_what_is_no_key_is_refused() {
    let (old, old_public) = keygen().expect("keys");
    let (new, new_public) = keygen().expect("keys");
    let both = keys(&format!("# two\n{old_public}\n{new_public}")).expect("keys");
    for secret in [&old, &new] {
        assert!(verify(&signed(TEXT, 1, secret), &both).is_ok());
    }
    assert_eq!(keys(""), Err(BadKey::NotPem("PUBLIC KEY")));
    assert_eq!(keys(&old), Err(BadKey::NotPem("PUBLIC KEY")));
    assert_eq!(keys(&format!("{new_public}hello\n")), Err(BadKey::Line(4)));
    let other = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(keys(other), Err(BadKey::NotEd25519));
    assert_eq!(
        sign(TEXT, 1, &old_public),
        Err(BadKey::NotPem("PRIVATE KEY"))
    );
    let world = pinned(other);
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.pub does not count: it is not an Ed25519 key
    hint: ask your administrator; `dam requirements verify` says what is in force
    ");
}

/// What another program makes, so that keys can be kept with it: the first test
/// vector of RFC 8032 in its form.
#[test]
fn keys_of_openssl_are_keys() {
    let secret = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let keys = keys(public).expect("a key");
    assert!(verify(&signed(TEXT, 1, secret), &keys).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_other_text_has_the_signature(at in any::<prop::sample::Index>(), byte in 1u8..128) {
        let (secret, public) = keygen().expect("keys");
        let keys = keys(&public).expect("a key");
        let mut bytes = signed(TEXT, 1, &secret).into_bytes();
        let before = bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] = (bytes[at] + byte) % 128;
        let is_name = String::from_utf8_lossy(&before[..at]).ends_with("key=")
            || String::from_utf8_lossy(&before[..at]).rsplit("key=").next()
                .is_some_and(|rest| rest.len() < 16 && at < 80);
        if let Ok(text) = String::from_utf8(bytes) && !is_name {
            prop_assert!(verify(&text, &keys).is_err(), "{text}");
        }
    }
}
