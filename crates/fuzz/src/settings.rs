//! The files that people write for us.

use std::fs;
use std::path::Path;

use dam_config::{Options, Surroundings, load};

use crate::Target;

/// Any text as the user's `config.toml` gives settings or an error.
pub(crate) const CONFIG: Target = Target {
    name: "config",
    run: |input| load_with(&[("me/.config/cofferdam/config.toml", input)]),
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
    run: |input| load_with(&[("me/.config/cofferdam/rules/mine.rules", input)]),
    seeds: &[
        "prefix_rule(pattern = [\"git\", [\"push\", \"send-email\"]], decision = \"prompt\", justification = \"it leaves\", match = [\"git push origin\", [\"git\", \"send-email\"]], not_match = [\"git pull\"])\n",
        "network_rule(host = \"a.example.com\", protocol = \"https\", decision = \"forbidden\")\nhost_executable(name = \"git\", paths = [\"/usr/bin/git\"])\n",
        "A = [\"x\", \"y\"]\ndef both(p):\n    for a in A:\n        prefix_rule(pattern = [p, a], decision = \"unsandboxed\", expires = \"2027-03-31\")\nboth(\"gh\")\n[prefix_rule(pattern = [w]) for w in A if len(w) > 0]\n",
        "t = {\"a\": [\"b\"], \"c\": []}\nfor k, v in t.items():\n    v += [k[0:], k[-1], \"{}{x}\".format(k, x = 1), f\"{k}\", \"%s-%d\" % (k, 7 // 2)]\n    v.append(\"-\".join(v))\n    prefix_rule(pattern = [k] + [w.upper() for w in sorted(v) if w not in (\"d\",)])\n",
    ],
};

/// A made-up machine with these files, whose settings are read.
pub(crate) fn load_with(files: &[(&str, &[u8])]) {
    let Ok(dir) = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()) else {
        return;
    };
    let write = |below: &str, bytes: &[u8]| {
        let path = dir.path().join(below);
        let made = fs::create_dir_all(path.parent().unwrap_or(Path::new("/")));
        made.and_then(|()| fs::write(&path, bytes)).is_ok()
    };
    let place = |below: &str| dir.path().join(below);
    let are_written = files.iter().all(|(below, bytes)| write(below, bytes));
    if !are_written || !write("project/file", b"") || !write("etc/file", b"") {
        return;
    }
    let options = Options {
        cd: place("project"),
        ..Options::default()
    };
    let surroundings = Surroundings {
        home: Some(place("me")),
        system_dir: place("etc"),
        ..Surroundings::default()
    };
    if let Err(error) = load(&options, &surroundings, true) {
        let told = format!("{error} {:?}", error.hint());
        assert!(!told.contains('\u{1b}'), "an escape sequence in a message");
    }
}
