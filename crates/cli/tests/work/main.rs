//! Real work, done once where there is no boundary and once inside: the same
//! exit status, the same output, the same files.
//!
//! Each job is a script in `jobs/`, whose first comments say what it is, which
//! programs it needs, and what else is compared. It runs as whoever runs the
//! tests, and as an ordinary user if that is root. Outside it must succeed, so
//! that its success inside means something. A job whose programs are missing is
//! skipped with a word, except where the variable `CI` says that nothing may be.
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "these are tests, which may stop at any surprise and say what they saw"
)]

mod job;
mod place;

macro_rules! jobs {
    ($($name:ident $script:literal)*) => {
        $(#[test]
        fn $name() {
            job::is_the_same_inside($script, include_str!(concat!("jobs/", $script, ".sh")));
        })*
    };
}

jobs! {
    a_crate_is_built_and_tested "cargo"
    a_package_is_installed_and_tested "npm"
    a_virtual_environment_is_filled "pip"
    pytest_tests "pytest"
    static_programs_and_raw_calls_work "static_programs"
    hundreds_of_files_are_compiled_at_once "make"
    a_repository_is_looked_at "git"
    crashes_are_told_and_handled "crash"
    children_are_traced "strace"
    a_browser_renders_a_page "chromium"
    a_database_server_serves "postgresql"
    java_compiles_and_runs "java"
    node_does_what_tools_do_with_it "node"
    processes_share_locks_and_memory "multiprocessing"
    terminals_are_made "terminals"
    a_shell_has_jobs_and_pipes "shell_jobs"
    locks_are_held "locks"
    files_are_what_the_kernel_makes_of_them "kernel_files"
    trees_are_copied_with_all_they_are "copying"
    a_write_ahead_log_is_written "sqlite"
    much_is_done_at_once "many"
    interrupted_calls_happen_once "interrupted"
    servers_of_its_own_are_reached "sockets"
    what_is_closed_is_closed_at_once "closed"
}
