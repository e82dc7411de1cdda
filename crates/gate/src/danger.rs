//! Kinds of danger: the shell reader's word for each, in the words of policy.

use dam_policy::DangerKind;
use dam_shell::Danger;

pub(crate) const fn kind(danger: Danger) -> DangerKind {
    match danger {
        Danger::Deletes => DangerKind::Deletes,
        Danger::Overwrites => DangerKind::Overwrites,
        Danger::RewritesHistory => DangerKind::RewritesHistory,
        Danger::Disk => DangerKind::Disk,
        Danger::Permissions => DangerKind::Permissions,
        Danger::Accounts => DangerKind::Accounts,
        Danger::OtherUser => DangerKind::OtherUser,
        Danger::RunsDownload => DangerKind::RunsDownload,
        Danger::RunsHidden => DangerKind::RunsHidden,
        Danger::Publishes => DangerKind::Publishes,
        Danger::Production => DangerKind::Production,
        Danger::Kills => DangerKind::Kills,
        Danger::StartsLater => DangerKind::StartsLater,
        Danger::Machine => DangerKind::Machine,
        Danger::WeakensSecurity => DangerKind::WeakensSecurity,
        Danger::ReadsSecret => DangerKind::ReadsSecret,
        Danger::ShowsEnvironment => DangerKind::ShowsEnvironment,
        Danger::SendsOut => DangerKind::SendsOut,
        Danger::OpensShell => DangerKind::OpensShell,
        Danger::Escapes => DangerKind::Escapes,
        Danger::Exhausts => DangerKind::Exhausts,
    }
}
