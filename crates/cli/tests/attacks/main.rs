//! The attack battery: everything that is known to be tried against a
//! boundary, tried against this one.
//!
//! Every attempt is first made where there is no boundary. It must get out
//! there, so that its failure inside means something. Whether it got out is
//! judged on the host's side: a file changed, bytes arrived, a signal is
//! pending, a secret word came back. As a control, what builds and tests do
//! every day must go on working inside, so that a boundary that refuses
//! everything does not pass.
//!
//! The tables of what was tried and what came back are printed, and written
//! to `attacks-<user>.md` in the target directory's `tmp`.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests, which start processes, dial themselves, and may stop at any surprise"
)]
#![expect(
    clippy::struct_excessive_bools,
    clippy::too_many_lines,
    reason = "a catalogue is a long list, and a row says in a word what is special about it"
)]

mod acts;
mod attempt;
mod battery;
mod boundary;
mod control;
mod parties;
mod rows;
mod scene;
mod traces;
mod trial;

macro_rules! groups {
    ($($name:ident)*) => {
        /// As root, if the tests run as root.
        mod as_root {
            $(#[test]
            fn $name() {
                if let Some(root) = crate::boundary::User::root() {
                    crate::battery::run(stringify!($name), &crate::rows::$name::rows(), &root);
                }
            })*

            #[test]
            fn everyday_acts() {
                if let Some(root) = crate::boundary::User::root() {
                    crate::control::run(&root);
                }
            }
        }

        /// As an ordinary user.
        mod as_user {
            $(#[test]
            fn $name() {
                crate::battery::run(
                    stringify!($name),
                    &crate::rows::$name::rows(),
                    &crate::boundary::User::ordinary(),
                );
            })*

            #[test]
            fn everyday_acts() {
                crate::control::run(&crate::boundary::User::ordinary());
            }
        }
    };
}

/// The weaker tiers of the boundary.
mod without {
    use crate::battery::run_without;
    use crate::boundary::User;

    #[test]
    fn namespaces() {
        for user in User::root().into_iter().chain([User::ordinary()]) {
            run_without("namespaces", &user);
        }
    }

    #[test]
    fn landlock() {
        for user in User::root().into_iter().chain([User::ordinary()]) {
            run_without("landlock", &user);
        }
    }
}

groups!(credentials environment files git kernel links names namespaces network processes sockets variants);

#[test]
fn every_attempt_has_a_name_of_its_own() {
    let rows: Vec<_> = rows::groups()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    for row in &rows {
        assert!(seen.insert(row.id), "two attempts are called {}", row.id);
    }
    println!("{} attempts", rows.len());
}
