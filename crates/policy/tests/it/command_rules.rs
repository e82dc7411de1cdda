//! Rules for commands: what matches, what all rules come to, and laws that
//! hold for any rules and any command.

use dam_policy::Circumstances;
use dam_policy::{
    Action, ApprovalPolicy, CommandClass, CommandFacts, CommandRules, Containment, Decision,
    Escalation, Host, HostExecutable, HostRule, Origin, Places, Posture, PrefixRule, Profile,
    Protocol, ReviewerKind, RuleDecision, SandboxMode, Sourced, Started, Token, evaluate,
};
use proptest::prelude::*;

use RuleDecision::{Allow, Forbidden, Prompt, Unsandboxed};

fn rule(decision: RuleDecision, pattern: &str) -> PrefixRule {
    let word = |word: &str| word.split('|').map(str::to_owned).collect();
    PrefixRule {
        pattern: pattern.split(' ').map(word).collect(),
        decision,
        justification: None,
        expires: None,
        origin: Origin::BUILTIN,
    }
}

fn rules(prefixes: &[(RuleDecision, &str)]) -> CommandRules {
    CommandRules {
        prefixes: prefixes
            .iter()
            .map(|(said, what)| rule(*said, what))
            .collect(),
        ..CommandRules::default()
    }
}

/// `?` is one unknown word, `*` any number; what stands before is its prefix.
fn token(word: &str) -> Token {
    let unknown = |prefix: &str, many| Token::Unknown {
        prefix: prefix.to_owned(),
        many,
    };
    match (word.strip_suffix('?'), word.strip_suffix('*')) {
        (Some(prefix), _) => unknown(prefix, false),
        (_, Some(prefix)) => unknown(prefix, true),
        _ => Token::Known(word.to_owned()),
    }
}

fn started(words: &str) -> Started {
    let words: Vec<Token> = words.split(' ').map(token).collect();
    let class = match &words[0] {
        Token::Known(name) if name == "cat" => CommandClass::KnownSafe,
        Token::Known(name) if name == "rm" => CommandClass::Dangerous,
        Token::Known(_) => CommandClass::Ordinary,
        Token::Unknown { .. } => CommandClass::Opaque,
    };
    Started {
        decided_by: words.len().min(2),
        carries: words == [token("bash")],
        class,
        words,
    }
}

/// The parts of a command, with `;` between them.
fn facts(script: &str) -> CommandFacts {
    let starts: Vec<Started> = script.split("; ").map(started).collect();
    let class = starts.iter().map(|start| start.class).max();
    CommandFacts {
        class: class.unwrap_or(CommandClass::KnownSafe),
        because: "of x".to_owned(),
        danger: None,
        programs: Vec::new(),
        paths: Vec::new(),
        writes: Vec::new(),
        starts,
        opaque: false,
        safer: None,
    }
}

fn judged(rules: &CommandRules, script: &str) -> Option<RuleDecision> {
    rules.judge(&facts(script), |_| true).decision
}

#[test]
fn what_could_be_forbidden_is() {
    for (pattern, script, is_hit) in [
        ("rm", "rm -rf x", true),
        ("rm", "/bin/rm x", true),
        ("rm", "./rm x", true),
        ("rm", "rmdir x", false),
        ("rm", "echo rm", false),
        ("/bin/rm", "rm x", true),
        ("/bin/rm", "/usr/bin/../bin/rm x", true),
        ("/bin/rm", "/opt/rm x", false),
        ("rm", "? x", true),
        ("git push", "git push origin", true),
        ("git push", "git ? origin", true),
        ("git push", "git pu? origin", true),
        ("git push", "git st? origin", false),
        ("git push", "git", false),
        ("git push", "git *", true),
        ("git push", "git -c* push", true),
        ("git push", "git -c? push", false),
        ("git push", "? push", true),
        ("git push", "? pull", false),
        ("git push", "* pull", true),
        ("git push|send-email", "git send-email", true),
        ("git push|send-email", "git sen?", true),
        ("git push", "echo a; git push", true),
        ("bash", "bash; git status", true),
    ] {
        let wanted = is_hit.then_some(Forbidden);
        let found = judged(&rules(&[(Forbidden, pattern)]), script);
        assert_eq!(found, wanted, "{pattern}: {script}");
    }
}

#[test]
fn only_what_is_certain_is_allowed() {
    for (pattern, script, is_allowed) in [
        ("make", "make all", true),
        ("make", "/tmp/make all", false),
        ("make", "./make all", false),
        ("make", "?", false),
        ("make", "make ?", true),
        ("make all", "make ?", false),
        ("make all", "make *", false),
        ("make all|test", "make test", true),
        ("make", "make; npm i", false),
        ("make", "make; cat x", true),
        ("make", "cat x", false),
        ("make", "bash; make", true),
        ("make", "sudo; make", false),
        ("./make", "./make", false),
        ("/usr/bin/make", "/usr/bin/make", true),
        ("/usr/bin/make", "make", false),
        ("rm", "rm x", false),
        ("rm x", "rm x y", true),
    ] {
        let wanted = is_allowed.then_some(Allow);
        let found = judged(&rules(&[(Allow, pattern)]), script);
        assert_eq!(found, wanted, "{pattern}: {script}");
    }
}

#[test]
fn a_listed_path_counts_as_the_name() {
    let mut rules = rules(&[(Allow, "make")]);
    rules.executables.push(HostExecutable {
        name: "make".to_owned(),
        paths: vec!["/usr/bin/make".to_owned()],
        origin: Origin::BUILTIN,
    });
    assert_eq!(judged(&rules, "/usr/bin/make all"), Some(Allow));
    assert_eq!(judged(&rules, "/opt/bin/make all"), None);
    let facts = facts("/usr/bin/make all");
    let hits = rules.judge(&facts, |_| true).hits;
    assert_eq!(hits[0].resolved, Some("/usr/bin/make"));
}

#[test]
fn the_strictest_rule_wins_and_all_must_leave() {
    let all = rules(&[
        (Allow, "git"),
        (Prompt, "git push"),
        (Forbidden, "git push --force"),
        (Unsandboxed, "npm publish"),
        (Unsandboxed, "gh"),
        (Allow, "npm"),
    ]);
    for (script, wanted) in [
        ("git status", Some(Allow)),
        ("git push", Some(Prompt)),
        ("git push --force", Some(Forbidden)),
        ("git status; git push", Some(Prompt)),
        ("npm publish", Some(Unsandboxed)),
        ("npm publish; gh x", Some(Unsandboxed)),
        ("bash; npm publish", Some(Unsandboxed)),
        ("npm publish; npm test", Some(Allow)),
        ("npm publish; cat x", Some(Allow)),
        ("npm publish; make", None),
        ("npm publish; git push", Some(Prompt)),
    ] {
        assert_eq!(judged(&all, script), wanted, "{script}");
    }
}

#[test]
fn nothing_unknown_and_no_writing_elsewhere_is_allowed() {
    let rules = rules(&[(Allow, "make")]);
    let mut opaque = facts("make");
    opaque.opaque = true;
    assert_eq!(rules.judge(&opaque, |_| true).decision, None);
    let mut writes = facts("make");
    writes.writes.push("/etc/x".into());
    assert_eq!(rules.judge(&writes, |_| false).decision, None);
    assert_eq!(rules.judge(&writes, |_| true).decision, Some(Allow));
    // Danger in the whole is not in a program that could be named.
    let mut together = facts("make");
    together.class = CommandClass::Dangerous;
    assert_eq!(rules.judge(&together, |_| true).decision, None);
}

fn posture(mode: SandboxMode, policy: ApprovalPolicy, rules: CommandRules) -> Posture {
    let places = Places {
        workspace_roots: vec!["/w".into()],
        home: Some("/home/alice".into()),
        ..Places::default()
    };
    Posture {
        profile: Sourced::builtin(Profile::builtin(mode).resolve(&places)),
        approval_policy: Sourced::builtin(policy),
        reviewer: ReviewerKind::User,
        held: dam_policy::Held::default(),
        rules,
        flow: Sourced::default(),
    }
}

fn action(facts: CommandFacts, escalates: bool) -> Action {
    Action::Command {
        argv: vec!["x".to_owned()],
        cwd: "/w".into(),
        facts,
        escalation: escalates.then(|| Escalation {
            justification: "please".to_owned(),
        }),
    }
}

/// How far an action may go: refused, asked, or done in or out of the boundary.
fn reach(posture: &Posture, action: &Action) -> (std::cmp::Reverse<Decision>, bool) {
    let verdict = evaluate(posture, &Circumstances::BOXED, action);
    let is_open = verdict.containment == Containment::Open;
    (std::cmp::Reverse(verdict.decision), is_open)
}

#[test]
fn what_rules_make_of_a_command() {
    use Containment::{Boxed, Open};
    let all = rules(&[
        (Allow, "make"),
        (Allow, "rm x"),
        (Prompt, "npm"),
        (Forbidden, "curl"),
        (Unsandboxed, "gh"),
    ]);
    for (policy, script, escalates, wanted) in [
        (
            ApprovalPolicy::Untrusted,
            "make",
            false,
            (Decision::Allow, Boxed),
        ),
        (
            ApprovalPolicy::Untrusted,
            "cc",
            false,
            (Decision::Ask, Boxed),
        ),
        (
            ApprovalPolicy::OnRequest,
            "make",
            true,
            (Decision::Ask, Open),
        ),
        (
            ApprovalPolicy::OnRequest,
            "rm x",
            false,
            (Decision::Allow, Boxed),
        ),
        (
            ApprovalPolicy::OnRequest,
            "rm y",
            false,
            (Decision::Ask, Boxed),
        ),
        (
            ApprovalPolicy::Never,
            "rm x",
            false,
            (Decision::Allow, Boxed),
        ),
        (
            ApprovalPolicy::OnRequest,
            "npm",
            false,
            (Decision::Ask, Boxed),
        ),
        (
            ApprovalPolicy::OnRequest,
            "npm",
            true,
            (Decision::Ask, Open),
        ),
        (ApprovalPolicy::Never, "npm", false, (Decision::Deny, Boxed)),
        (
            ApprovalPolicy::OnRequest,
            "curl",
            true,
            (Decision::Deny, Boxed),
        ),
        (
            ApprovalPolicy::OnRequest,
            "gh",
            false,
            (Decision::Allow, Open),
        ),
        (
            ApprovalPolicy::OnRequest,
            "gh",
            true,
            (Decision::Allow, Open),
        ),
        (
            ApprovalPolicy::OnRequest,
            "gh; make",
            false,
            (Decision::Allow, Boxed),
        ),
        (
            ApprovalPolicy::OnRequest,
            "gh; make",
            true,
            (Decision::Ask, Open),
        ),
    ] {
        let posture = posture(SandboxMode::WorkspaceWrite, policy, all.clone());
        let verdict = evaluate(
            &posture,
            &Circumstances::BOXED,
            &action(facts(script), escalates),
        );
        let found = (verdict.decision, verdict.containment);
        assert_eq!(found, wanted, "{policy}: {script}, {escalates}");
    }
}

#[test]
fn what_a_rule_says_is_the_reason() {
    let mut all = rules(&[(Forbidden, "git push|send-email"), (Prompt, "make")]);
    all.prefixes[0].justification = Some("It leaves the machine.".to_owned());
    let posture = posture(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest, all);
    let said = |script| {
        let verdict = evaluate(
            &posture,
            &Circumstances::BOXED,
            &action(facts(script), false),
        );
        format!("{}: {}", verdict.rule, verdict.reason)
    };
    is_said(
        &said("git push"),
        "prefix_rule(git push|send-email): It leaves the machine",
    );
    is_said(
        &said("git ?"),
        "prefix_rule(git push|send-email): It leaves the machine (a word is unknown, and may be what the rule names)",
    );
    is_said(&said("make"), "prefix_rule(make): a rule says `prompt`");
    is_said(
        &said("* x"),
        "prefix_rule(git push|send-email): It leaves the machine (the program is unknown, and may be the one that the rule names)",
    );
}

#[track_caller]
fn is_said(found: &str, wanted: &str) {
    assert_eq!(found, wanted);
}

#[test]
fn hosts_are_compared_as_names_are() {
    let host = |decision, host: &str, protocol| HostRule {
        host: Host::alone(host).expect("a host"),
        port: None,
        protocol,
        decision,
        justification: None,
        expires: None,
        origin: Origin::BUILTIN,
    };
    let rules = CommandRules {
        hosts: vec![
            host(Allow, "API.example.com.", Some(Protocol::Https)),
            host(Forbidden, "bad.example", Some(Protocol::Http)),
            host(Prompt, "[::1]", None),
            host(Allow, "::1", None),
            host(Forbidden, "127.0.0.1", None),
            host(Forbidden, "b\u{fc}cher.example", None),
        ],
        ..CommandRules::default()
    };
    let said = |host, port| rules.for_host(host, port, None).map(|rule| rule.decision);
    assert_eq!(said("api.Example.com", 443), Some(Allow));
    assert_eq!(said("api.example.com", 80), None);
    assert_eq!(said("bad.example.", 9), Some(Forbidden));
    assert_eq!(said("::1", 80), Some(Prompt));
    assert_eq!(said("example.com", 443), None);
    for local in ["127.1", "0x7f000001", "[::ffff:127.0.0.1]"] {
        assert_eq!(said(local, 80), Some(Forbidden), "{local}");
    }
    assert_eq!(said("xn--bcher-kva.example", 80), Some(Forbidden));
    for text in ["", ".", "https://x", "x/y", "x:80", "a b", "*.x", "u@x"] {
        assert!(Host::alone(text).is_err(), "{text:?}");
    }
}

/// Words that meet each other often.
fn words() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "git", "push", "rm", "cat", "bash", "make", "/bin/rm", "x", "p?", "?", "*", "-f",
    ])
    .prop_map(str::to_owned)
}

fn scripts() -> impl Strategy<Value = CommandFacts> {
    let part = prop::collection::vec(words(), 1..4).prop_map(|words| words.join(" "));
    let parts = prop::collection::vec(part, 1..4).prop_map(|parts| facts(&parts.join("; ")));
    (parts, any::<bool>()).prop_map(|(facts, opaque)| CommandFacts { opaque, ..facts })
}

fn any_rule(decisions: Vec<RuleDecision>) -> impl Strategy<Value = PrefixRule> {
    let word = prop::collection::vec(
        prop::sample::select(vec![
            "git", "push", "rm", "cat", "make", "/bin/rm", "x", "-f",
        ]),
        1..3,
    );
    let pattern = prop::collection::vec(word, 1..4);
    (prop::sample::select(decisions), pattern).prop_map(|(decision, pattern)| PrefixRule {
        pattern: pattern
            .into_iter()
            .map(|word| word.into_iter().map(str::to_owned).collect())
            .collect(),
        ..rule(decision, "x")
    })
}

fn any_rules() -> impl Strategy<Value = CommandRules> {
    let all = vec![Unsandboxed, Allow, Prompt, Forbidden];
    prop::collection::vec(any_rule(all), 0..5).prop_map(|prefixes| CommandRules {
        prefixes,
        ..CommandRules::default()
    })
}

fn policies() -> impl Strategy<Value = ApprovalPolicy> {
    prop::sample::select(vec![
        ApprovalPolicy::Untrusted,
        ApprovalPolicy::OnFailure,
        ApprovalPolicy::OnRequest,
        ApprovalPolicy::Never,
    ])
}

fn modes() -> impl Strategy<Value = SandboxMode> {
    prop::sample::select(vec![
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ])
}

proptest! {
    #[test]
    fn a_strict_rule_more_never_allows_more(
        base in any_rules(),
        more in any_rule(vec![Prompt, Forbidden]),
        facts in scripts(),
        (mode, policy, escalates) in (modes(), policies(), any::<bool>()),
    ) {
        let action = action(facts, escalates);
        let before = reach(&posture(mode, policy, base.clone()), &action);
        let mut stricter = base;
        stricter.prefixes.push(more);
        let after = reach(&posture(mode, policy, stricter), &action);
        prop_assert!(after.0 <= before.0, "{before:?}, then {after:?}");
    }

    #[test]
    fn an_allow_never_lifts_a_denial_of_the_profile(
        base in any_rules(),
        more in any_rule(vec![Allow, Unsandboxed]),
        facts in scripts(),
        policy in policies(),
    ) {
        let facts = CommandFacts { paths: vec!["/home/alice/.ssh/id".into()], ..facts };
        let mut rules = base;
        rules.prefixes.push(more);
        let posture = posture(SandboxMode::WorkspaceWrite, policy, rules);
        let verdict = evaluate(&posture, &Circumstances::BOXED, &action(facts, false));
        prop_assert_ne!(verdict.decision, Decision::Allow);
    }

    #[test]
    fn an_allow_never_lifts_a_stricter_rule(
        base in any_rules(),
        more in any_rule(vec![Allow, Unsandboxed]),
        facts in scripts(),
    ) {
        let before = base.judge(&facts, |_| true).decision;
        let mut rules = base.clone();
        rules.prefixes.push(more);
        let after = rules.judge(&facts, |_| true).decision;
        if before >= Some(Prompt) {
            prop_assert_eq!(after, before);
        }
    }

    /// Whatever unknown words turn out to be, what is forbidden then is
    /// forbidden before.
    #[test]
    fn unknown_words_are_what_is_forbidden(
        rules in any_rule(vec![Forbidden]),
        known in prop::collection::vec(words(), 1..5),
        hidden in prop::collection::vec((any::<bool>(), 0usize..3), 5),
        many in (0usize..5, 0usize..4),
    ) {
        let known: Vec<String> = known.iter().map(|word| word.replace(['?', '*'], "y")).collect();
        let rules = CommandRules { prefixes: vec![rules], ..CommandRules::default() };
        let mut words: Vec<Token> = known
            .iter()
            .zip(hidden)
            .map(|(word, (hide, shown))| if hide {
                let prefix = word.chars().take(shown).collect();
                Token::Unknown { prefix, many: false }
            } else {
                Token::Known(word.clone())
            })
            .collect();
        // Some words in a row become one that may be several.
        let start = many.0.min(words.len());
        let end = (start + many.1).min(words.len());
        words.splice(start..end, [Token::Unknown { prefix: String::new(), many: true }]);
        let is_hit = |words: Vec<Token>| {
            let start = Started { words, ..started("x") };
            !rules.matching(0, &start).is_empty()
        };
        if is_hit(known.into_iter().map(Token::Known).collect()) {
            prop_assert!(is_hit(words));
        }
    }
}
