//! Packages that are imported and nowhere declared, and that are declared and
//! not locked.

use std::collections::BTreeSet;

use super::{Import, Known, System, lists, words};
use crate::checks::catalogue::finding;
use crate::{Confidence, Finding, Gap, GapKind, Joined, Project, Severity};

/// What is imported and neither comes with the language, nor is the project's
/// own, nor is declared.
pub(super) fn imports(known: &Known, project: &Project<'_>, joined: &mut Joined) {
    for system in [System::Python, System::Npm] {
        let mut of = known
            .imports
            .iter()
            .filter(|(_, import)| import.system == system)
            .peekable();
        if of.peek().is_none() {
            continue;
        }
        let manifests = known
            .files
            .iter()
            .any(|file| file.packages.system == system && !file.packages.is_lock);
        if !manifests {
            let why = format!(
                "no manifest of {} declares what is needed: whether imports are declared is not checked",
                system.ecosystem()
            );
            joined.gaps.push(Gap::of_all(GapKind::NotChecked, why));
            continue;
        }
        let names = Names::of(known, project, system);
        let mut said = BTreeSet::new();
        for (path, import) in of {
            if names.has(&import.name) || !said.insert(&import.name) {
                continue;
            }
            joined.findings.push(told(&names, path, import));
        }
    }
}

/// A package that everybody knows is there: it is only not declared, which
/// tools that a project runs, and what its packages bring along, often are not.
fn told(names: &Names, path: &str, import: &Import) -> Finding {
    let what = format!(
        "`{}` is imported, and is neither part of the language, nor of this project, nor declared.",
        import.name
    );
    if names.is_famous(&import.name) {
        let message =
            format!("{what} It is a well-known package; which version is taken is chance.");
        return Finding {
            severity: Severity::Low,
            confidence: Confidence::C,
            ..finding("phantom-import", path, import.line, message)
        };
    }
    let message = format!("{what} If nobody has published a package of that name, anybody can.");
    finding("phantom-import", path, import.line, message)
}

/// Everything that may be imported.
struct Names {
    system: System,
    standard: BTreeSet<&'static str>,
    own: BTreeSet<String>,
    declared: BTreeSet<String>,
    aliases: Vec<String>,
}

impl Names {
    fn of(known: &Known, project: &Project<'_>, system: System) -> Self {
        let standard = words(if system == System::Python {
            lists::PYTHON
        } else {
            lists::NODE
        });
        let mut own: BTreeSet<String> = known
            .files
            .iter()
            .filter_map(|file| file.packages.own.clone())
            .collect();
        if system == System::Python {
            for path in project.paths {
                let mut parts = path.split('/').peekable();
                while let Some(part) = parts.next() {
                    let stem = if parts.peek().is_some() {
                        Some(part)
                    } else {
                        part.strip_suffix(".py").or_else(|| {
                            part.split_once('.')
                                .filter(|(_, rest)| {
                                    rest.ends_with("so") || *rest == "pyx" || *rest == "pyi"
                                })
                                .map(|(stem, _)| stem)
                        })
                    };
                    own.extend(stem.map(str::to_owned));
                }
            }
        }
        let aliases = known
            .files
            .iter()
            .flat_map(|file| file.packages.aliases.clone())
            .collect();
        let beside = known.beside.iter().filter(|each| each.system == system);
        let mut declared = known.names(system);
        declared.extend(
            beside
                .flat_map(|each| &each.declared)
                .map(|each| system.plain(&each.name)),
        );
        Self {
            system,
            standard,
            own,
            declared,
            aliases,
        }
    }

    fn has(&self, name: &str) -> bool {
        if self.standard.contains(name)
            || self.own.contains(name)
            || self.own.contains(&name.replace('_', "-"))
        {
            return true;
        }
        if self.declared.contains(&self.system.plain(name)) {
            return true;
        }
        if self.system == System::Python {
            return self.has_python(name);
        }
        // Types are declared for what the platform brings.
        let typed = format!("@types/{}", name.trim_start_matches('@').replace('/', "__"));
        let is_alias = |alias: &String| name.starts_with(alias.as_str());
        self.declared.contains(&typed) || self.aliases.iter().any(is_alias)
    }

    fn is_famous(&self, name: &str) -> bool {
        let plain = self.system.plain(name);
        match self.system {
            System::Python => {
                lists::IMPORTED_AS.iter().any(|(import, _)| *import == name)
                    || words(lists::FAMOUS_PYTHON).contains(plain.as_str())
            }
            _ => words(lists::FAMOUS_NPM).contains(plain.as_str()),
        }
    }

    fn has_python(&self, name: &str) -> bool {
        let brought = lists::IMPORTED_AS
            .iter()
            .find(|(import, _)| *import == name);
        if let Some((_, packages)) = brought {
            return packages
                .split(' ')
                .any(|package| self.declared.contains(package));
        }
        // `import foo` of `python-foo`, `foo-python`, `django-foo`, `py-foo`.
        let plain = self.system.plain(name);
        self.declared.iter().any(|declared| {
            declared.split('-').any(|part| part == plain)
                || declared.replace('-', "") == plain.replace('-', "")
                || declared.strip_prefix("py") == Some(&plain)
                || declared.starts_with(&format!("{plain}-"))
        })
    }
}

/// What is declared and not in the lock file beside or above.
pub(super) fn unlocked(known: &Known, joined: &mut Joined) {
    for manifest in known.files.iter().filter(|file| !file.packages.is_lock) {
        let system = manifest.packages.system;
        let lock = known
            .files
            .iter()
            .filter(|file| {
                file.packages.is_lock
                    && file.packages.aliases.is_empty()
                    && file.packages.system == system
                    && covers(file.directory(), manifest.directory(), system)
            })
            .max_by_key(|file| file.directory().len());
        let Some(lock) = lock else {
            continue;
        };
        let locked: BTreeSet<String> = lock
            .packages
            .locked
            .iter()
            .map(|each| system.plain(&each.name))
            .collect();
        for declared in manifest
            .packages
            .declared
            .iter()
            .filter(|declared| !declared.is_local)
        {
            if !locked.contains(&system.plain(&declared.name)) {
                let message = format!(
                    "`{}` is declared and not in `{}`: what is installed is decided anew each time.",
                    declared.name, lock.path
                );
                joined.findings.push(Finding {
                    severity: Severity::Medium,
                    confidence: Confidence::A,
                    ..finding("unlocked-package", &manifest.path, declared.line, message)
                });
            }
        }
    }
}

/// Whether a lock file of one directory is that of another's manifest.
/// Workspaces of Cargo have one above; others have theirs beside.
fn covers(lock: &str, manifest: &str, system: System) -> bool {
    lock == manifest
        || (system == System::Cargo
            && (lock.is_empty() || manifest.starts_with(&format!("{lock}/"))))
}
