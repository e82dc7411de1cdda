//! Requirements and what layers and flags say against them: the nearest
//! allowed value, a notice with the file and the line, and nothing weaker.

use std::fmt::Write;

use dam_config::Options;
use dam_policy::{
    Action, ApprovalPolicy, Circumstances, Decision, Layer, Leaving, ReviewerKind, SandboxMode,
    ServerStart, WebSearchMode, evaluate,
};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::world::World;

/// What becomes of a session: profile, policy, reviewer, and what is said.
fn outcome(world: &World) -> String {
    match world.load() {
        Ok(settings) => {
            let posture = &settings.posture;
            let mut text = format!(
                "{} {} {:?}",
                posture.profile.value.name, posture.approval_policy.value, posture.reviewer
            );
            for notice in &settings.notices {
                write!(text, "\n    {}", world.short(notice)).expect("a string");
            }
            text
        }
        Err(_) => format!("refused: {}", world.refusal()),
    }
}

type Wish = (&'static str, fn(&mut World));

/// Everything that can say something against requirements.
const WISHES: &[Wish] = &[
    ("nothing said", |_| {}),
    ("user's file", |world| {
        world.user("sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"");
    }),
    ("administrator's own config.toml", |world| {
        world.system("sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"");
    }),
    ("trusted project", |world| {
        world.trusting("sandbox_mode = \"danger-full-access\"\n");
        world.project("approval_policy = \"never\"");
        world.options.sandbox_mode = Some(SandboxMode::ReadOnly);
    }),
    ("-c", |world| {
        world.typed(&["sandbox_mode=danger-full-access", "approval_policy=never"]);
    }),
    ("--sandbox and --ask-for-approval", |world| {
        world.options.sandbox_mode = Some(SandboxMode::DangerFullAccess);
        world.options.approval_policy = Some(ApprovalPolicy::Never);
    }),
    ("--full-auto", |world| world.options.full_auto = true),
    ("--dangerously-bypass-approvals-and-sandbox", |world| {
        world.options.yolo = true;
    }),
    ("default_permissions", |world| {
        world.user("default_permissions = \":danger-full-access\"");
    }),
    ("a profile of the user's own", |world| {
        world.user(
            "default_permissions = \"own\"\n[permissions.own]\nextends = \":workspace\"\n[permissions.own.filesystem]\n\"~\" = \"read\"\n\"~/secret/open\" = \"write\"",
        );
        world.dir("me/secret/open");
    }),
    ("--add-dir and --allow-git", |world| {
        world.options.sandbox_mode = Some(SandboxMode::WorkspaceWrite);
        let more = world.dir("more");
        world.options.add_dirs = vec![more];
        world.options.allow_git = true;
    }),
];

fn table(requirements: &str) -> String {
    let mut page = String::new();
    for (name, wish) in WISHES {
        let mut world = World::new();
        world.required(requirements);
        wish(&mut world);
        writeln!(page, "{name}: {}", outcome(&world)).expect("a string");
    }
    page
}

#[test]
fn allowed_sandbox_modes() {
    assert_snapshot!(table("allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]"), @r"
    nothing said: :workspace on-request User
    user's file: :workspace never User
        `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by @/etc/requirements.toml:1)
    administrator's own config.toml: :workspace never User
        `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by @/etc/requirements.toml:1)
    trusted project: :read-only never User
    -c: :workspace never User
        `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by @/etc/requirements.toml:1)
    --sandbox and --ask-for-approval: :workspace never User
        `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by @/etc/requirements.toml:1)
    --full-auto: :workspace on-request User
    --dangerously-bypass-approvals-and-sandbox: :workspace never User
        `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by @/etc/requirements.toml:1)
    default_permissions: :workspace on-request User
        `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by @/etc/requirements.toml:1)
    a profile of the user's own: own on-request User
    --add-dir and --allow-git: :workspace on-request User
    ");
    assert_snapshot!(table("allowed_sandbox_modes = [\"read-only\"]"), @r"
    nothing said: :read-only on-request User
        `workspace-write` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    user's file: :read-only never User
        `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    administrator's own config.toml: :read-only never User
        `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    trusted project: :read-only never User
    -c: :read-only never User
        `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    --sandbox and --ask-for-approval: :read-only never User
        `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    --full-auto: :read-only on-request User
        `workspace-write` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    --dangerously-bypass-approvals-and-sandbox: :read-only never User
        `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    default_permissions: :read-only on-request User
        `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    a profile of the user's own: :read-only on-request User
        the profile `own` is `workspace-write`, and only `read-only` is allowed: it is `:read-only` now (required by @/etc/requirements.toml:1)
    --add-dir and --allow-git: :read-only on-request User
        `--add-dir` and `--allow-git` have no effect in this session
        `workspace-write` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:1)
    ");
}

#[test]
fn allowed_approval_policies() {
    assert_snapshot!(table("allowed_approval_policies = [\"untrusted\", \"on-request\"]"), @r"
    nothing said: :workspace on-request User
    user's file: :danger-full-access on-request User
        `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by @/etc/requirements.toml:1)
    administrator's own config.toml: :danger-full-access on-request User
        `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by @/etc/requirements.toml:1)
    trusted project: :read-only on-request User
        `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by @/etc/requirements.toml:1)
    -c: :danger-full-access on-request User
        `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by @/etc/requirements.toml:1)
    --sandbox and --ask-for-approval: :danger-full-access on-request User
        `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by @/etc/requirements.toml:1)
    --full-auto: :workspace on-request User
    --dangerously-bypass-approvals-and-sandbox: :danger-full-access on-request User
        `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by @/etc/requirements.toml:1)
    default_permissions: :danger-full-access on-request User
    a profile of the user's own: own on-request User
    --add-dir and --allow-git: :workspace on-request User
    ");
}

#[test]
fn allowed_approvals_reviewers() {
    assert_snapshot!(table("allowed_approvals_reviewers = [\"auto_review\"]"), @r"
    nothing said: :workspace on-request AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    user's file: :danger-full-access never AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    administrator's own config.toml: :danger-full-access never AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    trusted project: :read-only never AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    -c: :danger-full-access never AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    --sandbox and --ask-for-approval: :danger-full-access never AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    --full-auto: :workspace on-request AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    --dangerously-bypass-approvals-and-sandbox: :danger-full-access never AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    default_permissions: :danger-full-access on-request AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    a profile of the user's own: own on-request AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    --add-dir and --allow-git: :workspace on-request AutoReview
        `user` may not answer questions: it is `auto_review` now (required by @/etc/requirements.toml:1)
    ");
}

#[test]
fn allowed_permission_profiles() {
    let text = "default_permissions = \":read-only\"\n[allowed_permission_profiles]\n\":read-only\" = true\n\":workspace\" = true\n\":danger-full-access\" = false\n";
    assert_snapshot!(table(text), @r"
    nothing said: :read-only on-request User
    user's file: :read-only never User
        the profile `:danger-full-access` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    administrator's own config.toml: :read-only never User
        the profile `:danger-full-access` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    trusted project: :read-only never User
    -c: :read-only never User
        the profile `:danger-full-access` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    --sandbox and --ask-for-approval: :read-only never User
        the profile `:danger-full-access` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    --full-auto: :workspace on-request User
    --dangerously-bypass-approvals-and-sandbox: :read-only never User
        the profile `:danger-full-access` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    default_permissions: :read-only on-request User
        the profile `:danger-full-access` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    a profile of the user's own: :read-only on-request User
        the profile `own` is not allowed, only `:read-only`, `:workspace`: it is `:read-only` now (required by @/etc/requirements.toml:2)
    --add-dir and --allow-git: :workspace on-request User
    ");
}

#[test]
fn deny_read() {
    let text = "[permissions.filesystem]\ndeny_read = [\"~/secret\", \"/**/*.env\"]";
    assert_snapshot!(table(text), @r"
    nothing said: :workspace on-request User
    user's file: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:2)
    administrator's own config.toml: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:2)
    trusted project: :read-only never User
    -c: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:2)
    --sandbox and --ask-for-approval: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:2)
    --full-auto: :workspace on-request User
    --dangerously-bypass-approvals-and-sandbox: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:2)
    default_permissions: :workspace on-request User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:2)
    a profile of the user's own: own on-request User
    --add-dir and --allow-git: :workspace on-request User
    ");
    for (_, wish) in WISHES {
        let mut world = World::new();
        world.required(text);
        wish(&mut world);
        for path in [
            "me/secret",
            "me/secret/open/x",
            "project/.env",
            "project/a/b.env",
        ] {
            assert!(!world.may_read(path), "{path}");
            assert!(!world.may_write(path), "{path}");
        }
        assert!(world.may_read("project/x"));
    }
}

#[test]
fn rules() {
    let text = "[rules]\nprefix_rules = [\n  { pattern = [{ token = \"rm\" }], decision = \"forbidden\", justification = \"use git clean\" },\n  { pattern = [{ token = \"git\" }, { any_of = [\"push\", \"commit\"] }], decision = \"prompt\" },\n]";
    let world = World::new();
    world.required(text);
    let rules = world.settings().posture.rules.prefixes;
    let shown: Vec<String> = rules
        .iter()
        .map(|rule| {
            world.short(&format!(
                "{} {} {}",
                rule.name(),
                rule.decision,
                rule.origin
            ))
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    prefix_rule(rm) forbidden @/etc/requirements.toml:3
    prefix_rule(git push|commit) prompt @/etc/requirements.toml:4
    ");
    assert!(
        rules
            .iter()
            .all(|rule| rule.origin.layer == Layer::Requirements)
    );
}

#[test]
fn network() {
    let text = "[experimental_network]\nallowed_domains = [\"*.example.com\"]\ndenied_domains = [\"x.example.com\"]\nmanaged_allowed_domains_only = true";
    assert_snapshot!(table(text), @r"
    nothing said: :workspace on-request User
    user's file: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:4)
    administrator's own config.toml: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:4)
    trusted project: :read-only never User
    -c: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:4)
    --sandbox and --ask-for-approval: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:4)
    --full-auto: :workspace on-request User
    --dangerously-bypass-approvals-and-sandbox: :workspace never User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:4)
    default_permissions: :workspace on-request User
        a session without a boundary is not allowed, because nothing would hold what may not be read or reached: it is `:workspace` now (required by @/etc/requirements.toml:4)
    a profile of the user's own: own on-request User
    --add-dir and --allow-git: :workspace on-request User
    ");
    let world = World::new();
    world.required(text);
    let floor = world.settings().required.requirements.floor.network;
    assert_eq!(floor.allowed[0].value.to_string(), "*.example.com");
    assert_eq!(floor.denied[0].value.to_string(), "x.example.com");
    assert!(floor.only_allowed.is_some());
    // What allows alone limits nothing.
    let world = World::new();
    world.required(
        "[experimental_network]\nenabled = true\ndomains = { \"example.com\" = \"allow\" }",
    );
    assert!(
        world
            .settings()
            .required
            .requirements
            .floor
            .needs_boundary()
            .is_none()
    );
}

/// What this version has nothing of yet is held by there being nothing, and is
/// there to be asked by what comes.
#[test]
fn what_governs_what_is_not_there_yet() {
    let world = World::new();
    world.required(
        "allowed_web_search_modes = [\"cached\"]\nallow_managed_hooks_only = true\nguardian_policy_config = \"be strict\"\nenforce_residency = \"us\"\n[features]\nhooks = false\n[mcp_servers.docs.identity]\ncommand = \"docs-mcp\"\n[mcp_servers.far.identity]\nurl = { match = \"prefix\", value = \"https://mcp.example/\" }\n[mcp_servers.all.identity.command]\nexecutable = \"/usr/bin/x\"\nargs = [\"serve\", { match = \"prefix\", value = \"--in=\" }]",
    );
    let required = world.settings().required.requirements;
    assert!(required.allows_web_search(WebSearchMode::Disabled));
    assert!(required.allows_web_search(WebSearchMode::Cached));
    assert!(!required.allows_web_search(WebSearchMode::Live));
    assert_eq!(
        required.managed_hooks_only.as_ref().map(|only| only.value),
        Some(true)
    );
    assert_eq!(
        required
            .reviewer_policy
            .clone()
            .map(|text| text.value)
            .as_deref(),
        Some("be strict")
    );
    assert_eq!(
        required.residency.clone().map(|text| text.value).as_deref(),
        Some("us")
    );
    let by = |name: &str, executable: &str, args: &[&str]| {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let args = args.as_slice();
        required.allows_server(name, &ServerStart::Command { executable, args })
    };
    assert!(by("docs", "docs-mcp", &["anything"]));
    assert!(!by("other", "docs-mcp", &[]));
    assert!(!by("docs", "evil", &[]));
    assert!(by("all", "/usr/bin/x", &["serve", "--in=/w"]));
    assert!(!by("all", "/usr/bin/x", &["serve", "--in=/w", "--more"]));
    assert!(!by("all", "/usr/bin/x", &["--in=/w", "serve"]));
    let far = |url| required.allows_server("far", &ServerStart::Url(url));
    assert!(far("https://mcp.example/x"));
    assert!(!far("https://mcp.example.evil/x"));
}

#[test]
fn the_first_host_pattern_that_matches_counts() {
    let modes = |text: &str| {
        let mut world = World::new();
        world.required(&format!("allowed_sandbox_modes = [\"read-only\"]\n{text}"));
        world.options.yolo = true;
        outcome(&world).lines().next().expect("a line").to_owned()
    };
    let on = |patterns: &str, modes: &str| {
        format!(
            "[[remote_sandbox_config]]\nhostname_patterns = [{patterns}]\nallowed_sandbox_modes = [{modes}]\n"
        )
    };
    let wide = "\"read-only\", \"workspace-write\"";
    assert_eq!(modes(""), ":read-only never User");
    assert_eq!(
        modes(&on("\"*.dev.example\"", wide)),
        ":read-only never User"
    );
    assert_eq!(
        modes(&on("\"x\", \"BOX?.ci.*\"", wide)),
        ":workspace never User"
    );
    let two = format!("{}{}", on("\"box*\"", "\"read-only\""), on("\"*\"", wide));
    assert_eq!(modes(&two), ":read-only never User");
}

#[test]
fn the_administrators_profile_is_nobody_elses() {
    let text = "default_permissions = \"acme\"\n[allowed_permission_profiles]\nacme = true\n";
    let world = World::new();
    world.required(text);
    world.system(
        "[permissions.acme]\nextends = \"base\"\n[permissions.base]\nextends = \":read-only\"\n",
    );
    assert_snapshot!(outcome(&world), @"acme on-request User");
    world.user("default_permissions = \":workspace\"");
    assert_snapshot!(outcome(&world), @r"
    acme on-request User
        the profile `:workspace` is not allowed, only `acme`: it is `acme` now (required by @/etc/requirements.toml:2)
    ");
    world.user("[permissions.acme.filesystem]\n\"~\" = \"write\"");
    assert_snapshot!(outcome(&world), @r#"
    refused: user:2:7: the profile `acme` is allowed by @/etc/requirements.toml:2, so only an administrator may say what is in it
      "~" = "write"
            ^^^^^^^
    hint: give a profile of your own another name
    "#);
    world.user("[permissions.base.filesystem]\n\"~\" = \"write\"");
    assert_snapshot!(outcome(&world), @r#"
    refused: user:2:7: the profile `base` is allowed by @/etc/requirements.toml:2, so only an administrator may say what is in it
      "~" = "write"
            ^^^^^^^
    hint: give a profile of your own another name
    "#);
    // It is chosen where nobody chose, and the layers say so.
    let world = World::new();
    world.required("default_permissions = \":read-only\"");
    let (value, origin) = world.entry("sandbox_mode").expect("a value");
    assert_eq!(value, "\"read-only\"");
    assert_eq!((origin.layer, origin.line), (Layer::Requirements, Some(1)));
}

#[test]
fn a_variable_does_not_move_what_may_not_be_read() {
    let mut world = World::new();
    let uid = rustix::process::getuid().as_raw();
    world.write("passwd", &format!("me:x:{uid}:{uid}::@/me:/bin/sh\n"));
    world.dir("me/secret");
    world.dir("elsewhere");
    world.required("[permissions.filesystem]\ndeny_read = [\"~/secret\"]");
    world.surroundings.home = Some(world.path("elsewhere"));
    assert!(!world.may_read("me/secret/x"));
    assert!(!world.may_read("elsewhere/secret/x"));
    // Nor does a link: what it leads to is meant, too.
    let world = World::new();
    world.dir("real");
    world.link("me/secret", world.path("real"));
    world.required("[permissions.filesystem]\ndeny_read = [\"~/secret\"]");
    assert!(!world.may_read("real/x"));
}

#[test]
fn nothing_leaves_the_boundary_that_alone_holds_what_is_required() {
    let leaving = |text: &str| {
        let world = World::new();
        world.required(text);
        world.settings().posture.held.leaving
    };
    let is_asked = |leaving| matches!(leaving, Leaving::Asked(_));
    let is_never = |leaving| matches!(leaving, Leaving::Never(_));
    assert_eq!(leaving(""), Leaving::Free);
    assert!(is_asked(leaving("allowed_sandbox_modes = [\"read-only\"]")));
    assert!(is_never(leaving(
        "[permissions.filesystem]\ndeny_read = [\"~/x\"]"
    )));
    assert!(is_never(leaving("[experimental_network]\nenabled = false")));
}

fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]",
        "allowed_sandbox_modes = [\"read-only\"]",
        "allowed_approval_policies = [\"untrusted\"]",
        "allowed_approvals_reviewers = []",
        "permissions.filesystem.deny_read = [\"~/secret\", \"/**/*.env\"]",
        "experimental_network.enabled = false",
        "rules.prefix_rules = [{ pattern = [{ token = \"rm\" }], decision = \"forbidden\" }]",
        "allowed_permission_profiles = { \":read-only\" = true, \":workspace\" = true }",
        "default_permissions = \":read-only\"",
        "sensitivity = { unknown = \"regulated\", floors = { internal = { allowed_sandbox_modes = [\"read-only\"] } } }",
    ])
}

fn layer() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "sandbox_mode = \"danger-full-access\"",
        "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nwritable_roots = [\"@/more\"]",
        "approval_policy = \"never\"",
        "default_permissions = \"own\"\n[permissions.own.filesystem]\n\":root\" = \"read\"\n\"~/secret\" = \"write\"\n\":workspace_roots\" = \"write\"",
        "default_permissions = \":danger-full-access\"\napproval_policy = \"untrusted\"",
        "[sensitivity]\nunknown = \"public\"",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_layer_and_no_flag_weakens_a_requirement(
        required in prop::collection::btree_set(fragment(), 1..4),
        system in layer(),
        user in layer(),
        typed in prop::sample::subsequence(
            vec!["sandbox_mode=danger-full-access", "approval_policy=never", "sensitivity={unknown=\"public\"}"], 0..3),
        flags in (any::<bool>(), any::<bool>(), prop::option::of(prop::sample::select(vec![
            SandboxMode::ReadOnly, SandboxMode::WorkspaceWrite, SandboxMode::DangerFullAccess]))),
    ) {
        let mut world = World::new();
        world.dir("me/secret");
        world.dir("more");
        world.required(&required.iter().copied().collect::<Vec<_>>().join("\n"));
        world.system(system);
        world.user(user);
        world.typed(&typed);
        let (yolo, adds, mode) = flags;
        world.options = Options {
            yolo,
            sandbox_mode: mode.filter(|_| !yolo),
            add_dirs: if adds { vec![world.path("more")] } else { Vec::new() },
            ..world.options.clone()
        };
        // What contradicts itself is refused, which weakens nothing.
        let Ok(settings) = world.load() else { return Ok(()) };
        let posture = settings.posture;
        let says = |text: &str| required.iter().any(|said| said.contains(text));
        let profile = &posture.profile.value;
        let mode = profile.mode();
        if says("allowed_sandbox_modes = [\"read-only\"]") {
            prop_assert_eq!(mode, SandboxMode::ReadOnly);
        }
        if says("allowed_sandbox_modes") || says("deny_read") || says("enabled = false") || says("profiles") {
            prop_assert!(profile.confined);
        }
        if says("policies = [\"untrusted\"]") {
            prop_assert_eq!(posture.approval_policy.value, ApprovalPolicy::Untrusted);
        }
        if says("reviewers = []") {
            prop_assert_eq!(posture.reviewer, ReviewerKind::Nobody);
        }
        if says("profiles = {") {
            prop_assert!([":read-only", ":workspace"].contains(&profile.name.as_str()));
        }
        if says("deny_read") {
            for path in ["me/secret/x", "project/x.env"] {
                let path = world.path(path);
                for action in [Action::ReadFile { path: path.clone() }, Action::WriteFile { path }] {
                    prop_assert_eq!(evaluate(&posture, &Circumstances::BOXED, &action).decision, Decision::Deny);
                }
            }
        }
        if says("prefix_rules") {
            prop_assert!(posture.rules.prefixes.iter().any(|rule| rule.pattern[0][0] == "rm"));
        }
        if says("sensitivity") {
            let class = posture.held.class.expect("a class");
            prop_assert_eq!(class.name, "regulated");
        }
    }
}
