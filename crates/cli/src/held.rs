//! A command whose writes are held back: its transaction, begun or gone on
//! with, and what people are told of it afterwards.

use dam_config::Settings;
use dam_journal::{Event, SessionId};
use dam_sandbox::transaction::{Beginning, Change, Transaction, TransactionDirs};

use crate::error::CommandError;
use crate::output::Output;

/// The transaction of a command that is about to run.
pub struct Held {
    transaction: Transaction,
    is_new: bool,
}

impl Held {
    /// Begins a transaction, or goes on with one, if `id` names it. A new one
    /// is called as the session is.
    pub fn begin(
        id: &str,
        session: &SessionId,
        command: &[String],
        settings: &Settings,
    ) -> Result<Self, CommandError> {
        let profile = &settings.posture.profile.value;
        let state = &settings.dirs.state;
        let is_new = id.is_empty();
        let transaction = if is_new {
            let beginning = Beginning {
                id: session.as_str(),
                command: command.to_vec(),
                cwd: &settings.cwd,
                profile,
            };
            Transaction::begin(state, &beginning)?
        } else {
            Transaction::resume(state, id, profile)?
        };
        Ok(Self {
            transaction,
            is_new,
        })
    }

    /// Where the command's writes go.
    pub fn dirs(&self) -> TransactionDirs {
        self.transaction.dirs()
    }

    /// For the journal.
    pub fn event(&self) -> Event {
        let record = self.transaction.record();
        let places = record.layers.iter();
        Event::Transaction {
            id: record.id.clone(),
            step: if self.is_new { "begun" } else { "resumed" }.to_owned(),
            about: places
                .map(|layer| layer.root.display().to_string())
                .collect(),
        }
    }

    /// Says what is held back. A transaction without changes is over, and so is
    /// one whose command was never started.
    pub fn tell(self, has_run: bool, output: &mut Output) -> Result<(), CommandError> {
        if !has_run {
            if self.is_new {
                self.transaction.remove()?;
            }
            return Ok(());
        }
        let id = self.transaction.record().id.clone();
        let changes = self.transaction.changes()?;
        let is_told = |change: &&Change| !change.is_left_out() && !change.went_elsewhere();
        let count = changes.iter().filter(is_told).count();
        match count {
            0 => {
                self.transaction.remove()?;
                output.note("cofferdam: nothing was changed");
            }
            1 => output.note(&format!("cofferdam: 1 change is held back in {id}; {NEXT}")),
            _ => output.note(&format!(
                "cofferdam: {count} changes are held back in {id}; {NEXT}"
            )),
        }
        Ok(())
    }
}

const NEXT: &str = "`dam changes` lists, `dam keep` makes, `dam drop` forgets";
