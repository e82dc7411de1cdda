//! What a profile of the user's own says of paths, where the session stands.

use std::path::{Path, PathBuf};

use dam_policy::{Access, Place, Places, Profile};

use super::{Ground, Unfit};
use crate::ConfigError;
use crate::error::Problem;
use crate::permissions::{Said, Shape};
use crate::places::settled;

impl Ground {
    /// Adds what was said to the profile: as it is written, and where that
    /// leads, because rules are asked about where paths really lead.
    pub(super) fn fit(
        &self,
        shape: &mut Shape,
        places: &Places,
        notices: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        for said in &shape.said {
            match (&said.named.glob, said.access) {
                (Some(_), _) => fit_glob(said, places, &mut shape.profile),
                (None, Access::Deny) => fit_denial(said, places, &mut shape.profile),
                (None, Access::Read) => self.fit_reading(said, places, &mut shape.profile)?,
                (None, Access::Write) => {
                    self.fit_writing(said, places, &mut shape.profile, notices)?;
                }
            }
        }
        Ok(())
    }

    fn fit_reading(
        &self,
        said: &Said,
        places: &Places,
        profile: &mut Profile,
    ) -> Result<(), ConfigError> {
        let paths = said.named.place.paths(places);
        if let Some(path) = paths
            .iter()
            .find(|path| settled(path).starts_with(&self.state))
        {
            let text = format!(
                "{} belongs to Cofferdam itself, and cannot be read",
                path.display()
            );
            return Err(said.spot.wrong(text));
        }
        add(profile, said, said.named.place.clone());
        // Only where nobody else can have put the link.
        if matches!(said.named.place, Place::Home(_) | Place::Absolute(_)) {
            add_targets(profile, said, &paths);
        }
        Ok(())
    }

    fn fit_writing(
        &self,
        said: &Said,
        places: &Places,
        profile: &mut Profile,
        notices: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        let place = &said.named.place;
        match place {
            Place::Minimal => {
                let text = "`:minimal` is what programs need to run, and cannot be writable";
                return Err(said.spot.wrong(text));
            }
            Place::WorkspaceRoots | Place::Tmpdir | Place::SlashTmp => {
                add(profile, said, place.clone());
                return Ok(());
            }
            Place::Root | Place::Home(_) | Place::Absolute(_) | Place::Below(..) => {}
        }
        let paths = place.paths(places);
        for path in paths.iter().filter(|path| path.exists()) {
            let target = settled(path);
            self.check_target(said, path, &target, places)?;
            add(profile, said, Place::Absolute(target));
        }
        if let Some(missing) = paths
            .first()
            .filter(|_| !paths.iter().any(|path| path.exists()))
        {
            notices.push(format!(
                "{} is not writable in this session: it does not exist ({})",
                missing.display(),
                said.spot.origin
            ));
        }
        Ok(())
    }

    fn check_target(
        &self,
        said: &Said,
        path: &Path,
        target: &Path,
        places: &Places,
    ) -> Result<(), ConfigError> {
        if let Place::Below(place, _) = &said.named.place {
            let mut roots = place.paths(places).into_iter();
            let around = roots.find(|root| path.starts_with(root));
            if around.is_some_and(|root| !target.starts_with(settled(&root))) {
                let text = format!(
                    "{} leads out of its place, to {}",
                    path.display(),
                    target.display()
                );
                let hint = "name where it leads by its own path, if that is meant";
                return Err(said.spot.wrong(Problem::new(text).hint(hint)));
            }
        }
        match self.unfit(target)? {
            None => Ok(()),
            Some(unfit) => Err(said.spot.wrong(format!(
                "{} cannot be writable: {}",
                target.display(),
                unfit.why()
            ))),
        }
    }

    /// As a profile narrowed that would write where the session is and must
    /// not: it only reads. What was typed for this session is not narrowed.
    pub(super) fn narrow(
        &self,
        shape: &mut Shape,
        is_typed: bool,
        notices: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        let unfit = match self.unfit(&self.cwd)? {
            None => return Ok(()),
            Some(Unfit::Home) if is_typed => {
                notices.push(format!(
                    "everything in {} is writable, because it is the working directory; work in a project instead",
                    self.cwd.display()
                ));
                return Ok(());
            }
            Some(Unfit::Never(why)) if is_typed => {
                let path = self.cwd.clone();
                return Err(ConfigError::Unfit { path, why });
            }
            Some(unfit) => unfit,
        };
        notices.push(format!(
            "this session is read-only, because of where it is: {}: {}; work in a project",
            self.cwd.display(),
            unfit.why()
        ));
        let files = shape.profile.files.iter_mut().map(|(_, access, _)| access);
        for access in files.chain(shape.said.iter_mut().map(|said| &mut said.access)) {
            if *access == Access::Write {
                *access = Access::Read;
            }
        }
        Ok(())
    }
}

fn fit_denial(said: &Said, places: &Places, profile: &mut Profile) {
    add(profile, said, said.named.place.clone());
    add_targets(profile, said, &said.named.place.paths(places));
}

fn fit_glob(said: &Said, places: &Places, profile: &mut Profile) {
    let Some(glob) = &said.named.glob else { return };
    let place = &said.named.place;
    let paths = place.paths(places).into_iter();
    let targets = paths.filter_map(|path| Some(settled(&path)).filter(|target| *target != path));
    let bases = std::iter::once(place.clone()).chain(targets.map(Place::Absolute));
    let origin = &said.spot.origin;
    profile
        .globs
        .extend(bases.map(|base| (base, glob.clone(), origin.clone())));
}

fn add(profile: &mut Profile, said: &Said, place: Place) {
    profile
        .files
        .push((place, said.access, said.spot.origin.clone()));
}

fn add_targets(profile: &mut Profile, said: &Said, paths: &[PathBuf]) {
    for path in paths {
        let target = settled(path);
        if target != *path {
            add(profile, said, Place::Absolute(target));
        }
    }
}
