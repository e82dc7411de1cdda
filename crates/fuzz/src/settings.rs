//! The files that people write for us.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use dam_config::{ConfigError, Options, Settings, Surroundings, load};
use dam_policy::{ApprovalName, ReviewerKind, ReviewerName};

use crate::Target;

/// Any text as the user's `config.toml` gives settings or an error.
pub(crate) const CONFIG: Target = Target {
    name: "config",
    run: |input| {
        let _ = load_with(&[("me/.config/cofferdam/config.toml", input)], false);
    },
    seeds: &[
        "sandbox_mode = \"workspace-write\"\napproval_policy = \"on-request\"\n[sandbox_workspace_write]\nwritable_roots = [\"/x\"]\n",
        "default_permissions = \"a\"\n[permissions.a]\nextends = \":workspace\"\n[permissions.a.filesystem]\n\"~/x\" = \"write\"\n\"**/*.env\" = \"deny\"\n\":root\" = \"read\"\n",
        "[limits]\nmemory = \"1G\"\nprocesses = 10\n[shell_environment_policy]\ninherit = \"core\"\npass = [\"A*\"]\nset = { B = \"1\" }\n",
        "model = \"m\"\nmodel_provider = \"p\"\n[model_providers.p]\nname = \"x\"\nbase_url = \"http://127.0.0.1:1/v1\"\nenv_key = \"K\"\n[profiles.q]\nmodel = \"z\"\n[projects.\"/w\"]\ntrust_level = \"trusted\"\n",
        "[approval_policy]\ngranular = { sandbox_approval = true, rules = false, mcp_elicitations = false }\n",
    ],
};

/// Any text as a `.rules` file gives rules or an error.
pub(crate) const RULES: Target = Target {
    name: "rules",
    run: |input| {
        let _ = load_with(&[("me/.config/cofferdam/rules/mine.rules", input)], false);
    },
    seeds: &[
        "prefix_rule(pattern = [\"git\", [\"push\", \"send-email\"]], decision = \"prompt\", justification = \"it leaves\", match = [\"git push origin\", [\"git\", \"send-email\"]], not_match = [\"git pull\"])\n",
        "network_rule(host = \"a.example.com\", protocol = \"https\", decision = \"forbidden\")\nhost_executable(name = \"git\", paths = [\"/usr/bin/git\"])\n",
        "A = [\"x\", \"y\"]\ndef both(p):\n    for a in A:\n        prefix_rule(pattern = [p, a], decision = \"unsandboxed\", expires = \"2027-03-31\")\nboth(\"gh\")\n[prefix_rule(pattern = [w]) for w in A if len(w) > 0]\n",
        "t = {\"a\": [\"b\"], \"c\": []}\nfor k, v in t.items():\n    v += [k[0:], k[-1], \"{}{x}\".format(k, x = 1), f\"{k}\", \"%s-%d\" % (k, 7 // 2)]\n    v.append(\"-\".join(v))\n    prefix_rule(pattern = [k] + [w.upper() for w in sorted(v) if w not in (\"d\",)])\n",
    ],
};

/// Any text as `requirements.toml` gives requirements or an error, and who
/// wants everything gets no more than they allow. After a zero byte: the
/// user's `config.toml`.
pub(crate) const REQUIREMENTS: Target = Target {
    name: "requirements",
    run: |input| {
        let mut parts = input.splitn(2, |byte| *byte == 0);
        let required = parts.next().unwrap_or_default();
        let files = [
            ("etc/requirements.toml", required),
            (
                "me/.config/cofferdam/config.toml",
                parts.next().unwrap_or_default(),
            ),
        ];
        if let Some(settings) = load_with(&files, true) {
            is_held(&settings);
        }
    },
    seeds: &[
        "allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]\nallowed_approval_policies = [\"on-request\"]\nallowed_approvals_reviewers = [\"user\"]\n\0sandbox_mode = \"danger-full-access\"\n",
        "[permissions.filesystem]\ndeny_read = [\"~/x\", \"/**/*.env\"]\n[rules]\nprefix_rules = [{ pattern = [{ token = \"git\" }, { any_of = [\"push\"] }], decision = \"prompt\" }]\n",
        "[experimental_network]\nallowed_domains = [\"**.example.com\", \"x.example:443\"]\ndenied_domains = [\"a.example.com\"]\nmanaged_allowed_domains_only = true\n\0[sandbox_workspace_write]\nnetwork_access = true\n",
        "default_permissions = \"a\"\n[allowed_permission_profiles]\na = true\n\":read-only\" = true\n[[remote_sandbox_config]]\nhostname_patterns = [\"*\"]\nallowed_sandbox_modes = [\"read-only\"]\n",
        "[sensitivity]\nclasses = [\"a\", \"b\"]\nunknown = \"b\"\n[sensitivity.floors.b]\nallowed_sandbox_modes = [\"read-only\"]\nnetwork = false\n[[sensitivity.repositories]]\nclass = \"a\"\nremotes = [\"x/*\"]\npaths = [\"/srv/**\"]\n",
        "[mcp_servers.x]\nidentity = { command = { executable = \"/bin/x\", args = [{ match = \"exact\", value = \"y\" }] } }\n[features]\nweb = false\n",
    ],
};

fn is_held(settings: &Settings) {
    let (posture, floor) = (&settings.posture, &settings.required.requirements.floor);
    let mode = posture.profile.value.mode();
    let modes = floor.sandbox_modes.as_ref();
    assert!(
        modes.is_none_or(|modes| modes.value.contains(&mode)),
        "{mode} is not allowed"
    );
    let policy = ApprovalName::from(posture.approval_policy.value);
    let policies = floor.approval_policies.as_ref();
    assert!(
        policies.is_none_or(|policies| policies.value.contains(&policy)),
        "{policy} is not allowed"
    );
    let reviewers = floor.reviewers.as_ref();
    assert!(
        posture.reviewer != ReviewerKind::User
            || reviewers.is_none_or(|all| all.value.contains(&ReviewerName::User)),
        "a person may not answer"
    );
}

/// A made-up machine with these files, whose settings are read.
fn load_with(files: &[(&str, &[u8])], wants_all: bool) -> Option<Settings> {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let dir = dir.ok()?;
    let write = |below: &str, bytes: &[u8]| {
        let path = dir.path().join(below);
        let made = fs::create_dir_all(path.parent().unwrap_or(Path::new("/")));
        made.and_then(|()| fs::write(&path, bytes)).is_ok()
    };
    let place = |below: &str| dir.path().join(below);
    let are_written = files.iter().all(|(below, bytes)| write(below, bytes));
    if !are_written || !write("project/file", b"") || !write("etc/file", b"") {
        return None;
    }
    let options = Options {
        cd: place("project"),
        yolo: wants_all,
        ..Options::default()
    };
    let surroundings = Surroundings {
        home: Some(place("me")),
        system_dir: place("etc"),
        administrator: dir.path().metadata().ok()?.uid(),
        ..Surroundings::default()
    };
    let told = |error: &ConfigError| format!("{error} {:?}", error.hint());
    let loaded = load(&options, &surroundings, true);
    if let Err(error) = &loaded {
        let is_clean = !told(error).contains('\u{1b}');
        assert!(is_clean, "an escape sequence in a message");
    }
    loaded.ok()
}
