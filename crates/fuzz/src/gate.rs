//! The reader of commands, and the verdicts that rest on it.

use dam_gate::{Gate, Nobody, Request};
use dam_policy::{ApprovalPolicy, Decision, Places, Posture, Profile, SandboxMode, Sourced};
use dam_shell::Class;

use crate::Target;

/// Any script is read to an end, and what is no script is not safe.
pub(crate) const SHELL: Target = Target {
    name: "shell",
    run: |input| {
        let Ok(script) = std::str::from_utf8(input) else {
            return;
        };
        let argv = ["bash", "-c", script].map(str::to_owned);
        let _ = class_of(&dam_shell::analyse(&argv));
        let words: Vec<String> = script.split('\n').map(str::to_owned).collect();
        let _ = class_of(&dam_shell::analyse(&words));
    },
    seeds: SCRIPTS,
};

fn class_of(analysis: &dam_shell::Analysis) -> Class {
    let class = dam_shell::class(analysis).class;
    assert!(
        analysis.opaque.is_none() || class >= Class::Opaque,
        "what cannot be read is not known to be safe"
    );
    class
}

/// What holds of every verdict: a wish to leave the boundary is never granted
/// unasked, nor judged more mildly than staying.
pub(crate) const POLICY: Target = Target {
    name: "policy",
    run: |input| {
        let Ok(script) = std::str::from_utf8(input) else {
            return;
        };
        let request = |escalates: bool| Request::Command {
            argv: ["bash", "-lc", script].map(str::to_owned).to_vec(),
            cwd: "/w".into(),
            escalation: escalates.then(|| dam_policy::Escalation {
                justification: script.to_owned(),
            }),
        };
        let judge = |escalates| CONFINED.with(|gate| gate.judge(&request(escalates)).decision);
        let (stays, leaves) = (judge(false), judge(true));
        assert!(leaves != Decision::Allow, "left unasked");
        assert!(
            leaves >= stays || stays == Decision::Deny,
            "leaving is judged more mildly than staying"
        );
    },
    seeds: SCRIPTS,
};

thread_local! {
    static CONFINED: Gate = Gate::new(posture(SandboxMode::WorkspaceWrite), Box::new(Nobody));
}

fn posture(mode: SandboxMode) -> Posture {
    let places = Places {
        workspace_roots: vec!["/w".into()],
        home: Some("/home/alice".into()),
        ..Places::default()
    };
    Posture::new(
        Sourced::builtin(Profile::builtin(mode).resolve(&places)),
        Sourced::builtin(ApprovalPolicy::OnRequest),
    )
}

const SCRIPTS: &[&str] = &[
    "cargo test --offline -q 2>&1 | grep -oE 'left: .*' > out.txt; echo $?",
    "for f in $(git ls-files '*.rs'); do sed -i \"s/a/${b:-c}/\" \"$f\" && rm -- \"$f.bak\"; done",
    "if [[ -f a && ! -d b ]]; then case $x in a|b) echo 1;; *) exec sudo -u root env -i A=1 sh -c 'ls';; esac; fi",
    "cat <<'EOF' | python3 -\nimport os\nEOF\nf() { local x=rm; $x -rf \"$@\"; }; f /tmp/*.{a,b} &",
    "x=$((1 + 2 * ${#y})); a=(1 2 3); echo \"${a[@]:1:2}\" <(ls) $'\\x41' `date` <<< \"$x\" 3>&1 >&2",
    "find . -name '*.o' -exec rm {} + -o -print0 | xargs -0 -n1 timeout 5 bash -c 'echo \"$0\"'",
    "while read -r l; do :; done < <(base64 -d <<< cm0= | tr a-z A-Z); trap 'rm x' EXIT; eval \"$(printf %s ls)\"",
    "podman run --rm -it -\u{2cf}rivileged --volume /:/mnt alpine chroot /mnt /bin/sh",
    "git -c alias.x='!sh' x; ssh -o ProxyCommand=x h 'rm -rf ~'; docker run --rm -v /:/h a sh -c ls",
];
