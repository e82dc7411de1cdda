//! `.rules` files: where they are found, what they may say, and what is said
//! of one that is wrong.

use std::os::unix::fs::PermissionsExt;

use dam_config::rules::{
    Answer, Day, Remember, RuleBook, Scope, Unremembered, forget, read_text, remember,
};
use dam_config::{ConfigError, dirs};
use dam_policy::{Layer, RuleDecision};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::world::World;

const USER: &str = "me/.config/cofferdam/rules/a.rules";
const PROJECT: &str = "project/.cofferdam/rules/a.rules";

fn today() -> Day {
    "2026-11-21".parse().expect("a day")
}

/// What a text says of a file that a user could have, or what is said of it.
pub fn read(text: &str) -> Result<RuleBook, ConfigError> {
    let file = read_text("/rules".as_ref(), text, today())?;
    Ok(RuleBook {
        files: vec![file],
        notices: Vec::new(),
    })
}

/// The decision on a program that `world` comes to, with its layer.
fn decisions(world: &World) -> Vec<(String, Layer)> {
    let rules = world.settings().posture.rules;
    let found = rules.prefixes.iter();
    found.map(|rule| (rule.name(), rule.origin.layer)).collect()
}

#[test]
fn rules_are_found_beside_each_layer() {
    let mut world = World::new();
    let rule = |name: &str| format!("prefix_rule(pattern = [\"{name}\"], decision = \"prompt\")\n");
    world.write("etc/rules/x.rules", &rule("system"));
    world.write("me/.config/cofferdam/rules/b.rules", &rule("second"));
    world.write(USER, &rule("first"));
    world.write("me/.config/cofferdam/rules/a.txt", "nonsense (");
    world.write(PROJECT, &rule("project"));
    world.write("project/in/.cofferdam/rules/a.rules", &rule("inner"));
    let given = world.write("given", &rule("given"));
    world.options.rules = vec![given];
    world.options.cd = world.path("project/in");
    let settings = world.settings();
    assert_eq!(settings.notices.len(), 2, "{:?}", settings.notices);
    let names = |found: Vec<(String, Layer)>| {
        let name = |(name, layer): (String, Layer)| format!("{name} {layer}");
        found.into_iter().map(name).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(names(decisions(&world)), @r"
    prefix_rule(system) system configuration
    prefix_rule(first) user configuration
    prefix_rule(second) user configuration
    prefix_rule(given) command line (-c)
    ");
    world.trusting("");
    assert_snapshot!(names(decisions(&world)), @r"
    prefix_rule(system) system configuration
    prefix_rule(first) user configuration
    prefix_rule(second) user configuration
    prefix_rule(project) project configuration
    prefix_rule(inner) project configuration
    prefix_rule(given) command line (-c)
    ");
    world.options.rules = vec![world.path("missing")];
    assert_snapshot!(world.refusal(), @"there is no file @/missing");
}

#[test]
fn a_file_that_is_wrong_stops_the_start() {
    let world = World::new();
    world.write(
        USER,
        "prefix_rule(pattern = [\"x\"], decision = \"never\")\n",
    );
    assert_snapshot!(world.refusal(), @r#"
    @/me/.config/cofferdam/rules/a.rules:1:1: `never` is no decision; use `allow`, `unsandboxed`, `prompt` or `forbidden`
      prefix_rule(pattern = ["x"], decision = "never")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    let world = World::new();
    let path = world.write(USER, "");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("its mode");
    assert_snapshot!(world.refusal(), @r"
    @/me/.config/cofferdam/rules/a.rules can be changed by other users, so it is not followed
    hint: `chmod go-w @/me/.config/cofferdam/rules/a.rules`
    ");
    let world = World::new();
    world.dir("me/.config/cofferdam/rules/a.rules");
    assert_snapshot!(world.refusal(), @"cannot read @/me/.config/cofferdam/rules/a.rules: it is not a file");
}

#[test]
fn a_project_may_not_open_the_boundary_or_say_where_programs_are() {
    let world = World::new();
    world.trusting("");
    world.write(
        PROJECT,
        "prefix_rule(pattern = [\"x\"], decision = \"unsandboxed\")\n",
    );
    assert_snapshot!(world.refusal(), @r#"
    @/project/.cofferdam/rules/a.rules:1:1: a project may not let commands leave the boundary; put this into your own rules
      prefix_rule(pattern = ["x"], decision = "unsandboxed")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    world.write(
        PROJECT,
        "host_executable(name = \"x\", paths = [\"/w/x\"])\n",
    );
    assert_snapshot!(world.refusal(), @r#"
    @/project/.cofferdam/rules/a.rules:1:1: a project may not say where programs are; put this into your own rules
      host_executable(name = "x", paths = ["/w/x"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn an_expired_rule_is_listed_and_does_not_count() {
    let text = "prefix_rule([\"x\"], expires = \"2026-11-20\")\nprefix_rule([\"y\"], expires = \"2026-11-21\")";
    let book = read(text).expect("it can be read");
    let expired: Vec<bool> = book.listed().map(|listed| listed.expired).collect();
    assert_eq!(expired, [true, false]);
    let counting: Vec<String> = book
        .rules()
        .prefixes
        .iter()
        .map(dam_policy::PrefixRule::name)
        .collect();
    assert_eq!(counting, ["prefix_rule(y)"]);
}

fn answer<'a>(
    world: &World,
    prefix: &'a [String],
    paths: &'a (std::path::PathBuf, std::path::PathBuf),
) -> Remember<'a> {
    let _ = world;
    Remember {
        prefix,
        decision: RuleDecision::Allow,
        scope: Scope::Project,
        lasts: Answer::Usual,
        question: "run `npm test`\nin the boundary?",
        by: "alice",
        today: today(),
        config: &paths.0,
        project: &paths.1,
    }
}

fn paths(world: &World) -> (std::path::PathBuf, std::path::PathBuf) {
    let dirs = dirs(&world.surroundings).expect("directories");
    (dirs.config, world.path("project"))
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn an_answer_is_a_rule_that_a_person_can_read_and_take_out() {
    let world = World::new();
    let paths = paths(&world);
    let prefix = words("npm test");
    let first = remember(&answer(&world, &prefix, &paths)).expect("it is remembered");
    assert!(first.file.starts_with(paths.0.join("rules/projects")));
    let mode = first
        .file
        .metadata()
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
    let text = std::fs::read_to_string(&first.file).expect("a text");
    assert_snapshot!(text.replace(&paths.1.display().to_string(), "<project>"), @r#"
    # Answers remembered for the project <project>.
    # `dam policy rules` lists them, `dam policy forget` takes one out.

    # 2026-11-21, by alice: run `npm test` in the boundary?
    prefix_rule(pattern = ["npm", "test"], decision = "allow", expires = "2026-12-21")
    "#);
    // The same again changes nothing.
    remember(&answer(&world, &prefix, &paths)).expect("it is remembered");
    assert_eq!(std::fs::read_to_string(&first.file).expect("a text"), text);
    let other = vec!["git".to_owned(), "a \"b\" \\ \n \u{202e}".to_owned()];
    remember(&answer(&world, &other, &paths)).expect("it is remembered");
    let settings = world.settings();
    let found = &settings.posture.rules.prefixes;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[1].pattern[1], [other[1].clone()]);
    assert_eq!(found[0].expires.as_deref(), Some("2026-12-21"));
    assert_eq!(found[0].origin.layer, Layer::User);
    let id = settings.rules.listed().next().expect("a rule").id();
    forget(&settings.rules, &id, &paths.0).expect("it is forgotten");
    let left = world.settings().posture.rules.prefixes;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].pattern[0], ["git"]);
    let gone = forget(&world.settings().rules, &id, &paths.0);
    assert!(matches!(gone, Err(Unremembered::NoRule(_))), "{gone:?}");
}

#[test]
fn what_was_remembered_for_one_project_is_not_for_another() {
    let mut world = World::new();
    let paths = paths(&world);
    let prefix = words("npm test");
    remember(&answer(&world, &prefix, &paths)).expect("it is remembered");
    world.options.cd = world.dir("other");
    assert_eq!(world.settings().posture.rules.prefixes, []);
}

#[test]
fn a_rule_that_a_person_wrote_is_left_to_that_person() {
    let world = World::new();
    world.write(USER, "prefix_rule([\"x\"])\n");
    let book = world.settings().rules;
    let id = book.listed().next().expect("a rule").id();
    let error = forget(&book, &id, &paths(&world).0).expect_err("it is not ours");
    assert!(error.to_string().ends_with("a.rules:1"), "{error}");
}

#[test]
fn too_much_is_not_remembered() {
    use RuleDecision::{Allow, Forbidden, Unsandboxed};
    use Scope::{Project, Repository, User};
    let world = World::new();
    let paths = paths(&world);
    let said = |prefix: &str, decision, scope, lasts| {
        let prefix = words(prefix);
        let answer = Remember {
            decision,
            scope,
            lasts,
            ..answer(&world, &prefix, &paths)
        };
        remember(&answer).map_or_else(
            |error| error.to_string(),
            |done| format!("{:?}", done.expires),
        )
    };
    assert_snapshot!(said("git", Allow, Project, Answer::Usual), @"`git` is not remembered: `git` does many things, and this does not say which");
    assert_snapshot!(said("sudo apt update", Allow, Project, Answer::Usual), @"`sudo apt update` is not remembered: `sudo` starts any other command");
    assert_snapshot!(said("python3 -c", Allow, Project, Answer::Usual), @"`python3 -c` is not remembered: `python3` runs any code that it is given");
    assert_snapshot!(said("./x", Allow, Project, Answer::Usual), @"`./x` is not remembered: what `./x` is depends on the directory");
    assert_snapshot!(said("gh", Unsandboxed, Project, Answer::Usual), @"`gh` is not remembered: `gh` does many things, and this does not say which");
    assert_snapshot!(said("gh pr", Unsandboxed, Project, Answer::ForEver), @"leaving the boundary is remembered for one project and until a day only");
    assert_snapshot!(said("gh pr", Unsandboxed, User, Answer::Usual), @"leaving the boundary is remembered for one project and until a day only");
    assert_snapshot!(said("gh pr", Unsandboxed, Project, Answer::Usual), @r#"Some("2026-12-21")"#);
    assert_snapshot!(said("git", Forbidden, User, Answer::ForEver), @"None");
    assert_snapshot!(said("make", Allow, Repository, Answer::Until(today())), @r#"Some("2026-11-21")"#);
}

#[test]
fn a_link_in_the_place_of_the_file_is_not_followed() {
    let world = World::new();
    let paths = paths(&world);
    let target = world.write("elsewhere", "");
    world.link("project/.cofferdam/rules/remembered.rules", &target);
    let prefix = words("make");
    let answer = Remember {
        scope: Scope::Repository,
        ..answer(&world, &prefix, &paths)
    };
    let error = remember(&answer).expect_err("it is a link");
    assert!(matches!(error, Unremembered::Unwritable { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(target).expect("a text"), "");
}

proptest! {
    // Each case makes a world of files.
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is remembered is read again as it was.
    #[test]
    fn any_words_are_remembered_as_they_are(word in "(?s).{0,30}") {
        let world = World::without_git();
        let paths = paths(&world);
        let prefix = vec!["make".to_owned(), word.clone()];
        remember(&answer(&world, &prefix, &paths)).expect("it is remembered");
        let rules = world.settings().posture.rules.prefixes;
        prop_assert_eq!(&rules[0].pattern[1], &vec![word]);
    }
}
