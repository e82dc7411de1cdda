//! Edits: a patch is judged file by file and then applied by a program of our
//! own inside the boundary, so that an edit meets what a command meets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_gate::Request;
use dam_journal::Event;
use dam_policy::{Containment, Decision};
use tokio::time::Instant;

use crate::cancel::Cancel;
use crate::error::{AgentError, Stop};
use crate::events::{FileUpdate, Item, Status, UpdateKind, What};
use crate::front::{Front, shown};
use crate::patch::{
    self, APPLY_PATCH_WORD, Change, EXACT, Embedded, Kind, Names, Patch, PlaceError,
};
use crate::process::{Input, Waited};
use crate::session::Session;

use super::launch::Order;
use super::report::refusals;
use super::{directory_from, refused};

/// How long an edit may take.
const PATIENCE: Duration = Duration::from_mins(1);

impl Session {
    /// Applies a patch that a shell script holds.
    pub(super) async fn apply_embedded(
        &mut self,
        embedded: &Embedded,
        base: &Path,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let base = match &embedded.cd {
            None => base.to_owned(),
            Some(cd) => match directory_from(base, cd) {
                Ok(base) => base,
                Err(problem) => return Ok(problem),
            },
        };
        self.apply_patch(&embedded.patch, &base, front).await
    }

    /// Applies a patch whose relative paths begin at `base`.
    pub(super) async fn apply_patch(
        &mut self,
        text: &str,
        base: &Path,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let edit = match Edit::read(text, base) {
            Ok(edit) => edit,
            Err(problem) => {
                let item = self.item(change(Vec::new(), Status::Failed));
                front.completed(item);
                return Ok(format!("The patch was not applied: {}", shown(&problem)));
            }
        };
        let changes = self.changes(&edit.patch);
        let item = self.item(change(changes.clone(), Status::InProgress));
        let end = |changes, status| Item {
            id: item.id.clone(),
            what: change(changes, status),
        };
        let containment = match self.judge_edit(&edit.paths).await? {
            Ok(containment) => containment,
            Err(refusal) => {
                front.completed(end(changes, Status::Declined));
                return Ok(refusal);
            }
        };
        front.started(item.clone());
        match self.perform_edit(&edit, base, containment).await? {
            Ok(done) => {
                let changes: Vec<FileUpdate> = done
                    .iter()
                    .map(|(kind, path)| self.update(*kind, path))
                    .collect();
                let text = told(&changes);
                front.completed(end(changes, Status::Completed));
                Ok(text)
            }
            Err(problem) => {
                front.completed(end(changes, Status::Failed));
                Ok(format!("The patch was not applied: {problem}"))
            }
        }
    }

    /// Has every file judged; all must be allowed. A file that is denied is
    /// found before anybody is asked about another.
    async fn judge_edit(&mut self, paths: &[PathBuf]) -> Result<Result<Containment, String>, Stop> {
        let mut denied = Vec::new();
        let mut others = Vec::new();
        {
            let gate = self
                .gate
                .lock()
                .map_err(|_| AgentError::Broken("the gate"))?;
            for path in paths {
                let request = Request::WriteFile { path: path.clone() };
                if gate.judge(&request).decision == Decision::Deny {
                    denied.push(request);
                } else {
                    others.push(request);
                }
            }
        }
        let mut containment = Containment::Boxed;
        for request in denied.into_iter().chain(others) {
            let settled = self.settle(request).await?;
            if !settled.allowed {
                return Ok(Err(refused(&settled)));
            }
            if settled.containment == Containment::Open {
                containment = Containment::Open;
            }
        }
        Ok(Ok(containment))
    }

    /// Runs the program that applies the patch.
    async fn perform_edit(
        &mut self,
        edit: &Edit,
        base: &Path,
        containment: Containment,
    ) -> Result<Result<Vec<(Kind, PathBuf)>, String>, Stop> {
        let program = std::env::current_exe()
            .map_err(|_| AgentError::Broken("finding the agent's own program"))?;
        let order = Order {
            argv: vec![
                program.to_string_lossy().into_owned(),
                APPLY_PATCH_WORD.to_owned(),
                EXACT.to_owned(),
            ],
            cwd: base.to_owned(),
            env: BTreeMap::new(),
            containment,
            input: Input::Text(edit.patch.to_string()),
            asks: false,
        };
        let mut started = match self.launch(order).await? {
            Ok(started) => started,
            Err(problem) => return Ok(Err(problem)),
        };
        // An edit takes a moment and is whole or not at all: it is not stopped.
        let deadline = Instant::now() + PATIENCE;
        if self.watch(&mut started, deadline, &Cancel::new()).await? != Waited::Ended {
            self.kill(&mut started).await?;
        }
        let end = self.conclude(&started)?;
        let output = started.process.take_output().text();
        if end.code != Some(0) {
            let refused = refusals(&started.denials, end.unreported);
            return Ok(Err(format!("{}\n{refused}", output.trim_end())));
        }
        let done: Vec<(Kind, PathBuf)> = output.lines().filter_map(changed).collect();
        for (kind, path) in &done {
            self.journal.append(&Event::FileChanged {
                path: path.to_string_lossy().into_owned(),
                change: word(*kind).to_owned(),
            })?;
        }
        Ok(Ok(done))
    }

    /// What a patch is about, before it is applied.
    fn changes(&self, patch: &Patch) -> Vec<FileUpdate> {
        let update = |kind, path: &String| self.update(kind, Path::new(path));
        let of = |change: &Change| match change {
            Change::Add { path, .. } => vec![update(Kind::Added, path)],
            Change::Delete { path } => vec![update(Kind::Deleted, path)],
            Change::Update {
                path,
                move_to: Some(to),
                ..
            } => vec![update(Kind::Deleted, path), update(Kind::Added, to)],
            Change::Update { path, .. } => vec![update(Kind::Modified, path)],
        };
        patch.changes.iter().flat_map(of).collect()
    }

    fn update(&self, kind: Kind, path: &Path) -> FileUpdate {
        FileUpdate {
            path: self.shown_path(path),
            kind: match kind {
                Kind::Added => UpdateKind::Add,
                Kind::Modified => UpdateKind::Update,
                Kind::Deleted => UpdateKind::Delete,
            },
        }
    }
}

/// A patch whose paths are absolute and without links, and those paths.
struct Edit {
    patch: Patch,
    paths: Vec<PathBuf>,
}

impl Edit {
    fn read(text: &str, base: &Path) -> Result<Self, String> {
        let patch = patch::parse(text).map_err(|error| error.to_string())?;
        let mut paths: Vec<PathBuf> = Vec::new();
        let patch = patch
            .try_map_paths(|path, names| {
                let place = match names {
                    Names::Entry => patch::resolve_entry(base, path)?,
                    Names::File => patch::resolve(base, path)?,
                };
                let text = place.to_str().map(str::to_owned);
                if !paths.contains(&place) {
                    paths.push(place);
                }
                text.ok_or_else(|| PlaceError::NotText(path.to_owned()))
            })
            .map_err(|error: PlaceError| error.to_string())?;
        // A directory's name can hold anything, line ends too: what is judged
        // here must be what the program will read.
        if patch::parse(&patch.to_string()).as_ref() != Ok(&patch) {
            return Err("a path in it leads to a name that a patch cannot hold".to_owned());
        }
        Ok(Self { patch, paths })
    }
}

/// A line of the program's output.
fn changed(line: &str) -> Option<(Kind, PathBuf)> {
    let (letter, path) = line.split_once(' ')?;
    Some((Kind::of_letter(letter)?, PathBuf::from(path)))
}

const fn change(changes: Vec<FileUpdate>, status: Status) -> What {
    What::FileChange { changes, status }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Added => "add",
        Kind::Modified => "update",
        Kind::Deleted => "delete",
    }
}

fn told(changes: &[FileUpdate]) -> String {
    let lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let letter = match change.kind {
                UpdateKind::Add => 'A',
                UpdateKind::Update => 'M',
                UpdateKind::Delete => 'D',
            };
            format!("{letter} {}", change.path)
        })
        .collect();
    if lines.is_empty() {
        "The patch fits, and changes nothing.".to_owned()
    } else {
        format!("The patch is applied.\n{}", lines.join("\n"))
    }
}
