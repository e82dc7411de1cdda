//! A secret is in no byte that the boxed command, the journal or anybody else
//! can read, and arrives at the right host only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dam_testkit::environment::Environment;
use dam_testkit::otlp::Collector;

use super::{Outside, settings};
use crate::everybody;

const VALUE: &str = "s3kr1t-9f8e7d6c5b4a";

/// Looks for it in the memory of every process that there is, in the
/// environment, and in every file that can be read. The needle is put together,
/// so that it is not found in this program.
const SEARCH: &str = r#"
import os, sys
needle = ("s3kr1t" + "-" + "9f8e7d6c5b4a").encode()
mine = os.getpid()
found = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    for part in ("environ", "cmdline"):
        try:
            if needle in open(f"/proc/{pid}/{part}", "rb").read():
                found.append(f"{pid}/{part}")
        except OSError:
            pass
    if int(pid) == mine:
        continue
    try:
        maps, memory = open(f"/proc/{pid}/maps"), open(f"/proc/{pid}/mem", "rb", 0)
        for line in maps:
            start, end = (int(at, 16) for at in line.split()[0].split("-"))
            if end - start > 1 << 28:
                continue
            memory.seek(start)
            if needle in memory.read(end - start):
                found.append(f"{pid}/mem")
    except (OSError, ValueError, OverflowError):
        pass
for top in sys.argv[1:]:
    for place, _, names in os.walk(top):
        for name in names:
            path = os.path.join(place, name)
            try:
                if os.path.isfile(path) and needle in open(path, "rb").read(1 << 24):
                    found.append(path)
            except OSError:
                pass
print("found:", found)
"#;

fn scene(
    environment: &Environment,
    outside: &Outside,
    collector: Option<&Collector>,
) -> (String, String) {
    let ports = outside.ports();
    let good = format!("127.0.0.1:{}", ports["good"]);
    let other = format!("127.0.0.1:{}", ports["bad"]);
    let file = environment.write(environment.home().join("forge.token"), format!("{VALUE}\n"));
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("its mode");
    let secret = format!(
        "[secrets.forge]\nfile = \"~/forge.token\"\nhosts = [\"{good}\"]\nenv = \"FORGE_TOKEN\"\nformat = \"Bearer {{}}\"\n\
         [secrets.idle]\ncommand = [\"/bin/echo\", \"of-nobody-12345\"]\nhosts = [\"{other}\"]\nenv = \"IDLE_TOKEN\"\nheader = \"X-Token\"\n"
    );
    let exporter =
        |to: &Collector| format!("{{ otlp-http = {{ endpoint = \"{}\" }} }}", to.endpoint());
    let telemetry = collector.map_or_else(String::new, |to| {
        let to = exporter(to);
        format!(
            "[otel]\nexporter = {to}\ntrace_exporter = {to}\nmetrics_exporter = {to}\n\
             log_user_prompt = true\nlog_content = true\n"
        )
    });
    let more = format!("{secret}{telemetry}");
    environment.write_config(&settings(&[good.clone(), other.clone()], &more));
    (good, other)
}

#[test]
fn a_secret_arrives_at_its_host_and_is_nowhere_else() {
    for environment in everybody() {
        let outside = Outside::new(&environment);
        let collector = Collector::start();
        let (good, other) = scene(&environment, &outside, Some(&collector));
        environment.write("search.py", SEARCH);
        let (home, work) = (environment.home(), environment.work());
        let script = format!(
            "case \"$FORGE_TOKEN\" in 'Bearer cofferdam_secret_'*) echo a placeholder;; esac; \
             curl -sS -H \"Authorization: $FORGE_TOKEN\" http://{good}/right; echo; \
             curl -sS -H \"Authorization: $FORGE_TOKEN\" http://{other}/wrong >/dev/null; \
             curl -sS -H \"X-Other: $FORGE_TOKEN\" http://{good}/header >/dev/null; \
             cat {0}/forge.token 2>/dev/null; sleep 1 & \
             /usr/bin/python3 search.py {0} {1}",
            home.display(),
            work.display()
        );
        let outcome = environment.dam(["run", "--", "sh", "-c", &script]).run();
        assert!(outcome.success(), "{}", outcome.page());
        assert_eq!(
            outcome.stdout,
            "a placeholder\nok\nfound: []\n",
            "{}",
            outcome.page()
        );
        let said = &outcome.stderr;
        assert!(said.contains("the secret `idle` was not used"), "{said}");
        let seen = outside.seen();
        let with = |path: &str| {
            let line = seen.lines().find(|line| line.contains(path));
            line.unwrap_or_else(|| panic!("{path}: {seen}"))
                .contains(VALUE)
        };
        assert!(with("GET /right"), "{seen}");
        assert!(!with("GET /wrong") && !with("GET /header"), "{seen}");
        assert!(!outcome.page().contains(VALUE));
        assert!(!holds(&environment.state()), "in the journal or beside it");
        let taken = collector.wait_for(3);
        let has = |needle: &str| {
            let needle = needle.as_bytes();
            let mut bodies = taken.iter().map(|request| &request.body);
            bodies.any(|body| body.windows(needle.len()).any(|part| part == needle))
        };
        assert!(has("secret_used") && has("forge"), "telemetry tells of it");
        assert!(!has(VALUE), "in telemetry");
        let uses = environment.dam(["net", "log"]).run().stdout;
        for line in [
            format!("secret forge: inserted at {good}"),
            "secret forge: misdirected at ".to_owned(),
            "secret idle: unused".to_owned(),
        ] {
            assert!(uses.contains(&line), "{line}: {uses}");
        }
    }
}

/// Whether a file below a directory has the value.
fn holds(place: &Path) -> bool {
    fs::read_dir(place)
        .expect("a directory")
        .flatten()
        .any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                return holds(&path);
            }
            let text = fs::read(&path).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(VALUE)
        })
}

#[test]
fn a_secret_that_others_can_read_or_that_is_missing_stops_the_start() {
    let environment = crate::environment();
    let outside = Outside::new(&environment);
    scene(&environment, &outside, None);
    let file = environment.home().join("forge.token");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("its mode");
    for said in ["that others can read", "cannot be read from"] {
        let outcome = environment.dam(["run", "--", "touch", "made"]).run();
        assert_eq!(outcome.code, Some(3), "{}", outcome.page());
        assert!(outcome.stderr.contains(said), "{}", outcome.page());
        assert!(!environment.work().join("made").exists());
        let _ = fs::remove_file(&file);
    }
}
