//! What is refused can be asked about, while the call waits; and a yes opens
//! the one file that it was about.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use dam_sandbox::{Asked, Meanwhile, Status};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::scene::{Played, Scene, follow};

crate::tests! {
    a_yes_opens_the_file_for_the_caller_as_it_wanted
    a_no_is_the_refusal_that_it_would_have_been
    a_yes_is_for_one_file_and_one_time
    a_protected_name_can_be_asked_about
    what_was_changed_during_the_question_is_refused
    a_file_that_appears_during_the_question_is_not_opened
    what_is_no_ordinary_file_is_not_asked_about
    own_files_are_never_asked_about
    only_opening_is_asked_about
    several_may_wait_at_once
    more_than_may_wait_are_refused_at_once
    a_question_that_nobody_answers_ends
    a_caller_that_goes_away_takes_its_question_with_it
    a_command_can_be_killed_while_it_waits
    a_file_that_was_granted_gives_no_more_than_itself
}

fn yes(_: &Asked, _: &mut Meanwhile<'_>) -> bool {
    true
}

fn no(_: &Asked, _: &mut Meanwhile<'_>) -> bool {
    false
}

/// A no that first waits for an answer that never comes.
fn silence(_: &Asked, meanwhile: &mut Meanwhile<'_>) -> bool {
    let (answer, _kept) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let came = meanwhile.wait_readable(std::os::fd::AsFd::as_fd(&answer));
    assert!(!came, "nothing was ever written");
    false
}

fn paths(played: &Played) -> Vec<&Path> {
    played
        .asked
        .iter()
        .map(|asked| asked.denial.path.as_path())
        .collect()
}

fn a_yes_opens_the_file_for_the_caller_as_it_wanted() {
    let scene = Scene::new();
    scene.write("outside/long", "a long text\n");
    scene.write("outside/more", "one\n");
    let played = scene.play(
        "umask 027; echo new > ../outside/new && echo short > ../outside/long && \
         echo two >> ../outside/more",
        yes,
    );
    assert_eq!(played.outcome.status, Status::Exited(0));
    assert_eq!(scene.read("outside/new").as_deref(), Some("new\n"));
    assert_eq!(scene.read("outside/long").as_deref(), Some("short\n"));
    assert_eq!(scene.read("outside/more").as_deref(), Some("one\ntwo\n"));
    let mode = fs::metadata(scene.path("outside/new")).expect("it").mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(
        paths(&played),
        ["outside/new", "outside/long", "outside/more"].map(|path| scene.path(path))
    );
    assert!(played.outcome.denials.is_empty());
}

fn a_no_is_the_refusal_that_it_would_have_been() {
    let scene = Scene::new();
    let played = scene.play("echo x > ../outside/new", no);
    assert_eq!(played.outcome.status, Status::Exited(2));
    assert_eq!(scene.read("outside/new"), None);
    assert_eq!(
        played.outcome.denials,
        [played.asked[0].denial.clone()],
        "the same words as without a question"
    );
    assert_eq!(played.asked[0].denial.rule, "files.root");
}

fn a_yes_is_for_one_file_and_one_time() {
    let scene = Scene::new();
    let mut answers = [true, false, false].into_iter();
    let played = scene.play(
        "echo 1 > ../outside/a; echo 2 > ../outside/b; echo 3 > ../outside/a",
        |_, _| answers.next().expect("three questions"),
    );
    assert_eq!(scene.read("outside/a").as_deref(), Some("1\n"));
    assert_eq!(scene.read("outside/b"), None);
    assert_eq!(played.asked.len(), 3);
}

fn a_protected_name_can_be_asked_about() {
    let scene = Scene::new();
    let played = scene.play("echo x > AGENTS.md", yes);
    assert_eq!(scene.read("work/AGENTS.md").as_deref(), Some("x\n"));
    let reason = &played.asked[0].denial.reason;
    assert!(
        reason.contains("instructions to a coding agent"),
        "{reason}"
    );
}

/// A change that the host, or somebody inside, makes during the question.
type Swap = (&'static str, fn(&Scene));

const SWAPS: &[Swap] = &[
    ("another file takes its place", |scene| {
        scene.write("outside/other", "other");
        fs::rename(scene.path("outside/other"), scene.path("outside/dir/it")).expect("moved");
    }),
    ("it becomes a link to another", |scene| {
        fs::remove_file(scene.path("outside/dir/it")).expect("removed");
        symlink(scene.path("outside/secret"), scene.path("outside/dir/it")).expect("a link");
    }),
    ("it gets another name", |scene| {
        fs::hard_link(scene.path("outside/dir/it"), scene.path("outside/second")).expect("a link");
    }),
    ("its directory becomes a link to another", |scene| {
        fs::rename(scene.path("outside/dir"), scene.path("outside/was")).expect("moved");
        symlink(scene.path("outside/trap"), scene.path("outside/dir")).expect("a link");
    }),
    ("its directory becomes a link to itself", |scene| {
        fs::rename(scene.path("outside/dir"), scene.path("outside/was")).expect("moved");
        symlink(scene.path("outside/was"), scene.path("outside/dir")).expect("a link");
    }),
    ("another directory takes its directory's place", |scene| {
        fs::rename(scene.path("outside/dir"), scene.path("outside/was")).expect("moved");
        fs::rename(scene.path("outside/trap"), scene.path("outside/dir")).expect("moved");
    }),
    ("it goes away", |scene| {
        fs::remove_file(scene.path("outside/dir/it")).expect("removed");
    }),
    ("it becomes a program with its owner's rights", |scene| {
        let mode = fs::Permissions::from_mode(0o4755);
        fs::set_permissions(scene.path("outside/dir/it"), mode).expect("a mode");
    }),
];

fn what_was_changed_during_the_question_is_refused() {
    for (name, swap) in SWAPS {
        let scene = Scene::new();
        for dir in ["outside/dir", "outside/trap"] {
            fs::create_dir(scene.path(dir)).expect("a directory");
        }
        for file in ["outside/dir/it", "outside/trap/it", "outside/secret"] {
            scene.write(file, "before\n");
        }
        let played = scene.play("echo after > ../outside/dir/it", |_, _| {
            swap(&scene);
            true
        });
        assert_eq!(played.outcome.status, Status::Exited(2), "{name}");
        assert_eq!(played.outcome.denials.len(), 1, "{name}");
        assert!(!holds(&scene.path("outside"), "after"), "{name}");
    }
}

/// Whether any file below a directory has this text in it.
fn holds(directory: &Path, text: &str) -> bool {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.any(|path| match fs::symlink_metadata(&path) {
        Ok(found) if found.is_dir() => holds(&path, text),
        _ => fs::read_to_string(&path).is_ok_and(|found| found.contains(text)),
    })
}

fn a_file_that_appears_during_the_question_is_not_opened() {
    let scene = Scene::new();
    scene.write("outside/secret", "before\n");
    for link in [false, true] {
        scene.play("echo after > ../outside/it", |_, _| {
            if link {
                symlink(scene.path("outside/secret"), scene.path("outside/it")).expect("a link");
            } else {
                scene.write("outside/it", "before\n");
            }
            true
        });
        assert_eq!(scene.read("outside/it").as_deref(), Some("before\n"));
        fs::remove_file(scene.path("outside/it")).expect("removed");
    }
}

fn what_is_no_ordinary_file_is_not_asked_about() {
    let scene = Scene::new();
    let (pipe, owner) = (scene.path("outside/pipe"), Mode::RUSR | Mode::WUSR);
    mknodat(CWD, pipe, FileType::Fifo, owner, 0).expect("a pipe");
    let _listener = UnixListener::bind(scene.path("outside/socket")).expect("a socket");
    scene.write("outside/one", "x");
    fs::hard_link(scene.path("outside/one"), scene.path("outside/two")).expect("a link");
    scene.write("outside/setuid", "x");
    let mode = fs::Permissions::from_mode(0o4755);
    fs::set_permissions(scene.path("outside/setuid"), mode).expect("a mode");
    let played = scene.play(
        "for name in pipe socket one setuid; do echo x > ../outside/$name; done; \
         echo x > ../outside; echo x > /sys/kernel/mm/ksm/run; true",
        yes,
    );
    assert_eq!(paths(&played), [] as [&Path; 0]);
    assert!(played.outcome.denials.len() >= 4, "{played:?}");
    assert_eq!(scene.read("outside/two").as_deref(), Some("x"));
    assert_eq!(scene.read("outside/setuid").as_deref(), Some("x"));
}

fn own_files_are_never_asked_about() {
    let scene = Scene::new();
    scene.write("own/journal", "x");
    fs::create_dir(scene.path("work/.cofferdam")).expect("a directory");
    let played = scene.play(
        "echo x > ../own/journal; echo x > ../own/new; echo x > .cofferdam/config.toml",
        yes,
    );
    assert_eq!(paths(&played), [] as [&Path; 0]);
    assert_eq!(played.outcome.denials.len(), 3);
    let reason = &played.outcome.denials[0].reason;
    assert!(reason.contains("never granted"), "{reason}");
    assert_eq!(scene.read("own/journal").as_deref(), Some("x"));
    // Under another name, too.
    let running =
        scene.start("while [ -e ../own ]; do sleep 0.01; done; echo x > ../outside/own/it");
    fs::rename(scene.path("own"), scene.path("outside/own")).expect("moved");
    let played = follow(running, yes);
    assert_eq!(paths(&played), [] as [&Path; 0]);
    assert_eq!(scene.read("outside/own/it"), None);
}

fn only_opening_is_asked_about() {
    let scene = Scene::new();
    scene.write("outside/it", "x");
    let played = scene.play(
        "mkdir ../outside/dir; rm -f ../outside/it; mv ../outside/it there; \
         ln -s x ../outside/link; chmod 777 ../outside/it; truncate -s 0 ../outside/it",
        no,
    );
    // `truncate` opens.
    assert_eq!(played.asked.len(), 1, "{played:?}");
    assert!(played.outcome.denials.len() >= 5, "{played:?}");
}

fn several_may_wait_at_once() {
    let scene = Scene::new();
    let played = scene.play(
        "for i in 1 2 3 4; do (echo $i > ../outside/$i; echo $? > ended-$i) & done; \
         echo 5 > here; wait",
        |asked, _| {
            // Others at the door are served meanwhile.
            while scene.read("work/here").is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            !asked.denial.path.ends_with("3")
        },
    );
    assert_eq!(played.asked.len(), 4);
    for i in ["1", "2", "4"] {
        let text = scene.read(&format!("outside/{i}"));
        assert_eq!(text, Some(format!("{i}\n")));
    }
    assert_eq!(scene.read("outside/3"), None);
}

fn more_than_may_wait_are_refused_at_once() {
    let scene = Scene::new();
    let played = scene.play(
        "for i in $(seq 70); do (echo $i > ../outside/$i || echo no >> refused) & done; wait",
        |_, _| {
            while scene
                .read("work/refused")
                .is_none_or(|text| text.lines().count() < 6)
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            true
        },
    );
    assert_eq!(played.asked.len(), 64);
    assert_eq!(played.outcome.denials.len(), 6);
    assert_eq!(fs::read_dir(scene.path("outside")).expect("it").count(), 64);
}

fn a_question_that_nobody_answers_ends() {
    let mut scene = Scene::new();
    scene.patience = Duration::from_millis(300);
    let played = scene.play("echo x > ../outside/it || echo no > said", silence);
    assert_eq!(scene.read("work/said").as_deref(), Some("no\n"));
    let reason = &played.outcome.denials[0].reason;
    assert!(reason.contains("nobody answered"), "{reason}");
}

fn a_caller_that_goes_away_takes_its_question_with_it() {
    let scene = Scene::new();
    let played = scene.play(
        "(echo x > ../outside/it) & sleep 0.2; kill -9 $!; wait; echo yes > alive",
        silence,
    );
    assert_eq!(played.asked.len(), 1);
    assert_eq!(scene.read("work/alive").as_deref(), Some("yes\n"));
    assert_eq!(scene.read("outside/it"), None);
}

fn a_command_can_be_killed_while_it_waits() {
    let scene = Scene::new();
    let running = scene.start("echo x > ../outside/it; echo on > here");
    let killer = running.killer().expect("a killer");
    let played = follow(running, |asked, meanwhile| {
        killer.kill();
        silence(asked, meanwhile)
    });
    assert_eq!(played.outcome.status, Status::Signaled(9));
    assert_eq!(scene.read("work/here"), None);
}

/// The descriptor is outside everything: what else it could lead to stays
/// refused.
fn a_file_that_was_granted_gives_no_more_than_itself() {
    let scene = Scene::new();
    scene.write("outside/it", "x\n");
    let mut answers = [true].into_iter();
    scene.play(
        "exec 7>> ../outside/it; ln /proc/self/fd/7 name; chmod 777 /proc/self/fd/7; \
         (echo again > /proc/self/fd/7); (echo beside > /proc/self/fd/7/../beside); \
         (echo other > ../outside/other); echo end >&7",
        |_, _| answers.next().unwrap_or(false),
    );
    assert_eq!(scene.read("outside/it").as_deref(), Some("x\nend\n"));
    assert!(!scene.path("work/name").exists());
    assert!(!scene.path("outside/other").exists());
    let mode = fs::metadata(scene.path("outside/it")).expect("it").mode();
    assert_eq!(mode & 0o111, 0);
}
