//! What settings say of secrets that are put in at the edge.

use dam_config::{SecretSettings, SecretSource};
use insta::assert_snapshot;

use crate::world::World;

const GOOD: &str = r#"
[secrets.forge]
file = "~/forge.token"
hosts = ["api.example.com", "127.0.0.1:8080"]
env = "FORGE_TOKEN"
format = "Bearer {}"
[secrets.registry]
keyring = { service = "registry", account = "me" }
header = "X-Token"
hosts = ["*.example.org"]
env = "REGISTRY_TOKEN"
[secrets.third]
command = ["/usr/bin/pass", "show", "show"]
hosts = ["example.net"]
env = "THIRD"
"#;

fn secrets(text: &str) -> Vec<SecretSettings> {
    let world = World::new();
    world.user(text);
    world.settings().secrets
}

#[test]
fn a_secret_says_where_it_is_and_who_gets_it() {
    let world = World::new();
    world.user(GOOD);
    let settings = world.settings();
    let [forge, registry, third] = settings.secrets.as_slice() else {
        panic!("{:?}", settings.secrets);
    };
    let file = world.path("me/forge.token");
    assert_eq!(forge.source, SecretSource::File(file.clone()));
    assert_eq!(
        (forge.header.as_str(), forge.format.as_str()),
        ("Authorization", "Bearer {}")
    );
    let hosts: Vec<String> = forge.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["api.example.com", "127.0.0.1:8080"]);
    let SecretSource::Keyring(attributes) = &registry.source else {
        panic!("{registry:?}");
    };
    assert_eq!(attributes["service"], "registry");
    assert_eq!(
        (registry.header.as_str(), registry.format.as_str()),
        ("X-Token", "{}")
    );
    let words = ["/usr/bin/pass", "show", "show"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(third.source, SecretSource::Command(words));
    // No command reads the file.
    assert!(!settings.posture.profile.value.files.may_read(&file));
    assert!(secrets("").is_empty());
}

#[test]
fn what_is_left_open_or_said_twice_is_refused() {
    let refused = |text: &str| World::refusal_of(&format!("[secrets.x]\n{text}\n"));
    assert_snapshot!(refused("hosts = [\"a.example\"]\nenv = \"X\""), @r#"
    user:3:7: [secrets.x] has no value
      env = "X"
            ^^^
    hint: say where it is: `file`, `command` or `keyring`
    "#);
    assert_snapshot!(refused("file = \"/x\"\nenv = \"X\""), @r#"
    user:3:7: [secrets.x] has no `hosts`
      env = "X"
            ^^^
    hint: name the hosts that get it
    "#);
    assert_snapshot!(refused("file = \"/x\"\nhosts = [\"a.example\"]"), @r#"
    user:2:8: [secrets.x] has no `env`
      file = "/x"
             ^^^^
    hint: name the variable that carries the placeholder, as in `env = "API_TOKEN"`
    "#);
    assert_snapshot!(refused("file = \"/x\"\ncommand = [\"/bin/x\"]\nhosts = [\"a.example\"]\nenv = \"X\""), @r#"
    user:3:11: [secrets.x] has its value at two places
      command = ["/bin/x"]
                ^^^^^^^^^^
    hint: keep one of `file`, `command` and `keyring`
    "#);
    assert_snapshot!(refused("file = \"/x\"\nhosts = [\"*\"]\nenv = \"X\""), @r#"
    user:3:10: `*` is every host
      hosts = ["*"]
               ^^^
    hint: name the hosts that it is for
    "#);
    assert_snapshot!(refused("command = [\"pass\"]\nhosts = [\"a.example\"]\nenv = \"X\""), @r#"
    user:2:11: `secrets.x.command` does not begin with a program
      command = ["pass"]
                ^^^^^^^^
    hint: write its absolute path first, as in `["/usr/bin/pass", "token"]`
    "#);
    assert_snapshot!(refused("file = \"/x\"\nhosts = [\"a.example\"]\nenv = \"X\"\nformat = \"Bearer\""), @r#"
    user:5:10: `secrets.x.format` has one `{}`
      format = "Bearer"
               ^^^^^^^^
    hint: as in `Bearer {}`: that is where the placeholder stands
    "#);
    assert_snapshot!(refused("value = \"hunter2hunter2\""), @r#"
    user:2:1: `value` is not a key of [secrets.x]
      value = "hunter2hunter2"
      ^^^^^
    hint: keys here: file, command, keyring, header, hosts, env, format
    "#);
}

#[test]
fn no_project_names_a_secret() {
    let world = World::new();
    world.trusting("");
    world.project(GOOD);
    assert_snapshot!(world.refusal(), @"
    @/project/.cofferdam/config.toml:2:2: a project may not set `secrets`
    hint: set it in your own config.toml
    ");
}
