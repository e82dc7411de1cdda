//! The law of requirements: whatever was wanted, what comes of it keeps to
//! them; and to forbid more never allows more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dam_policy::{
    Access, Action, ApprovalName, ApprovalPolicy, CommandClass, CommandFacts, Containment,
    Decision, DenyRead, Escalation, FileRule, FileRules, Floor, Granular, Layer, Leaving,
    NetworkFloor, Origin, Place, Places, Posture, PrefixRule, Profile, Requirements,
    ResolvedProfile, ReviewerKind, ReviewerName, Rule, RuleDecision, SandboxMode, Sourced, Started,
    Token, Verdict, evaluate,
};
use proptest::prelude::*;

const MODES: [SandboxMode; 3] = [
    SandboxMode::ReadOnly,
    SandboxMode::WorkspaceWrite,
    SandboxMode::DangerFullAccess,
];

const NAMES: [ApprovalName; 5] = [
    ApprovalName::Untrusted,
    ApprovalName::OnRequest,
    ApprovalName::Granular,
    ApprovalName::OnFailure,
    ApprovalName::Never,
];

const PATHS: [&str; 9] = [
    "/w",
    "/w/a",
    "/w/a/key.env",
    "/w/key.env",
    "/w/a/b/c",
    "/home/alice",
    "/home/alice/.aws",
    "/srv",
    "/srv/x/key.env/y",
];

fn places() -> Places {
    Places {
        workspace_roots: vec!["/w".into()],
        ..Places::default()
    }
}

fn builtin(mode: SandboxMode) -> ResolvedProfile {
    Profile::builtin(mode).resolve(&places())
}

fn required(line: u32) -> Origin {
    Origin {
        layer: Layer::Requirements,
        file: Some("/etc/cofferdam/requirements.toml".into()),
        line: Some(line),
    }
}

/// A profile of a user's own: any rules on any of the paths.
fn profile() -> impl Strategy<Value = ResolvedProfile> {
    let access = prop::sample::select(vec![Access::Read, Access::Write, Access::Deny]);
    let rule = (prop::sample::select(PATHS.to_vec()), access);
    let rules = prop::collection::vec(rule, 0..5);
    (prop::sample::select(MODES.to_vec()), rules, any::<bool>()).prop_map(
        |(mode, rules, is_own)| {
            let mut profile = Profile::builtin(mode);
            if is_own && mode != SandboxMode::DangerFullAccess {
                "own".clone_into(&mut profile.name);
                let user = Origin::of(Layer::User);
                profile.files.extend(
                    rules.iter().map(|(path, access)| {
                        (Place::Absolute(path.into()), *access, user.clone())
                    }),
                );
            }
            profile.resolve(&places())
        },
    )
}

fn policy() -> impl Strategy<Value = ApprovalPolicy> {
    prop_oneof![
        Just(ApprovalPolicy::Untrusted),
        Just(ApprovalPolicy::OnFailure),
        Just(ApprovalPolicy::OnRequest),
        Just(ApprovalPolicy::Never),
        (any::<bool>(), any::<bool>()).prop_map(|(sandbox_approval, rules)| {
            ApprovalPolicy::Granular(Granular {
                sandbox_approval,
                rules,
                ..Granular::default()
            })
        }),
    ]
}

fn posture() -> impl Strategy<Value = Posture> {
    let rules = prop::collection::vec(own_rule(), 0..3);
    (profile(), policy(), any::<bool>(), rules).prop_map(|(profile, policy, is_there, rules)| {
        let mut posture = wanted(profile, policy);
        posture.rules.prefixes = rules;
        if !is_there {
            posture.reviewer = ReviewerKind::Nobody;
        }
        posture
    })
}

fn wanted(profile: ResolvedProfile, policy: ApprovalPolicy) -> Posture {
    Posture::new(
        Sourced::new(profile, Origin::of(Layer::Flag)),
        Sourced::new(policy, Origin::of(Layer::CommandLine)),
    )
}

/// A rule of the user's own, which may allow and let out.
fn own_rule() -> impl Strategy<Value = PrefixRule> {
    let decision = prop::sample::select(vec![
        RuleDecision::Unsandboxed,
        RuleDecision::Allow,
        RuleDecision::Prompt,
    ]);
    (rule(), decision).prop_map(|(rule, decision)| PrefixRule {
        decision,
        origin: Origin::of(Layer::User),
        ..rule
    })
}

fn some_of<T: Clone + Ord + std::fmt::Debug + 'static>(
    all: &[T],
) -> impl Strategy<Value = Option<BTreeSet<T>>> + use<T> {
    let some = prop::sample::subsequence(all.to_vec(), 1..=all.len());
    prop::option::of(some.prop_map(|some| some.into_iter().collect()))
}

fn denial() -> impl Strategy<Value = DenyRead> {
    let glob = prop::option::of(prop::sample::select(vec!["**/*.env", "*/key.*", "b/**"]));
    (prop::sample::select(PATHS.to_vec()), glob).prop_map(|(base, glob)| DenyRead {
        base: base.into(),
        glob: glob.map(|glob| glob.parse().expect("a pattern")),
        origin: required(5),
    })
}

fn rule() -> impl Strategy<Value = PrefixRule> {
    let decision = prop::sample::select(vec![RuleDecision::Prompt, RuleDecision::Forbidden]);
    (prop::sample::select(vec!["rm", "git", "cargo"]), decision).prop_map(|(word, decision)| {
        PrefixRule {
            pattern: vec![vec![word.to_owned()]],
            decision,
            justification: None,
            expires: None,
            origin: required(9),
        }
    })
}

fn requirements() -> impl Strategy<Value = Requirements> {
    let profiles = [":read-only", ":workspace", ":danger-full-access", "own"];
    let profiles = some_of(&profiles.map(str::to_owned));
    let lists = (
        some_of(&MODES),
        some_of(&NAMES),
        any::<Option<bool>>(),
        profiles,
    );
    let denials = prop::collection::vec(denial(), 0..3);
    let rules = prop::collection::vec(rule(), 0..3);
    (lists, denials, any::<bool>(), rules).prop_map(
        |((modes, policies, users, profiles), deny_read, is_off, rules)| Requirements {
            floor: Floor {
                sandbox_modes: modes.map(|mut modes| {
                    modes.insert(SandboxMode::ReadOnly);
                    Sourced::new(modes, required(1))
                }),
                approval_policies: policies.map(|names| Sourced::new(names, required(2))),
                reviewers: users.map(|user| {
                    let users = user.then_some(ReviewerName::User);
                    Sourced::new(users.into_iter().collect(), required(3))
                }),
                web_search_modes: None,
                deny_read,
                network: NetworkFloor {
                    off: is_off.then(|| required(4)),
                    ..NetworkFloor::default()
                },
            },
            profiles: profiles.map(|names| Sourced::new(names, required(6))),
            rules,
            ..Requirements::default()
        },
    )
}

fn instead() -> Vec<Sourced<ResolvedProfile>> {
    [SandboxMode::WorkspaceWrite, SandboxMode::ReadOnly]
        .map(|mode| Sourced::builtin(builtin(mode)))
        .into()
}

fn constrained(requirements: &Requirements, wanted: Posture) -> Option<Posture> {
    let result = requirements.constrain(wanted, &instead());
    result.ok().map(|(posture, _)| posture)
}

fn started(word: &str) -> CommandFacts {
    CommandFacts {
        class: CommandClass::Ordinary,
        because: String::new(),
        danger: None,
        programs: vec![word.to_owned()],
        paths: Vec::new(),
        writes: Vec::new(),
        starts: vec![Started {
            words: vec![Token::Known(word.to_owned())],
            class: CommandClass::Ordinary,
            decided_by: 1,
            carries: false,
        }],
        opaque: false,
        safer: None,
    }
}

fn commands() -> Vec<(Action, &'static str)> {
    let mut commands = Vec::new();
    for word in ["rm", "/bin/rm", "git", "ls"] {
        for leaves in [false, true] {
            let command = Action::Command {
                argv: vec![word.to_owned()],
                cwd: "/w".into(),
                facts: started(word),
                escalation: leaves.then(|| Escalation {
                    justification: "please".to_owned(),
                }),
            };
            commands.push((command, word));
        }
    }
    commands
}

fn actions() -> Vec<Action> {
    let mut actions = Vec::new();
    for path in PATHS {
        actions.push(Action::ReadFile { path: path.into() });
        actions.push(Action::WriteFile { path: path.into() });
    }
    actions.extend(commands().into_iter().map(|(action, _)| action));
    actions.push(Action::reach("example.com", 443));
    actions
}

/// Whether an act may happen now that could not before, or with fewer
/// questions. That the boundary holds it now, and it is not asked any more, is
/// not more.
fn is_more(before: &Verdict, after: &Verdict) -> bool {
    let is_held_now =
        before.containment == Containment::Open && after.containment == Containment::Boxed;
    after.decision < before.decision && !is_held_now
}

/// Whether a path lies below another, or matches, by plain comparison.
fn is_denied(floor: &Floor, path: &Path) -> bool {
    floor.deny_read.iter().any(|denied| match &denied.glob {
        None => path.starts_with(&denied.base),
        Some(glob) => path
            .strip_prefix(&denied.base)
            .is_ok_and(|below| glob.matches_path(below)),
    })
}

/// Every requirement, looked at from outside.
fn keeps_to(requirements: &Requirements, posture: &Posture) -> Result<(), TestCaseError> {
    let floor = &requirements.floor;
    let profile = &posture.profile.value;
    if let Some(modes) = &floor.sandbox_modes {
        let writes = profile.files.paths(Access::Write).next().is_some();
        let mode = match (profile.confined, writes) {
            (false, _) => SandboxMode::DangerFullAccess,
            (true, true) => SandboxMode::WorkspaceWrite,
            (true, false) => SandboxMode::ReadOnly,
        };
        prop_assert!(modes.value.contains(&mode), "{mode}");
    }
    if let Some(names) = &requirements.profiles {
        prop_assert!(names.value.contains(&profile.name), "{}", profile.name);
    }
    if let Some(names) = &floor.approval_policies {
        prop_assert!(names.value.contains(&posture.approval_policy.value.into()));
    }
    if floor
        .reviewers
        .as_ref()
        .is_some_and(|users| users.value.is_empty())
    {
        prop_assert_eq!(posture.reviewer, ReviewerKind::Nobody);
    }
    if !floor.deny_read.is_empty() || floor.network.off.is_some() {
        prop_assert!(profile.confined);
        prop_assert!(matches!(posture.held.leaving, Leaving::Never(_)));
    }
    for (action, word) in commands() {
        let verdict = evaluate(posture, &dam_policy::Circumstances::BOXED, &action);
        let rules = requirements.rules.iter();
        let strictest = rules.filter(|rule| rule.pattern[0][0] == word.trim_start_matches("/bin/"));
        match strictest.map(|rule| rule.decision).max() {
            Some(RuleDecision::Forbidden) => prop_assert_eq!(verdict.decision, Decision::Deny),
            Some(_) => prop_assert_ne!(verdict.decision, Decision::Allow),
            None => {}
        }
        let leaves = verdict.containment == Containment::Open && profile.confined;
        match posture.held.leaving {
            Leaving::Never(_) if leaves => prop_assert_eq!(verdict.decision, Decision::Deny),
            Leaving::Asked(_) if leaves => prop_assert_ne!(verdict.decision, Decision::Allow),
            _ => {}
        }
    }
    for path in PATHS.map(Path::new) {
        if is_denied(floor, path) {
            prop_assert!(
                !profile.files.may_read(path),
                "{} can be read",
                path.display()
            );
            prop_assert!(
                !profile.files.may_write(path),
                "{} is writable",
                path.display()
            );
            let action = Action::WriteFile { path: path.into() };
            prop_assert_eq!(
                evaluate(posture, &dam_policy::Circumstances::BOXED, &action).decision,
                Decision::Deny
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_that_is_wanted_weakens_a_requirement(
        wanted in posture(),
        requirements in requirements(),
    ) {
        if let Some(posture) = constrained(&requirements, wanted) {
            keeps_to(&requirements, &posture)?;
        }
    }

    #[test]
    fn what_keeps_to_everything_is_left_alone(
        wanted in posture(),
        requirements in requirements(),
    ) {
        if let Some(once) = constrained(&requirements, wanted) {
            let (twice, notices) = requirements.constrain(once.clone(), &[]).expect("it is allowed");
            prop_assert_eq!(notices, vec![]);
            prop_assert_eq!(twice, once);
        }
    }

    #[test]
    fn to_forbid_more_never_allows_more(
        wanted in posture(),
        requirements in requirements(),
        denial in prop::option::of(denial()),
        rule in prop::option::of(rule()),
        is_off in any::<bool>(),
    ) {
        let mut more = requirements.clone();
        more.floor.deny_read.extend(denial);
        more.rules.extend(rule);
        if is_off {
            more.floor.network.off = Some(required(7));
        }
        let before = constrained(&requirements, wanted.clone());
        let Some(after) = constrained(&more, wanted) else { return Ok(()) };
        let before = before.expect("what keeps to more keeps to less");
        for action in actions() {
            let (before, after) = (evaluate(&before, &dam_policy::Circumstances::BOXED, &action), evaluate(&after, &dam_policy::Circumstances::BOXED, &action));
            prop_assert!(!is_more(&before, &after), "{action:?}: {before:?}, {after:?}");
        }
    }

    #[test]
    fn two_floors_together_allow_what_both_allow(
        wanted in posture(),
        one in requirements(),
        other in requirements(),
    ) {
        let both = Requirements { profiles: one.profiles.clone(), ..one.clone() }
            .with_floor(other.floor.clone());
        let Some(posture) = constrained(&both, wanted) else { return Ok(()) };
        keeps_to(&one, &posture)?;
        keeps_to(&Requirements { profiles: None, rules: Vec::new(), ..other }, &posture)?;
    }
}

/// What becomes of one wish under one requirement.
fn outcome(floor: Floor, mode: SandboxMode, policy: ApprovalPolicy) -> String {
    let requirements = Requirements {
        floor,
        ..Requirements::default()
    };
    let wanted = wanted(builtin(mode), policy);
    match requirements.constrain(wanted, &instead()) {
        Ok((posture, _)) => format!(
            "{} {} {:?}",
            posture.profile.value.name, posture.approval_policy.value, posture.reviewer
        ),
        Err(unmet) => unmet.to_string(),
    }
}

#[test]
fn the_nearest_allowed_value_takes_the_place_of_what_is_not_allowed() {
    use ApprovalName::{Granular as Classes, Never, OnFailure, OnRequest, Untrusted};
    let modes = |modes: &[SandboxMode]| Floor {
        sandbox_modes: Some(Sourced::new(modes.iter().copied().collect(), required(1))),
        ..Floor::default()
    };
    let policies = |names: &[ApprovalName]| Floor {
        approval_policies: Some(Sourced::new(names.iter().copied().collect(), required(2))),
        ..Floor::default()
    };
    let full = SandboxMode::DangerFullAccess;
    let asked = ApprovalPolicy::OnRequest;
    let never = ApprovalPolicy::Never;
    let rows = [
        (modes(&MODES[..2]), full, never, ":workspace never User"),
        (modes(&MODES[..1]), full, never, ":read-only never User"),
        (
            modes(&[MODES[0], MODES[2]]),
            MODES[1],
            asked,
            ":read-only on-request User",
        ),
        (
            policies(&[Untrusted, OnRequest]),
            full,
            never,
            ":danger-full-access on-request User",
        ),
        (
            policies(&[Untrusted, Never]),
            MODES[0],
            asked,
            ":read-only untrusted User",
        ),
        (policies(&[Never]), MODES[0], asked, ":read-only never User"),
        (
            policies(&[Classes]),
            MODES[0],
            never,
            ":read-only granular User",
        ),
        (
            policies(&[OnFailure, Never]),
            MODES[0],
            asked,
            ":read-only on-failure User",
        ),
    ];
    for (floor, mode, policy, expected) in rows {
        assert_eq!(outcome(floor, mode, policy), expected);
    }
}

#[test]
fn what_is_denied_stays_denied_below_a_rule_that_grants_it() {
    let rule = |path: &str, access| FileRule {
        path: PathBuf::from(path),
        access,
        rule: Rule::builtin("files.path"),
        origin: Origin::of(Layer::User),
        what: String::new(),
    };
    let mut profile = builtin(SandboxMode::WorkspaceWrite);
    let mut rules: Vec<FileRule> = profile.files.iter().cloned().collect();
    rules.push(rule("/srv/secret/open", Access::Write));
    rules.push(rule("/w/key.env", Access::Read));
    profile.files = FileRules::new(rules, true);
    let wanted = wanted(profile, ApprovalPolicy::OnRequest);
    let denied = |base: &str, glob: Option<&str>| DenyRead {
        base: base.into(),
        glob: glob.map(|glob| glob.parse().expect("a pattern")),
        origin: required(1),
    };
    let requirements = Requirements {
        floor: Floor {
            deny_read: vec![denied("/srv/secret", None), denied("/", Some("**/*.env"))],
            ..Floor::default()
        },
        ..Requirements::default()
    };
    let before = &wanted.profile.value.files;
    assert!(before.may_write(Path::new("/srv/secret/open")));
    assert!(before.may_read(Path::new("/w/key.env")));
    let posture = constrained(&requirements, wanted.clone()).expect("it can be held");
    let files = &posture.profile.value.files;
    for path in [
        "/srv/secret",
        "/srv/secret/open/x",
        "/w/key.env",
        "/w/a/b.env",
    ] {
        assert!(!files.may_read(Path::new(path)), "{path}");
        let found = files.write(Path::new(path));
        assert_eq!(found.rule.as_str(), "requirements.deny-read", "{path}");
        assert_eq!(found.origin, required(1));
    }
    assert!(files.may_write(Path::new("/w/a")));
}
