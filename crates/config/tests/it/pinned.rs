//! Trust is in content: what a digest covers, and what counts when it differs.

use std::os::unix::fs::PermissionsExt;

use dam_config::trust::{DifferenceKind, FILES, Record, TREES, Trust, scan};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::world::World;

/// Trusts the project as it is now.
fn pin(world: &World) {
    let settings = world.settings();
    let root = world.path("project");
    let content = scan(&root, &settings.dirs).unwrap_or_else(|error| panic!("{error}"));
    let record = Record::new(&root, content);
    record.write(&settings.dirs).expect("a record");
}

fn trust(world: &World) -> Trust {
    world.settings().project.trust
}

fn changed(world: &World) -> Vec<String> {
    match trust(world) {
        Trust::Changed(differences) => differences
            .iter()
            .map(|one| format!("{} {}", one.kind.word(), one.path))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_trusted_counts_until_it_changes() {
    let world = World::new();
    let path = world.project("model = \"theirs\"");
    assert_eq!(trust(&world), Trust::Unknown);
    pin(&world);
    assert_eq!(trust(&world), Trust::Same);
    assert!(world.settings().project.trusted);
    assert_eq!(
        world.settings().model.expect("the project's").value,
        "theirs"
    );
    world.project("model = \"other\"");
    assert_snapshot!(world.notices(), @"
    the project is not what was trusted: .cofferdam/config.toml was changed; none of its settings, rules and instructions counts until `dam trust` has shown you the difference
    @/project/.cofferdam/config.toml is not followed, because the project is not trusted
    ");
    let settings = world.settings();
    assert!(!settings.project.trusted && settings.model.is_none());
    let Trust::Changed(differences) = settings.project.trust else {
        panic!("it changed");
    };
    assert_eq!(differences[0].kind, DifferenceKind::Changed);
    assert_eq!(differences[0].before.as_deref(), Some("model = \"theirs\""));
    assert_eq!(differences[0].after.as_deref(), Some("model = \"other\""));
    // As it was, it is trusted as it was.
    world.project("model = \"theirs\"");
    assert_eq!(trust(&world), Trust::Same);
    std::fs::remove_file(path).expect("it was there");
    assert_eq!(changed(&world), ["removed .cofferdam/config.toml"]);
}

#[test]
fn everything_that_has_a_say_is_covered() {
    for name in FILES {
        let world = World::new();
        pin(&world);
        world.write(&format!("project/{name}"), "new");
        assert_eq!(changed(&world), [format!("added {name}")]);
    }
    for name in TREES {
        let world = World::new();
        pin(&world);
        world.write(&format!("project/{name}/skills/a/SKILL.md"), "new");
        assert_eq!(changed(&world), [format!("added {name}/skills/a/SKILL.md")]);
    }
    let world = World::new();
    pin(&world);
    world.write("project/README.md", "new");
    world.write("project/src/main.rs", "new");
    assert_eq!(trust(&world), Trust::Same);
}

#[test]
fn every_directory_on_the_way_is_covered_and_no_other_is_in_the_way() {
    let mut world = World::new();
    world.write("project/a/AGENTS.md", "one");
    world.write("project/b/AGENTS.md", "two");
    world.dir("project/a/deep");
    pin(&world);
    world.write("project/b/AGENTS.md", "changed");
    assert_eq!(trust(&world), Trust::Same);
    world.options.cd = world.path("project/a/deep");
    assert_eq!(trust(&world), Trust::Same);
    world.write("project/a/deep/CLAUDE.md", "new");
    assert_eq!(changed(&world), ["added a/deep/CLAUDE.md"]);
    world.options.cd = world.path("project/b");
    assert_eq!(changed(&world), ["changed b/AGENTS.md"]);
    // What is fetched is not gone through, and so not trusted.
    world.write("project/node_modules/x/AGENTS.md", "theirs");
    pin(&world);
    world.options.cd = world.path("project/node_modules/x");
    assert_eq!(changed(&world), ["added node_modules/x/AGENTS.md"]);
}

#[test]
fn what_the_settings_say_is_for_first_sight() {
    let world = World::new();
    world.trusting("");
    world.project("model = \"theirs\"");
    assert!(matches!(trust(&world), Trust::FirstSight(content) if content.files.len() == 1));
    pin(&world);
    assert_eq!(trust(&world), Trust::Same);
    world.project("model = \"other\"");
    assert_eq!(changed(&world), ["changed .cofferdam/config.toml"]);
    pin(&world);
    world.user("[projects.\"@/project\"]\ntrust_level = \"untrusted\"");
    assert_eq!(trust(&world), Trust::Refused);
    assert!(!world.settings().project.trusted);
    // Taken back, it is not met for the first time again.
    world.trusting("");
    let record = Record::revoked(&world.path("project"));
    record.write(&world.settings().dirs).expect("a record");
    assert_eq!(trust(&world), Trust::Revoked);
    assert!(!world.settings().project.trusted);
}

#[test]
fn links_do_not_lead_around_the_digest() {
    let unclear = |world: &World| match trust(world) {
        Trust::Unclear(why) => world.short(&why),
        other => panic!("{other:?}"),
    };
    // Inside, they are covered with what they lead to.
    let world = World::new();
    world.write("project/docs/agents.md", "one");
    world.link("project/AGENTS.md", "docs/agents.md");
    world.write("project/.agents/skills/a.md", "one");
    world.link("project/.claude/skills", "../.agents/skills");
    pin(&world);
    assert_eq!(trust(&world), Trust::Same);
    world.write("project/docs/agents.md", "two");
    world.write("project/.agents/skills/a.md", "two");
    assert_eq!(
        changed(&world),
        [
            "changed .agents/skills/a.md",
            "changed .claude/skills/a.md",
            "changed AGENTS.md"
        ]
    );
    // Out of the project, nothing covers them.
    for (from, to) in [
        (".mcp.json", "@/elsewhere/x"),
        (".cofferdam/rules/a.rules", "@/elsewhere/x"),
        (".claude", "@/elsewhere"),
        ("AGENTS.md", "nowhere"),
    ] {
        let world = World::new();
        world.trusting("");
        world.write("elsewhere/x", "theirs");
        world.link(
            &format!("project/{from}"),
            to.replace('@', &world.path("").display().to_string()),
        );
        assert!(unclear(&world).ends_with("it is a link that leads to nothing in the project"));
        assert!(!world.settings().project.trusted);
    }
    let world = World::new();
    world.trusting("");
    world.dir("project/.agents");
    world.link("project/.agents/again", ".");
    assert_snapshot!(unclear(&world).replace("/again", ""), @"@/project/.agents: it is a link that leads to nothing in the project");
    let world = World::new();
    world.trusting("");
    let pipe = world.dir("project/.agents").join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).expect("a pipe");
    assert_snapshot!(unclear(&world), @"@/project/.agents/pipe: it is neither a file nor a directory");
    assert_snapshot!(world.notices(), @"the project cannot be trusted: @/project/.agents/pipe: it is neither a file nor a directory");
}

#[test]
fn a_record_is_its_owners_alone_and_a_damaged_one_stops_the_start() {
    let world = World::new();
    pin(&world);
    let directory = world.settings().dirs.state.join("trust");
    let mode =
        |path: &std::path::Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let mut records = std::fs::read_dir(&directory).expect("records");
    let record = records.next().expect("one").expect("it can be read").path();
    assert!(records.next().is_none());
    assert_eq!(mode(&record), 0o600);
    let text = std::fs::read_to_string(&record).expect("text");
    std::fs::write(
        &record,
        text.replace(
            "\"files\":{}",
            "\"files\":{\"a\":{\"sha256\":\"b\",\"size\":1}}",
        ),
    )
    .expect("changed");
    let named = |text: String| {
        text.replace(
            &record
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            "RECORD",
        )
    };
    assert_snapshot!(named(world.refusal()), @"
    @/me/.local/state/cofferdam/trust/RECORD is no record of trust, or was damaged
    hint: remove it (`rm @/me/.local/state/cofferdam/trust/RECORD`), and look at the project again with `dam trust`
    ");
    std::fs::write(&record, text).expect("as it was");
    std::fs::set_permissions(&record, std::fs::Permissions::from_mode(0o666)).expect("open");
    assert_snapshot!(named(world.refusal()), @"
    @/me/.local/state/cofferdam/trust/RECORD can be changed by other users, so it is not followed
    hint: `chmod go-w @/me/.local/state/cofferdam/trust/RECORD`
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is done to what is covered, trust is there exactly as long as
    /// everything is as it was.
    #[test]
    fn trust_is_there_exactly_while_nothing_has_changed(
        before in prop::collection::btree_map(prop::sample::select(PLACES), "[ab]{0,2}", 0..4),
        after in prop::collection::btree_map(prop::sample::select(PLACES), "[ab]{0,2}", 0..4),
    ) {
        let world = World::new();
        let write = |files: &std::collections::BTreeMap<&str, String>| {
            for place in PLACES {
                let _absent = std::fs::remove_file(world.path(&format!("project/{place}")));
            }
            for (place, text) in files {
                world.write(&format!("project/{place}"), text);
            }
        };
        write(&before);
        pin(&world);
        prop_assert_eq!(trust(&world), Trust::Same);
        write(&after);
        let found = trust(&world);
        prop_assert_eq!(found.counts(), before == after, "{:?}", found);
    }
}

const PLACES: &[&str] = &[
    "AGENTS.md",
    "CLAUDE.md",
    ".mcp.json",
    ".cofferdam/hooks/a",
    ".agents/b",
];
